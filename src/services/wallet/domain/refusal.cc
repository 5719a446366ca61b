#include "services/wallet/domain/refusal.h"

namespace ducat::wallet {
namespace {

std::string fixed(int64_t minor, Currency currency) {
  std::string out;
  append_fixed(out, minor, currency);
  return out;
}

std::string with_code(int64_t minor, Currency currency) {
  return fixed(minor, currency) + " " + std::string(code_of(currency));
}

// The kinds of 400: what is wrong with the request whatever the wallet's state.
RenderedRefusal render_invalid(const Refusal& refusal) {
  std::string field(refusal.field);
  RenderedRefusal out{.status = 400, .type = "ValidationError", .is_validation = true};
  switch (refusal.kind) {
    case RefusalKind::kAmountNotPositive:
      out.message = field + " must be a positive number";
      break;
    case RefusalKind::kLimitNegative:
      out.message = field + " must not be less than 0";
      break;
    case RefusalKind::kExpiryInPast:
      out.message = field + " must be in the future";
      break;
    case RefusalKind::kSameWallet:
      out.message = "Cannot transfer to the same wallet";
      out.type = "SameWalletError";
      out.is_validation = false;
      break;
    default:
      out.message = field + " must be a number conforming to the specified constraints";
      break;
  }
  out.detail = out.message;
  return out;
}

// The kinds of 404 and 409.
RenderedRefusal render_conflict(const Refusal& refusal, const std::string& wallet) {
  std::string hold = refusal.hold.uuid.to_string();
  switch (refusal.kind) {
    case RefusalKind::kHoldNotFound:
      return {404, "HoldNotFoundError", "Hold " + hold + " not found",
              "Wallet " + wallet + " has no hold " + hold + "."};
    case RefusalKind::kHoldNotActive: {
      std::string state(to_string(refusal.hold_state));
      return {409, "HoldNotActiveError", "Hold is not active. Current state: " + state,
              "Only a hold that is HELD can be captured or voided; " + hold + " is " + state + "."};
    }
    case RefusalKind::kWalletNotEmpty: {
      std::string holds = refusal.open_holds == 0 ? "" : ", holds=" + std::to_string(refusal.open_holds);
      return {409, "WalletNotEmptyError",
              "Wallet is not empty: balance=" + fixed(refusal.available, refusal.currency) + holds,
              "Wallet " + wallet + " can be closed when its balance is zero and it has no holds."};
    }
    default:
      return {404, "WalletNotFoundError", "Wallet " + wallet + " not found",
              "There is no wallet " + wallet + "."};
  }
}

// The kinds of 422.
RenderedRefusal render_rule(const Refusal& refusal, const std::string& wallet) {
  std::string requested = fixed(refusal.requested, refusal.currency);
  std::string limit = fixed(refusal.limit, refusal.currency);
  switch (refusal.kind) {
    case RefusalKind::kWalletNotActive: {
      std::string status(to_string(refusal.status));
      return {422, "WalletNotActiveError", "Wallet is not active. Current status: " + status,
              "Wallet " + wallet + " is " + status + "."};
    }
    case RefusalKind::kDailyLimit:
      return {422, "WithdrawalLimitExceededError",
              "Withdrawal limit exceeded: requested=" + requested + ", daily limit=" + limit,
              "With " + with_code(refusal.requested, refusal.currency) + " wallet " + wallet +
                  " would spend more than its daily limit of " + with_code(refusal.limit, refusal.currency) +
                  "."};
    case RefusalKind::kInsufficientFunds:
      return {422, "InsufficientFundsError",
              "Insufficient funds: balance=" + fixed(refusal.available, refusal.currency) +
                  ", requested=" + requested,
              "Wallet " + wallet + " has " + with_code(refusal.available, refusal.currency) + " available; " +
                  with_code(refusal.requested, refusal.currency) + " was requested."};
    case RefusalKind::kCurrencyMismatch: {
      std::string own(code_of(refusal.currency));
      std::string other(code_of(refusal.requested_currency));
      return {422, "CurrencyMismatchError", "Currency mismatch: wallet=" + own + ", requested=" + other,
              "Wallet " + wallet + " is kept in " + own + "; Ducat does not convert " + other + "."};
    }
    case RefusalKind::kCaptureTooLarge:
      return {422, "CaptureExceedsHoldError",
              "Capture exceeds the hold: requested=" + requested + ", held=" + limit,
              "No more than what is held can be captured."};
    default:
      return {422, "BalanceLimitError",
              "Balance limit exceeded: balance=" + fixed(refusal.available, refusal.currency) +
                  ", requested=" + requested,
              "With " + with_code(refusal.requested, refusal.currency) + " wallet " + wallet +
                  " would count more than a balance or a day's spending can hold."};
  }
}

}  // namespace

RenderedRefusal render(const Refusal& refusal, std::string_view wallet_id, std::string_view receiver_id) {
  std::string wallet(refusal.party == 0 ? wallet_id : receiver_id);
  switch (refusal.kind) {
    case RefusalKind::kAmountNotPositive:
    case RefusalKind::kAmountTooPrecise:
    case RefusalKind::kLimitNegative:
    case RefusalKind::kExpiryInPast:
    case RefusalKind::kSameWallet:
      return render_invalid(refusal);
    case RefusalKind::kWalletNotFound:
    case RefusalKind::kHoldNotFound:
    case RefusalKind::kHoldNotActive:
    case RefusalKind::kWalletNotEmpty:
      return render_conflict(refusal, wallet);
    case RefusalKind::kWalletNotActive:
    case RefusalKind::kDailyLimit:
    case RefusalKind::kInsufficientFunds:
    case RefusalKind::kCurrencyMismatch:
    case RefusalKind::kBalanceLimit:
    case RefusalKind::kCaptureTooLarge:
      return render_rule(refusal, wallet);
  }
  return {};
}

}  // namespace ducat::wallet
