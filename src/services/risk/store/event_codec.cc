// See event_codec.h.
#include "services/risk/store/event_codec.h"

#include "ducat/risk/v1/events.pb.h"

namespace ducat::risk {
namespace {

void fill(v1::StoredMovement& out, const PastMovement& movement) {
  out.set_kind(static_cast<v1::StoredMovementKind>(movement.kind));
  out.set_at_micros(movement.at.micros);
  out.set_receiver(movement.receiver);
}

Result<PastMovement> read(int kind, int64_t at_micros, uint64_t receiver) {
  if (kind < 1 || kind > 3) return fail(Errc::kCorrupt, "a movement of an unknown kind");
  return PastMovement{static_cast<MovementKind>(kind), {at_micros}, receiver};
}

void fill(v1::StoredEvent& out, const Moved& event) {
  out.mutable_moved()->set_wallet_id(event.wallet_id);
  out.mutable_moved()->set_reach_micros(event.memory.reach.micros);
  out.mutable_moved()->set_most(event.memory.most);
  fill(*out.mutable_moved()->mutable_movement(), event.movement);
}
void fill(v1::StoredEvent& out, const AlertOpened& event) {
  v1::StoredAlertOpened& opened = *out.mutable_alert_opened();
  opened.set_wallet_id(event.wallet_id);
  opened.set_rule(event.rule);
  opened.set_details(event.details);
  opened.set_shadow(event.shadow);
}
void fill(v1::StoredEvent& out, const AlertChanged& event) {
  v1::StoredAlertChanged& changed = *out.mutable_alert_changed();
  changed.set_alert_no(event.alert);
  changed.set_status(static_cast<v1::StoredAlertStatus>(event.status));
  changed.set_note(event.note);
  changed.set_user_id(event.user_id);
}

}  // namespace

std::string encode(const Event& event) {
  v1::StoredEvent stored;
  std::visit([&](const auto& one) { fill(stored, one); }, event);
  return stored.SerializeAsString();
}

Result<Event> decode(std::string_view bytes) {
  v1::StoredEvent stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "an event cannot be read");
  }
  switch (stored.event_case()) {
    case v1::StoredEvent::kMoved: {
      const v1::StoredMovement& moved = stored.moved().movement();
      DUCAT_ASSIGN(PastMovement movement, read(moved.kind(), moved.at_micros(), moved.receiver()));
      Memory memory{{stored.moved().reach_micros()}, stored.moved().most()};
      if (memory.most == 0) return fail(Errc::kCorrupt, "a movement that nothing would remember");
      return Moved{stored.moved().wallet_id(), movement, memory};
    }
    case v1::StoredEvent::kAlertOpened: {
      const auto& opened = stored.alert_opened();
      return AlertOpened{opened.wallet_id(), opened.rule(), opened.details(), opened.shadow()};
    }
    case v1::StoredEvent::kAlertChanged: {
      const auto& changed = stored.alert_changed();
      if (changed.status() < 1 || changed.status() > 3) break;
      return AlertChanged{changed.alert_no(), static_cast<AlertStatus>(changed.status()), changed.note(),
                          changed.user_id()};
    }
    default:
      break;
  }
  return fail(Errc::kCorrupt, "an event of an unknown type");
}

std::string encode_alert(const StoredAlert& stored) {
  v1::StoredAlert out;
  out.set_no(stored.no);
  out.set_id(stored.alert.id.to_string());
  out.set_wallet_id(stored.alert.wallet_id);
  out.set_rule(stored.alert.rule);
  out.set_details(stored.alert.details);
  out.set_shadow(stored.alert.shadow);
  out.set_status(static_cast<v1::StoredAlertStatus>(stored.alert.status));
  out.set_note(stored.alert.note);
  out.set_created_at_micros(stored.alert.created_at.micros);
  out.set_updated_at_micros(stored.alert.updated_at.micros);
  return out.SerializeAsString();
}

Result<StoredAlert> decode_alert(std::string_view bytes) {
  v1::StoredAlert in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || in.status() < 1 ||
      in.status() > 3) {
    return fail(Errc::kCorrupt, "a stored alert cannot be read");
  }
  StoredAlert stored{in.no(), {}};
  stored.alert = {.id = Uuid::parse(in.id()).value_or(Uuid{}),
                  .wallet_id = in.wallet_id(),
                  .rule = in.rule(),
                  .details = in.details(),
                  .shadow = in.shadow(),
                  .status = static_cast<AlertStatus>(in.status()),
                  .note = in.note(),
                  .created_at = {in.created_at_micros()},
                  .updated_at = {in.updated_at_micros()}};
  return stored;
}

std::string encode_history(const History& history) {
  v1::StoredHistory stored;
  stored.mutable_receivers()->Add(history.receivers.begin(), history.receivers.end());
  int64_t before = 0;
  for (const PastMovement& past : history.recent) {
    stored.mutable_kinds()->push_back(static_cast<char>(past.kind));
    stored.add_micros_later(static_cast<uint64_t>(past.at.micros - before));
    stored.add_sent_to(past.receiver);
    before = past.at.micros;
  }
  return stored.SerializeAsString();
}

Result<History> decode_history(std::string_view bytes) {
  v1::StoredHistory stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "a history cannot be read");
  }
  History history;
  auto count = static_cast<int>(stored.kinds().size());
  if (stored.micros_later_size() != count || stored.sent_to_size() != count)
    return fail(Errc::kCorrupt, "a history's columns are of different lengths");
  int64_t at = 0;
  for (int i = 0; i < count; ++i) {
    at += static_cast<int64_t>(stored.micros_later(i));
    DUCAT_ASSIGN(PastMovement movement, read(stored.kinds()[static_cast<size_t>(i)], at, stored.sent_to(i)));
    history.recent.push_back(movement);
  }
  history.receivers.assign(stored.receivers().begin(), stored.receivers().end());
  return history;
}

}  // namespace ducat::risk
