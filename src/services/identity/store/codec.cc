// Users, keys and what all events have; the events' bodies stand in event_bodies.cc.
#include "services/identity/store/codec.h"

#include "base/check.h"
#include "services/identity/store/event_bodies.h"

namespace ducat::identity {
namespace {

std::string bytes_of(const google::protobuf::MessageLite& message) {
  std::string bytes;
  DUCAT_CHECK(message.SerializeToString(&bytes), "a message without required fields can be written");
  return bytes;
}

std::unexpected<Error> corrupt(const char* what) {
  return fail(Errc::kCorrupt, std::string("stored ") + what + " cannot be read");
}

bool read_id(const std::string& text, Uuid& id) {
  auto parsed = Uuid::parse(text);
  if (parsed) id = *parsed;
  return parsed.has_value();
}

}  // namespace

std::string encode(const Event& event) {
  v1::StoredEvent out;
  out.set_user_no(event.user_no);
  if (event.user_id != Uuid{}) out.set_user_id(event.user_id.to_string());
  out.set_at_micros(event.at.micros);
  v1::StoredOrigin& origin = *out.mutable_origin();
  origin.set_ip_address(event.origin.ip_address);
  origin.set_user_agent(event.origin.user_agent);
  origin.set_request_id(event.origin.request_id);
  origin.set_actor(event.origin.actor);
  write(out, event.body);
  return bytes_of(out);
}

Result<Event> decode_event(std::string_view bytes) {
  v1::StoredEvent in;
  Event event;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return corrupt("event");
  event.user_no = in.user_no();
  if (!in.user_id().empty() && !read_id(in.user_id(), event.user_id)) return corrupt("event");
  event.at = {in.at_micros()};
  event.origin = {in.origin().ip_address(), in.origin().user_agent(), in.origin().request_id(),
                  in.origin().actor()};
  if (!read(in, event.body)) return corrupt("event");
  return event;
}

std::string encode(const User& user) {
  v1::StoredUser out;
  out.set_no(user.no);
  out.set_id(user.id.to_string());
  out.set_username(user.username);
  out.set_email(user.email);
  out.set_email_verified(user.email_verified);
  write(*out.mutable_profile(), user.profile);
  out.set_roles(user.roles.bits());
  out.set_password_hash(user.password_hash);
  out.set_created_at_micros(user.created_at.micros);
  out.set_updated_at_micros(user.updated_at.micros);
  out.set_generation(user.generation);
  out.set_generation_at_micros(user.generation_at.micros);
  if (user.kept_session) out.set_kept_session(user.kept_session->to_string());
  for (Timestamp at : user.attempts.failures) out.add_failures_micros(at.micros);
  out.set_locked_until_micros(user.attempts.locked_until.micros);
  out.set_totp_secret(user.two_factor.secret);
  out.set_totp_enabled(user.two_factor.enabled);
  out.set_totp_step(user.two_factor.last_step);
  for (const std::string& hash : user.two_factor.recovery_hashes) out.add_recovery_hashes(hash);
  for (const std::string& identity : user.external_identities) out.add_external_identities(identity);
  for (const ApiKey& key : user.api_keys) write(*out.add_api_keys(), key);
  return bytes_of(out);
}

Result<User> decode_user(std::string_view bytes) {
  v1::StoredUser in;
  User user;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return corrupt("user");
  if (!read_id(in.id(), user.id)) return corrupt("user");
  user.no = in.no();
  user.username = in.username();
  user.email = in.email();
  user.email_verified = in.email_verified();
  user.profile = read(in.profile());
  user.roles = RoleSet(static_cast<uint8_t>(in.roles()));
  user.password_hash = in.password_hash();
  user.created_at = {in.created_at_micros()};
  user.updated_at = {in.updated_at_micros()};
  user.generation = in.generation();
  user.generation_at = {in.generation_at_micros()};
  if (!in.kept_session().empty()) {
    user.kept_session.emplace();
    if (!read_id(in.kept_session(), *user.kept_session)) return corrupt("user");
  }
  for (int64_t at : in.failures_micros()) user.attempts.failures.push_back({at});
  user.attempts.locked_until = {in.locked_until_micros()};
  user.two_factor = {in.totp_secret(),
                     in.totp_enabled(),
                     in.totp_step(),
                     {in.recovery_hashes().begin(), in.recovery_hashes().end()}};
  user.external_identities.assign(in.external_identities().begin(), in.external_identities().end());
  for (const v1::StoredApiKey& stored : in.api_keys()) {
    if (!read(stored, user.api_keys.emplace_back())) return corrupt("API key");
  }
  return user;
}

std::string encode(const ApiKey& key) {
  v1::StoredApiKey out;
  write(out, key);
  return bytes_of(out);
}

Result<ApiKey> decode_key(std::string_view bytes) {
  v1::StoredApiKey in;
  ApiKey key;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !read(in, key))
    return corrupt("API key");
  return key;
}

}  // namespace ducat::identity
