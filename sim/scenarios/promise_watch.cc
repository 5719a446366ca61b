#include "sim/scenarios/promise_watch.h"

#include "services/audit/store/event_codec.h"
#include "services/transactions/store/event_codec.h"

namespace ducat::sim {

using transactions::TransactionRef;

namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

std::string text_of(const transactions::CorrelationId& id) {
  return id.uuid.to_string();
}

}  // namespace

struct PromiseWatch::Folder final : kernel::RecordVisitor {
  Folder(PromiseWatch& w, Follower::Of o) : watch(w), of(o) {}
  void on_event(kernel::Position, uint64_t, std::string_view body) override {
    of == Follower::Of::kTransactions ? watch.transactions_event(body) : watch.audit_event(body);
  }
  PromiseWatch& watch;
  const Follower::Of of;
};

Status PromiseWatch::Follower::follow(kernel::JournalFeed& feed) {
  std::vector<uint64_t>& known = watch_.known_[static_cast<size_t>(of_)].checksums;
  for (;;) {
    DUCAT_ASSIGN(auto records, feed.read(reached_, kReadBytes));
    if (records.empty()) return {};
    for (const auto& record : records) {
      if (record->number != reached_ + 1) watch_.found_broken("a journal has a gap");
      reached_ = record->number;
      if (reached_ <= known.size()) {
        if (known[reached_ - 1] == record->checksum) continue;
        watch_.found_broken("lost: journal record " + std::to_string(reached_) +
                            " was durable, and is another now");
        return {};
      }
      known.push_back(record->checksum);
      Folder folder(watch_, of_);
      if (Status read = kernel::visit(*record, folder); !read) watch_.found_broken(read.error().message);
    }
  }
}

Status PromiseWatch::Follower::is_complete() const {
  size_t known = watch_.known_[static_cast<size_t>(of_)].checksums.size();
  if (reached_ >= known) return {};
  return fail(Errc::kCorrupt, "lost: " + std::to_string(known) + " journal records were durable, " +
                                  std::to_string(reached_) + " are there");
}

void PromiseWatch::transactions_event(std::string_view body) {
  Result<transactions::Event> event = transactions::decode(body);
  if (!event) return found_broken(event.error().message);
  std::visit([this](const auto& each) { on(each); }, *event);
}

void PromiseWatch::on(const transactions::ChangeProposed& event) {
  std::string correlation = text_of(event.correlation);
  WatchedChange change{.state = WatchedChange::State::kOpen,
                       .attempt = event.user_agent,
                       .key = event.idempotency_key,
                       .after = event.after,
                       .deadline = event.deadline,
                       .audit_log_id = {}};
  if (!by_attempt_.emplace(change.attempt, correlation).second)
    return found_broken("request " + change.attempt + " has proposed twice");
  changes_[correlation] = std::move(change);
}

void PromiseWatch::on(const transactions::ChangeConfirmed& event) {
  std::string correlation = text_of(event.correlation);
  auto found = changes_.find(correlation);
  if (found == changes_.end() || found->second.state != WatchedChange::State::kOpen)
    return found_broken("change " + correlation + " is confirmed and was not open");
  WatchedChange& change = found->second;
  change.state = WatchedChange::State::kConfirmed;
  change.audit_log_id = event.audit_log_id;
  if (!change.key.empty() && !confirmed_key_.emplace(change.key, correlation).second)
    return found_broken("key " + change.key + " was applied twice");
  versions_[event.after->id].push_back(event.after);
  // Visible from now on: its record must be durable already.
  auto record = records_.find(event.audit_log_id);
  if (record == records_.end())
    return found_broken("change " + correlation + " is visible, its audit record " + event.audit_log_id +
                        " is not durable");
  if (record->second.correlation != correlation || record->second.entity != event.after->id.uuid.to_string())
    return found_broken("change " + correlation + " is visible with another one's audit record");
  if (!record->second.counts())
    return found_broken("change " + correlation + " is visible, its audit record is rolled back");
}

void PromiseWatch::on(const transactions::ChangeRolledBack& event) {
  auto found = changes_.find(text_of(event.correlation));
  if (found == changes_.end() || found->second.state != WatchedChange::State::kOpen)
    return found_broken("change " + text_of(event.correlation) + " is rolled back and was not open");
  found->second.state = WatchedChange::State::kRolledBack;
}

void PromiseWatch::on(const transactions::TransactionPurged& event) {
  versions_[event.transaction].push_back(nullptr);
}

void PromiseWatch::audit_event(std::string_view body) {
  auto stored = audit::decode_view(body);
  if (!stored) return found_broken(stored.error().message);
  const audit::Event& event = stored->event;
  if (event.type != audit::EventType::kRecordAppended) return;
  const audit::Entry& entry = event.record.entry;
  std::string correlation(entry.correlation_id.value_or(""));
  WatchedRecord record{.id = audit::record_id(event.record.sequence, event.record.created_at).to_string(),
                       .correlation = correlation,
                       .entity = std::string(entry.entity_id.value_or("")),
                       .recorded = entry.status,
                       .rolled_back = event.rolled_back_by != 0};
  if (audit::rolls_back(entry)) {
    auto change = changes_.find(correlation);
    bool visible = change != changes_.end() && change->second.state == WatchedChange::State::kConfirmed;
    if (visible) found_broken("change " + correlation + " is visible, and the audit log rolls it back");
    rolled_back_.insert(correlation);
    for (const std::string& id : record_of_[correlation]) records_.at(id).rolled_back = true;
  } else if (record.counts()) {
    if (rolled_back_.contains(correlation))
      found_broken("a record of " + correlation + " counts after its rollback");
    if (!record_of_[correlation].empty()) found_broken("change " + correlation + " has two audit records");
  }
  record_of_[correlation].push_back(record.id);
  records_.emplace(record.id, std::move(record));
}

const std::vector<TransactionRef>& PromiseWatch::versions(const transactions::TransactionId& id) const {
  static const std::vector<TransactionRef> kNone;
  auto found = versions_.find(id);
  return found == versions_.end() ? kNone : found->second;
}

const WatchedChange* PromiseWatch::proposed_by(const std::string& attempt) const {
  auto found = by_attempt_.find(attempt);
  return found == by_attempt_.end() ? nullptr : &changes_.at(found->second);
}

const WatchedChange* PromiseWatch::confirmed_with(const std::string& key) const {
  auto found = confirmed_key_.find(key);
  return found == confirmed_key_.end() ? nullptr : &changes_.at(found->second);
}

std::optional<std::string> PromiseWatch::overdue(Timestamp time) const {
  for (const auto& [correlation, change] : changes_) {
    if (change.state == WatchedChange::State::kOpen && change.deadline < time)
      return "change " + correlation + " is open long after its deadline";
  }
  return std::nullopt;
}

std::optional<std::string> PromiseWatch::unsettled() const {
  for (const auto& [correlation, change] : changes_) {
    if (change.state == WatchedChange::State::kOpen) return "change " + correlation + " is still open";
  }
  for (const auto& [id, record] : records_) {
    if (!record.counts()) continue;
    auto change = changes_.find(record.correlation);
    if (change == changes_.end()) return "audit record " + id + " is of a change nobody has proposed";
    if (change->second.state != WatchedChange::State::kConfirmed || change->second.audit_log_id != id)
      return "audit record " + id + " says SUCCESS, its change " + record.correlation + " was rolled back";
  }
  for (const auto& [correlation, change] : changes_) {
    if (change.state != WatchedChange::State::kConfirmed) continue;
    auto record = records_.find(change.audit_log_id);
    if (record == records_.end() || !record->second.counts())
      return "change " + correlation + " is visible, its audit record does not say SUCCESS";
  }
  return std::nullopt;
}

}  // namespace ducat::sim
