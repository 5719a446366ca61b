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

Result<PastMovement> read(const v1::StoredMovement& stored) {
  if (stored.kind() < 1 || stored.kind() > 3) return fail(Errc::kCorrupt, "a movement of an unknown kind");
  return PastMovement{static_cast<MovementKind>(stored.kind()), {stored.at_micros()}, stored.receiver()};
}

void fill(v1::StoredEvent& out, const Moved& event) {
  out.mutable_moved()->set_wallet_id(event.wallet_id);
  out.mutable_moved()->set_reach_micros(event.reach.micros);
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
      DUCAT_ASSIGN(PastMovement movement, read(stored.moved().movement()));
      return Moved{stored.moved().wallet_id(), movement, {stored.moved().reach_micros()}};
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
  for (const PastMovement& past : history.recent) fill(*stored.add_recent(), past);
  for (uint64_t receiver : history.receivers) stored.add_receivers(receiver);
  return stored.SerializeAsString();
}

Result<History> decode_history(std::string_view bytes) {
  v1::StoredHistory stored;
  if (!stored.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "a history cannot be read");
  }
  History history;
  for (const v1::StoredMovement& past : stored.recent()) {
    DUCAT_ASSIGN(PastMovement movement, read(past));
    history.recent.push_back(movement);
  }
  history.receivers.assign(stored.receivers().begin(), stored.receivers().end());
  return history;
}

}  // namespace ducat::risk
