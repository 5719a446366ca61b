// Double entry: every movement of a balance has two legs, and an event's legs sum to zero in its currency.
//
// The contra account of a deposit, a withdrawal and a captured hold is the world, which may be negative
// without end. The legs of a transfer stand against transit: within a shard the sender's leg and the
// receiver's cancel there in the same commit; between shards transit is what one side has booked and the
// other not yet, and is zero once every transfer has ended. A hold is no movement: the money has not left.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "services/wallet/domain/events.h"

namespace ducat::wallet {

enum class AccountKind : uint8_t { kWallet = 0, kWorld = 1, kTransit = 2 };

// One side of a movement: `amount` in minor units, positive into the account.
struct Leg {
  AccountKind account = AccountKind::kWallet;
  Currency currency = Currency::kNone;
  int64_t amount = 0;
  bool operator==(const Leg&) const = default;
};

// The movement an event makes: the wallet's leg first. Nothing for an event that leaves the balance alone.
struct Movement {
  Leg wallet;
  Leg contra;
  bool operator==(const Movement&) const = default;
};
std::optional<Movement> legs(const Event& event);

}  // namespace ducat::wallet
