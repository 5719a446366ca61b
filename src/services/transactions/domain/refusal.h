// Why a command was refused: a business answer, not an error. render() makes the texts of the public
// contract when somebody has to read them.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "services/transactions/domain/types.h"

namespace ducat::transactions {

enum class RefusalKind : uint8_t {
  kAmountTooSmall,    // 400
  kAmountTooPrecise,  //   (or beyond what can be held)
  kNotFound,          // 404
  kStaleVersion,      // 409
  kNotDeleted,
  kStatusMove,         // 422
  kKeyReused,          //   an open change has this key, with another payload
  kTooManyOpen,        // 503
  kTransactionIsBusy,  // an open change of this transaction must end first
  kKeyIsBusy,          // an open change of this key must end first
  kNoSuchChange,       // the change to decide on is not open (any more)
  kNotDue,             // a purge whose time has not come
};
inline constexpr RefusalKind kLastRefusalKind = RefusalKind::kNotDue;

struct Refusal {
  RefusalKind kind = RefusalKind::kNotFound;
  uint64_t version = 0;                                  // kStaleVersion: the newest
  TransactionStatus from = TransactionStatus::kPending;  // kStatusMove
  TransactionStatus to = TransactionStatus::kPending;    // kStatusMove
  CorrelationId open{};  // kTransactionIsBusy, kKeyIsBusy: what must end first

  bool operator==(const Refusal&) const = default;
};

struct RenderedRefusal {
  int status = 0;           // of HTTP
  std::string_view code{};  // of the envelope; empty: as the status says
  std::string message{};
  std::string_view field{};  // of a 400: the input field
};

RenderedRefusal render(const Refusal& refusal);

inline std::unexpected<Refusal> refuse(const Refusal& refusal) {
  return std::unexpected<Refusal>(refusal);
}

}  // namespace ducat::transactions
