// See risk_model.h.
#include "services/risk/risk_model.h"

#include <algorithm>

namespace ducat::risk {

Status RiskModel::open(storage::Database& tables) {
  DUCAT_ASSIGN(auto writer, tables.connect(storage::Access::kWriter));
  DUCAT_TRY(migrate_risk_tables(*writer));
  DUCAT_ASSIGN(connection_, tables.connect(storage::Access::kReader));
  return {};
}

Status RiskModel::load(std::span<kernel::Submission* const> batch) {
  for (kernel::Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i)
      DUCAT_TRY(load(static_cast<const RiskOperation&>(submission->at(i))));
  }
  return {};
}

Status RiskModel::load(const RiskOperation& operation) {
  if (const auto* report = std::get_if<ReportMovement>(&operation.command))
    return load_wallet(report->movement.wallet_id);
  if (const auto* change = std::get_if<ChangeAlert>(&operation.command)) return load_alert(change->alert);
  return load_alert(std::get<ReadAlert>(operation.command).alert);
}

Status RiskModel::load_wallet(std::string_view wallet_id) {
  Wallet* known = wallets_.find(wallet_id);
  if (known == nullptr) {
    DUCAT_ASSIGN(std::optional<History> history, find_history(*connection_, wallet_id));
    Wallet wallet{history ? std::move(*history) : History{}, {}};
    DUCAT_ASSIGN(std::vector<StoredAlert> pending, pending_alerts(*connection_, wallet_id));
    for (StoredAlert& stored : pending) {
      // In memory it may have been closed already, or opened after the row was written.
      if (alerts_.find(stored.no) == nullptr) alerts_.add(stored.no, std::move(stored.alert));
      wallet.pending.push_back(stored.no);
    }
    known = &wallets_.add(std::string(wallet_id), std::move(wallet));
  }
  for (kernel::Position no : known->pending) DUCAT_TRY(load_alert(no));
  return {};
}

// An alert comes with its wallet, which knows what is pending.
Status RiskModel::load_alert(kernel::Position no) {
  Alert* alert = alerts_.find(no);
  if (alert == nullptr) {
    DUCAT_ASSIGN(std::optional<StoredAlert> stored, find_alert(*connection_, no));
    if (!stored) return {};
    alert = &alerts_.add(no, std::move(stored->alert));
  }
  return wallets_.find(alert->wallet_id) == nullptr ? load_wallet(std::string(alert->wallet_id)) : Status();
}

bool RiskModel::decide(kernel::Operation& base, kernel::DecideContext& context) {
  auto& operation = static_cast<RiskOperation&>(base);
  if (const auto* reported = std::get_if<ReportMovement>(&operation.command)) {
    return report(reported->movement, context);
  }
  if (const auto* wanted = std::get_if<ChangeAlert>(&operation.command))
    return change(operation, *wanted, context);
  kernel::Position no = std::get<ReadAlert>(operation.command).alert;
  const Alert* alert = alerts_.find(no);
  operation.refusal = alert == nullptr ? AlertRefusal::kNotFound : AlertRefusal::kNone;
  if (alert != nullptr) operation.answer = {no, *alert};
  return alert != nullptr;
}

bool RiskModel::report(const Movement& movement, kernel::DecideContext& context) {
  const Wallet& wallet = *wallets_.find(movement.wallet_id);
  std::vector<std::string_view> pending;
  for (kernel::Position no : wallet.pending) {
    if (const Alert* alert = alerts_.find(no); alert->status != AlertStatus::kClosed)
      pending.push_back(alert->rule);
  }
  Moved moved{std::string(movement.wallet_id), remembered(movement), rules_.memory()};
  context.record.event(0, encode(moved));
  Receiver receiver = evolve(moved);
  for (const Opened& opened : judge(rules_, wallet.history, movement, receiver, pending)) {
    record(
        AlertOpened{std::string(movement.wallet_id), std::string(opened.rule), opened.details, opened.shadow},
        context);
  }
  return true;
}

bool RiskModel::change(RiskOperation& operation, const ChangeAlert& command, kernel::DecideContext& context) {
  const Alert* alert = alerts_.find(command.alert);
  operation.refusal = judge_change(alert);
  if (operation.refusal != AlertRefusal::kNone) return false;
  record(AlertChanged{command.alert, command.wanted, std::string(command.note), std::string(command.user_id)},
         context);
  operation.answer = {command.alert, *alert};
  return true;
}

kernel::Position RiskModel::record(const Event& event, kernel::DecideContext& context) {
  kernel::Position position = context.record.next_position();
  context.record.event(0, encode(event));
  evolve(position, context.now, event);
  return position;
}

void RiskModel::evolve(kernel::Position position, Timestamp at, const Event& event) {
  if (const auto* moved = std::get_if<Moved>(&event)) evolve(*moved);
  if (const auto* opened = std::get_if<AlertOpened>(&event)) evolve(position, at, *opened);
  if (const auto* changed = std::get_if<AlertChanged>(&event)) evolve(at, *changed);
}

Receiver RiskModel::evolve(const Moved& event) {
  return risk::evolve(wallets_.touch(event.wallet_id).history, event.movement, event.memory);
}

void RiskModel::evolve(kernel::Position position, Timestamp at, const AlertOpened& event) {
  alerts_.add(position, {.id = make_alert_id(at, position),
                         .wallet_id = event.wallet_id,
                         .rule = event.rule,
                         .details = event.details,
                         .shadow = event.shadow,
                         .note = {},
                         .created_at = at,
                         .updated_at = at});
  alerts_.touch(position);
  wallets_.touch(event.wallet_id).pending.push_back(position);
}

void RiskModel::evolve(Timestamp at, const AlertChanged& event) {
  Alert& alert = alerts_.touch(event.alert);
  alert.status = event.status;
  if (!event.note.empty()) alert.note = event.note;
  alert.updated_at = at;
  if (event.status == AlertStatus::kClosed) std::erase(wallets_.touch(alert.wallet_id).pending, event.alert);
}

std::unique_ptr<kernel::Changes> RiskModel::take_changes(kernel::RecordNumber record) {
  if (!wallets_.any_touched() && !alerts_.any_touched()) return nullptr;
  auto changes = std::make_unique<RiskChanges>();
  wallets_.take_touched(record, [&](const std::string& wallet_id, const Wallet& wallet) {
    changes->wallets.push_back({wallet_id, encode_history(wallet.history)});
  });
  alerts_.take_touched(record, [&](kernel::Position no, const Alert& alert) {
    changes->alerts.push_back({no, alert});
  });
  return changes;
}

void RiskModel::written(kernel::RecordNumber record) {
  wallets_.written(record);
  alerts_.written(record);
}

Status RiskModel::forget() {
  wallets_.clear();
  alerts_.clear();
  return {};
}

Status RiskModel::replay(kernel::Position position, uint64_t, std::string_view body, Timestamp at) {
  DUCAT_ASSIGN(Event event, decode(body));
  if (const auto* moved = std::get_if<Moved>(&event)) DUCAT_TRY(load_wallet(moved->wallet_id));
  if (const auto* opened = std::get_if<AlertOpened>(&event)) DUCAT_TRY(load_wallet(opened->wallet_id));
  if (const auto* changed = std::get_if<AlertChanged>(&event)) {
    DUCAT_TRY(load_alert(changed->alert));
    if (alerts_.find(changed->alert) == nullptr) return fail(Errc::kCorrupt, "an event belongs to no alert");
  }
  evolve(position, at, event);
  return {};
}

Status RiskModel::write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) {
  return write_risk_changes(connection, changes);
}

void RiskModel::encode_answer(const kernel::Operation& operation, std::string& out) const {
  out = encode_alert(static_cast<const RiskOperation&>(operation).answer);
}

Status RiskModel::decode_answer(std::string_view stored, kernel::Operation& operation) const {
  // A movement's key has an alert without content.
  auto& risk = static_cast<RiskOperation&>(operation);
  if (std::holds_alternative<ReportMovement>(risk.command)) return {};
  DUCAT_ASSIGN(risk.answer, decode_alert(stored));
  return {};
}

}  // namespace ducat::risk
