// See types.h.
#include "services/transactions/domain/types.h"

#include <array>

#include "base/check.h"

namespace ducat::transactions {
namespace {

struct Name {
  TransactionStatus status;
  std::string_view text;
};
constexpr std::array kNames = {
    Name{TransactionStatus::kPending, "PENDING"},     Name{TransactionStatus::kProcessing, "PROCESSING"},
    Name{TransactionStatus::kCompleted, "COMPLETED"}, Name{TransactionStatus::kFailed, "FAILED"},
    Name{TransactionStatus::kCancelled, "CANCELLED"}, Name{TransactionStatus::kRolledBack, "ROLLED_BACK"}};

constexpr std::array<std::string_view, 8> kOffered = {"USD", "EUR", "GBP", "JPY", "CAD", "AUD", "CHF", "CNY"};

// What a minor unit is in hundredths: 1 where the currency has cents, 100 where it has none.
int64_t hundredths_per_minor(Currency currency) {
  DUCAT_CHECK(is_offered(currency), "a transaction is in an offered currency");
  return exponent_of(currency) == 0 ? 100 : 1;
}

}  // namespace

std::string_view to_string(TransactionStatus status) {
  for (const Name& name : kNames) {
    if (name.status == status) return name.text;
  }
  return "";
}

std::optional<TransactionStatus> parse_status(std::string_view text) {
  for (const Name& name : kNames) {
    if (name.text == text) return name.status;
  }
  return std::nullopt;
}

bool may_move(TransactionStatus from, TransactionStatus to) {
  using enum TransactionStatus;
  if (from == to) return true;
  if (from == kPending) return to == kProcessing || to == kCompleted || to == kFailed || to == kCancelled;
  return from == kProcessing && (to == kCompleted || to == kFailed);
}

bool is_offered(Currency currency) {
  std::string_view code = code_of(currency);
  for (std::string_view offered : kOffered) {
    if (offered == code) return true;
  }
  return false;
}

int64_t hundredths_of(Money amount) {
  return amount.minor * hundredths_per_minor(amount.currency);
}

Money money_of(int64_t hundredths, Currency currency) {
  return {hundredths / hundredths_per_minor(currency), currency};
}

}  // namespace ducat::transactions
