// See risk_service.h.
#include "services/risk/risk_service.h"

#include "platform/broker/cloud_event.h"
#include "services/risk/api/wallet_event.h"

namespace ducat::risk {
namespace {

AlertOutcome outcome_of(RiskSubmission& submission) {
  return {submission.operation.verdict, std::move(submission.operation.answer), submission.operation.refusal};
}

Result<std::optional<WalletMovement>> read_movement(const broker::Message& message) {
  thread_local broker::CloudEventReader reader;  // making its parsers costs more than reading a message
  DUCAT_ASSIGN(broker::CloudEvent event, reader.read(message.body));
  return read_wallet_event(event.data);
}

}  // namespace

Task<Status> RiskService::handle(const broker::Message& message, Executor& home) {
  auto movement = read_movement(message);
  if (!movement) co_return propagate(movement);
  if (!*movement) co_return Status();
  const std::string key = "in/" + group_ + "/" + message.id;
  RiskSubmission submission(home);
  submission.operation.key = key;
  submission.operation.command = ReportMovement{(*movement)->view()};
  co_await engine_.submit(submission);
  if (submission.operation.verdict == kernel::Verdict::kUnavailable) {
    co_return fail(Errc::kUnavailable, "the movement cannot be recorded now");
  }
  co_return Status();
}

Task<AlertOutcome> RiskService::read(Uuid alert_id, Executor& home) {
  RiskSubmission submission(home);
  submission.read_only = true;
  submission.operation.command = ReadAlert{position_of(alert_id)};
  co_await engine_.submit(submission);
  AlertOutcome outcome = outcome_of(submission);
  // The position is there, but the id is another's: made up by the caller.
  if (outcome.verdict == kernel::Verdict::kAccepted && outcome.alert.alert.id != alert_id) {
    outcome.verdict = kernel::Verdict::kRefused;
    outcome.refusal = AlertRefusal::kNotFound;
  }
  co_return outcome;
}

Task<AlertOutcome> RiskService::change(ChangeRequest request, Executor& home) {
  AlertOutcome known = co_await read(request.alert_id, home);
  if (known.verdict != kernel::Verdict::kAccepted) co_return known;
  RiskSubmission submission(home);
  submission.operation.key = request.key;
  submission.operation.fingerprint = request.fingerprint;
  submission.operation.command =
      ChangeAlert{position_of(request.alert_id), request.wanted, request.note, request.user_id};
  co_await engine_.submit(submission);
  co_return outcome_of(submission);
}

Task<Result<std::vector<StoredAlert>>> RiskService::list(AlertFilter filter, Executor& home) {
  kernel::RecordNumber newest = co_await engine_.latest(home);
  if (newest == 0) co_return fail(Errc::kUnavailable, "alerts cannot be read now");
  Status reached = co_await engine_.wait_written(newest, home);
  if (!reached) co_return propagate(reached);
  auto read = [&filter](storage::Connection& connection) { return find_alerts(connection, filter); };
  co_return co_await readers_.read<std::vector<StoredAlert>>(home, read);
}

}  // namespace ducat::risk
