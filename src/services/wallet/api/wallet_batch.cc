// The batch route: many operations in, one result each out.
#include <algorithm>

#include "platform/http/status.h"
#include "services/wallet/api/wallet_api.h"

namespace ducat::wallet {
namespace {

// An error of one operation, with its place in the batch.
std::unexpected<rpc::ApiError> at_operation(int index, rpc::ApiError error) {
  std::string place = "operations." + std::to_string(index) + ".";
  for (rpc::Violation& violation : error.violations) {
    violation.path = place + violation.path;
    violation.message = place + violation.message;
  }
  return std::unexpected(std::move(error));
}

std::expected<WalletRequest, rpc::ApiError> read_operation(const v1::BatchOperation& operation,
                                                           const rpc::CallContext& call) {
  WalletRequest request;
  request.wallet_id = operation.wallet_id();
  request.request_id = operation.idempotency_key();
  const std::string& type = operation.type();
  request.key = scoped_key(call.caller, type, operation.idempotency_key());

  std::optional<Decimal> amount;
  if (operation.has_amount()) {
    auto read = read_amount(operation.amount(), "amount");
    if (!read) return std::unexpected(std::move(read.error()));
    amount = *read;
  }
  HoldId hold;
  if (auto id = Uuid::parse(operation.hold_id())) hold.uuid = *id;
  // The same prints as those of the single routes, since a key means the same there.
  Fingerprint print(type);
  print.add(operation.wallet_id());
  if (type == "deposit") {
    auto currency = read_currency(operation.has_currency(), operation.currency());
    if (!currency) return std::unexpected(std::move(currency.error()));
    print.add(*amount).add(operation.currency());
    request.command = Deposit{operation.wallet_id(), *amount, *currency};
  } else if (type == "withdraw") {
    print.add(*amount);
    request.command = Withdraw{*amount};
  } else if (type == "transfer") {
    print.add(operation.to_wallet_id()).add(*amount);
    request.command = Transfer{operation.wallet_id(), operation.to_wallet_id(), *amount};
  } else if (type == "hold") {
    std::optional<Timestamp> expires_at;
    if (operation.has_expires_at()) expires_at = Timestamp{operation.expires_at()};
    print.add(*amount).add(operation.expires_at());
    request.command = PlaceHold{*amount, expires_at};
  } else if (type == "capture") {
    print.add(operation.hold_id());
    if (amount) print.add(*amount);
    request.command = CaptureHold{hold, amount};
  } else {
    print.add(operation.hold_id());
    request.command = VoidHold{hold};
  }
  request.fingerprint = print.value();
  return request;
}

void write_success(v1::BatchResult& result, const v1::BatchOperation& operation, const Answer& answer) {
  const Wallet& state = answer.wallet.state;
  if (operation.type() == "transfer") {
    result.set_saga_id(answer.saga.uuid.to_string());
    result.set_state("COMPLETED");
    result.set_from_wallet_id(operation.wallet_id());
    result.set_to_wallet_id(operation.to_wallet_id());
    result.set_amount(operation.amount());
    return;
  }
  result.set_wallet_id(operation.wallet_id());
  if (answer.hold_id.none()) {
    result.set_balance(amount_text(state.balance, state.currency));
    return;
  }
  v1::Hold hold;
  fill(hold, operation.wallet_id(), answer.hold_id, answer.hold, state.currency);
  result.set_hold_id(hold.hold_id());
  result.set_amount(hold.amount());
  result.set_captured(hold.captured());
  result.set_state(hold.state());
  result.set_expires_at(hold.has_expires_at() ? "\"" + to_iso8601({hold.expires_at()}) + "\"" : "null");
  result.set_created_at(hold.created_at());
}

void write_error(v1::BatchResult& result, const rpc::ApiError& error, std::string_view target,
                 Timestamp now) {
  result.set_status_code(error.status);
  result.set_error(std::string(http::reason_phrase(error.status)));
  result.set_type(rpc::type_of(error));
  rpc::append_plain_message(*result.mutable_message(), error);
  result.set_detail(rpc::detail_of(error));
  result.set_timestamp(now.micros);
  result.set_path(rpc::target_text(target));
}

}  // namespace

std::expected<std::vector<WalletRequest>, rpc::ApiError> read_batch(const v1::BatchRequest& request,
                                                                    const rpc::CallContext& call) {
  std::vector<WalletRequest> requests;
  requests.reserve(static_cast<size_t>(request.operations_size()));
  for (int i = 0; i < request.operations_size(); ++i) {
    auto read = read_operation(request.operations(i), call);
    if (!read) return at_operation(i, std::move(read.error()));
    requests.push_back(std::move(*read));
  }
  return requests;
}

rpc::Reply<v1::BatchReply> write_batch(const v1::BatchRequest& request,
                                       const std::vector<WalletOutcome>& outcomes, std::string_view target,
                                       Timestamp now) {
  // An overloaded or failing engine refuses a batch as a whole: that is the request's answer, not each
  // element's.
  bool unavailable = std::all_of(outcomes.begin(), outcomes.end(), [](const WalletOutcome& outcome) {
    return outcome.verdict == kernel::Verdict::kUnavailable && !outcome.still_running;
  });
  if (unavailable) return std::unexpected(error_of(outcomes.front(), {}, {}));
  v1::BatchReply reply;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const WalletOutcome& outcome = outcomes[i];
    const v1::BatchOperation& operation = request.operations(static_cast<int>(i));
    if (request.atomic() && outcome.verdict == kernel::Verdict::kSkipped) continue;
    if (!accepted(outcome)) {
      rpc::ApiError error = error_of(outcome, operation.wallet_id(), operation.to_wallet_id());
      if (request.atomic()) {
        error.members.emplace_back("index", std::to_string(i));
        return std::unexpected(std::move(error));
      }
      write_error(*reply.add_results(), error, target, now);
      continue;
    }
    v1::BatchResult& result = *reply.add_results();
    write_success(result, operation, outcome.answer);
    result.set_status_code(200);
    if (outcome.verdict == kernel::Verdict::kReplayed) result.set_replayed(true);
  }
  return reply;
}

}  // namespace ducat::wallet
