// What is remembered of a wallet, for the rules to look at: its movements within the longest window of any
// rule, and the receivers it has ever sent to. Bounded, so that a busy wallet costs no more than a quiet one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"

namespace ducat::risk {

// Stored, so the numbers never change.
enum class MovementKind : uint8_t { kDeposit = 1, kWithdrawal = 2, kTransfer = 3 };

// Money that moved into or out of a wallet. Of a transfer the sender's side only.
struct Movement {
  std::string_view wallet_id;
  MovementKind kind = MovementKind::kDeposit;
  Timestamp at;
  Money amount;
  std::string_view receiver;  // of a transfer
};

// Money left the wallet by its owner's will: transfers count as withdrawals of their sender.
inline bool takes_out(MovementKind kind) {
  return kind != MovementKind::kDeposit;
}

inline constexpr uint32_t kMaxRecent = 256;
inline constexpr size_t kMaxReceivers = 128;

// A movement as it is remembered.
struct PastMovement {
  MovementKind kind = MovementKind::kDeposit;
  Timestamp at;
  uint64_t receiver = 0;  // hash of its id; 0: none
  bool operator==(const PastMovement&) const = default;
};

PastMovement remembered(const Movement& movement);

struct History {
  std::vector<PastMovement> recent;  // ascending by time, at most kMaxRecent: the newest
  std::vector<uint64_t> receivers;   // ascending, at most kMaxReceivers: beyond that all count as known
  bool operator==(const History&) const = default;
};

// Whether a wallet had sent to a transfer's receiver before it.
enum class Receiver : uint8_t { kNone, kKnown, kNew };

// What the rules need to be remembered: movements that are no older than `reach` before the newest, and of
// those the newest `most`.
struct Memory {
  Duration reach;
  uint32_t most = kMaxRecent;
};

// The history after the movement; what is beyond `memory` is forgotten. Movements may
// come in another order than they happened: the result is the same.
Receiver evolve(History& history, const PastMovement& movement, Memory memory);

}  // namespace ducat::risk
