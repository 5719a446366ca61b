// One method, one function: read the request, ask the service, write the answer.
#include "services/risk/api/risk_api.h"

#include "base/hash.h"

namespace ducat::risk {
namespace {

void fill(v1::Alert& out, const Alert& alert) {
  out.set_id(alert.id.to_string());
  out.set_wallet_id(alert.wallet_id);
  out.set_type(alert.rule);
  out.set_status(std::string(to_string(alert.status)));
  out.set_details(alert.details);
  out.set_shadow(alert.shadow);
  if (!alert.note.empty()) out.set_note(alert.note);
  out.set_created_at(alert.created_at.micros);
  out.set_updated_at(alert.updated_at.micros);
  if (alert.status == AlertStatus::kClosed) out.set_closed_at(alert.updated_at.micros);
}

rpc::ApiError error_of(const AlertOutcome& outcome, std::string_view id) {
  if (outcome.verdict == kernel::Verdict::kRefused) {
    if (outcome.refusal == AlertRefusal::kClosed) {
      return rpc::ApiError::refusal(409, "AlertClosedError", "Alert is closed");
    }
    return rpc::ApiError::refusal(404, "AlertNotFoundError", "Alert " + std::string(id) + " not found");
  }
  if (outcome.verdict == kernel::Verdict::kKeyReused) {
    return rpc::ApiError::refusal(422, "IdempotencyKeyReuseError",
                                  "The idempotency key was used before with a different request");
  }
  return rpc::ApiError::from({Errc::kUnavailable, "the alert cannot be read or changed now"});
}

bool accepted(const AlertOutcome& outcome) {
  return outcome.verdict == kernel::Verdict::kAccepted || outcome.verdict == kernel::Verdict::kReplayed;
}

}  // namespace

void RiskApi::bind(rpc::Registry& registry) {
  registry.bind<v1::ListAlertsRequest, v1::Alerts>(
      "ducat.risk.v1.RiskService.ListAlerts",
      [this](const v1::ListAlertsRequest& request, Call& call) { return list_alerts(request, call); });
  registry.bind<v1::GetAlertRequest, v1::Alert>(
      "ducat.risk.v1.RiskService.GetAlert",
      [this](const v1::GetAlertRequest& request, Call& call) { return get_alert(request, call); });
  for (auto [method, wanted] : {std::pair("InvestigateAlert", AlertStatus::kInvestigating),
                                std::pair("CloseAlert", AlertStatus::kClosed)}) {
    registry.bind<v1::ChangeAlertRequest, v1::Alert>(
        "ducat.risk.v1.RiskService." + std::string(method),
        [this, status = wanted](const v1::ChangeAlertRequest& request, Call& call) {
          return change(request, status, call);
        });
  }
}

RiskApi::Reply<v1::Alerts> RiskApi::list_alerts(const v1::ListAlertsRequest& request, Call& call) {
  AlertFilter filter;
  if (request.has_wallet_id()) filter.wallet_id = request.wallet_id();
  if (request.has_type()) filter.rule = request.type();
  if (request.has_status()) filter.status = parse_alert_status(request.status());
  filter.shadow = request.shadow();
  filter.limit = request.limit();
  filter.offset = request.offset();
  auto found = co_await service_().list(std::move(filter), *call.executor);
  if (!found) co_return std::unexpected(rpc::ApiError::from(found.error()));
  v1::Alerts reply;
  for (const StoredAlert& stored : *found) fill(*reply.add_alerts(), stored.alert);
  co_return reply;
}

RiskApi::Reply<v1::Alert> RiskApi::get_alert(const v1::GetAlertRequest& request, Call& call) {
  AlertOutcome outcome = co_await service_().read(*Uuid::parse(request.id()), *call.executor);
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, request.id()));
  v1::Alert reply;
  fill(reply, outcome.alert.alert);
  co_return reply;
}

RiskApi::Reply<v1::Alert> RiskApi::change(const v1::ChangeAlertRequest& request, AlertStatus wanted,
                                          Call& call) {
  ChangeRequest change;
  change.alert_id = *Uuid::parse(request.id());
  change.wanted = wanted;
  change.note = request.note();
  change.user_id = call.caller.id;
  if (!call.idempotency_key.empty()) {
    change.key = call.caller.id + "\x1f" + std::string(to_string(wanted)) + "\x1f" + call.idempotency_key;
    change.fingerprint = hash64(request.id() + "\x1f" + request.note());
  }
  AlertOutcome outcome = co_await service_().change(std::move(change), *call.executor);
  call.out.replayed = outcome.verdict == kernel::Verdict::kReplayed;
  if (!accepted(outcome)) co_return std::unexpected(error_of(outcome, request.id()));
  v1::Alert reply;
  fill(reply, outcome.alert.alert);
  co_return reply;
}

}  // namespace ducat::risk
