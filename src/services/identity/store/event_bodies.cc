// Field by field; see events.proto for what they mean.
#include "services/identity/store/event_bodies.h"

namespace ducat::identity {
namespace {

// Empty where there is none.
std::string text_of(const std::optional<Uuid>& id) {
  return id ? id->to_string() : std::string();
}

bool read_id(const std::string& text, Uuid& id) {
  auto parsed = Uuid::parse(text);
  if (parsed) id = *parsed;
  return parsed.has_value();
}

bool read_optional_id(const std::string& text, std::optional<Uuid>& id) {
  if (text.empty()) return true;
  id.emplace();
  return read_id(text, *id);
}

struct Writer {
  v1::StoredEvent& out;

  void operator()(const SignedUp& e) const {
    auto& to = *out.mutable_signed_up();
    to.set_username(e.username);
    to.set_email(e.email);
    to.set_email_verified(e.email_verified);
    write(*to.mutable_profile(), e.profile);
    to.set_password_hash(e.password_hash);
    to.set_roles(e.roles.bits());
    to.set_external_identity(e.external_identity);
  }
  void operator()(const ProfileChanged& e) const {
    write(*out.mutable_profile_changed()->mutable_before(), e.before);
    write(*out.mutable_profile_changed()->mutable_after(), e.after);
  }
  void operator()(const SignInFailed& e) const { out.mutable_sign_in_failed()->set_reason(e.reason); }
  void operator()(const SessionStarted& e) const {
    auto& to = *out.mutable_session_started();
    to.set_session(e.session.to_string());
    to.set_expires_at_micros(e.expires_at.micros);
    to.set_method(e.method);
    if (e.totp_step) to.set_totp_step(*e.totp_step);
    to.set_recovery_hash(e.recovery_hash);
    to.set_password_hash(e.password_hash);
  }
  void operator()(const SessionRefreshed& e) const {
    auto& to = *out.mutable_session_refreshed();
    to.set_session(e.session.to_string());
    to.set_sequence(e.sequence);
    to.set_expires_at_micros(e.expires_at.micros);
  }
  void operator()(const SessionEnded& e) const {
    out.mutable_session_ended()->set_session(e.session.to_string());
    out.mutable_session_ended()->set_reason(e.reason);
  }
  void operator()(const AllSessionsEnded& e) const {
    auto& to = *out.mutable_all_sessions_ended();
    to.set_generation(e.generation);
    to.set_kept_session(text_of(e.kept));
    to.set_reason(e.reason);
  }
  void operator()(const PasswordChanged& e) const {
    out.mutable_password_changed()->set_password_hash(e.password_hash);
  }
  void operator()(const TwoFactorEnrolled& e) const {
    auto& to = *out.mutable_two_factor_enrolled();
    to.set_secret(e.secret);
    for (const std::string& hash : e.recovery_hashes) to.add_recovery_hashes(hash);
  }
  void operator()(const TwoFactorEnabled& e) const {
    out.mutable_two_factor_enabled()->set_totp_step(e.step);
  }
  void operator()(const TwoFactorDisabled&) const { out.mutable_two_factor_disabled(); }
  void operator()(const ApiKeyCreated& e) const {
    v1::StoredApiKey key;
    write(key, e.key);
    auto& to = *out.mutable_api_key_created();
    to.set_id(key.id());
    to.set_hash(key.hash());
    to.set_name(key.name());
    to.mutable_scopes()->Swap(key.mutable_scopes());
    if (key.has_expires_at_micros()) to.set_expires_at_micros(key.expires_at_micros());
  }
  void operator()(const ApiKeyRevoked& e) const { out.mutable_api_key_revoked()->set_id(e.id.to_string()); }
  void operator()(const RolesChanged& e) const {
    out.mutable_roles_changed()->set_before(e.before.bits());
    out.mutable_roles_changed()->set_after(e.after.bits());
  }
  void operator()(const IdentityLinked& e) const {
    out.mutable_identity_linked()->set_external_identity(e.external_identity);
    out.mutable_identity_linked()->set_credentials_dropped(e.credentials_dropped);
  }
  void operator()(const AttemptRefused& e) const {
    auto& to = *out.mutable_attempt_refused();
    to.set_action(e.action);
    to.set_entity_type(e.entity_type);
    to.set_entity_id(e.entity_id);
    to.set_reason(e.reason);
  }
};

bool read(const v1::StoredSessionStarted& in, Body& body) {
  SessionStarted e{{},           {in.expires_at_micros()}, in.method(),
                   std::nullopt, in.recovery_hash(),       in.password_hash()};
  if (in.has_totp_step()) e.totp_step = in.totp_step();
  bool good = read_id(in.session(), e.session);
  body = std::move(e);
  return good;
}

bool read(const v1::StoredSessionRefreshed& in, Body& body) {
  SessionRefreshed e{{}, in.sequence(), {in.expires_at_micros()}};
  bool good = read_id(in.session(), e.session);
  body = e;
  return good;
}

bool read(const v1::StoredSessionEnded& in, Body& body) {
  SessionEnded e{{}, in.reason()};
  bool good = read_id(in.session(), e.session);
  body = std::move(e);
  return good;
}

bool read(const v1::StoredAllSessionsEnded& in, Body& body) {
  AllSessionsEnded e{in.generation(), std::nullopt, in.reason()};
  bool good = read_optional_id(in.kept_session(), e.kept);
  body = std::move(e);
  return good;
}

bool read(const v1::StoredApiKeyCreated& in, Timestamp at, Body& body) {
  ApiKeyCreated e;
  e.key.hash = in.hash();
  e.key.name = in.name();
  e.key.scopes.assign(in.scopes().begin(), in.scopes().end());
  e.key.created_at = at;
  if (in.has_expires_at_micros()) e.key.expires_at = Timestamp{in.expires_at_micros()};
  bool good = read_id(in.id(), e.key.id);
  body = std::move(e);
  return good;
}

bool read(const v1::StoredApiKeyRevoked& in, Body& body) {
  ApiKeyRevoked e;
  bool good = read_id(in.id(), e.id);
  body = e;
  return good;
}

SignedUp read(const v1::StoredSignedUp& in) {
  return {in.username(),         in.email(),
          in.email_verified(),   ducat::identity::read(in.profile()),
          in.password_hash(),    RoleSet(static_cast<uint8_t>(in.roles())),
          in.external_identity()};
}

RolesChanged read(const v1::StoredRolesChanged& in) {
  return {RoleSet(static_cast<uint8_t>(in.before())), RoleSet(static_cast<uint8_t>(in.after()))};
}

}  // namespace

void write(v1::StoredEvent& out, const Body& body) {
  std::visit(Writer{out}, body);
}

bool read(const v1::StoredEvent& in, Body& body) {
  using Case = v1::StoredEvent::BodyCase;
  switch (in.body_case()) {
    case Case::kSignedUp:
      return body = read(in.signed_up()), true;
    case Case::kProfileChanged:
      return body = ProfileChanged{read(in.profile_changed().before()), read(in.profile_changed().after())},
             true;
    case Case::kSignInFailed:
      return body = SignInFailed{in.sign_in_failed().reason()}, true;
    case Case::kSessionStarted:
      return read(in.session_started(), body);
    case Case::kSessionRefreshed:
      return read(in.session_refreshed(), body);
    case Case::kSessionEnded:
      return read(in.session_ended(), body);
    case Case::kAllSessionsEnded:
      return read(in.all_sessions_ended(), body);
    case Case::kPasswordChanged:
      return body = PasswordChanged{in.password_changed().password_hash()}, true;
    case Case::kTwoFactorEnrolled: {
      const auto& hashes = in.two_factor_enrolled().recovery_hashes();
      return body = TwoFactorEnrolled{in.two_factor_enrolled().secret(), {hashes.begin(), hashes.end()}},
             true;
    }
    case Case::kTwoFactorEnabled:
      return body = TwoFactorEnabled{in.two_factor_enabled().totp_step()}, true;
    case Case::kTwoFactorDisabled:
      return body = TwoFactorDisabled{}, true;
    case Case::kApiKeyCreated:
      return read(in.api_key_created(), {in.at_micros()}, body);
    case Case::kApiKeyRevoked:
      return read(in.api_key_revoked(), body);
    case Case::kRolesChanged:
      return body = read(in.roles_changed()), true;
    case Case::kIdentityLinked:
      return body = IdentityLinked{in.identity_linked().external_identity(),
                                   in.identity_linked().credentials_dropped()},
             true;
    case Case::kAttemptRefused: {
      const auto& e = in.attempt_refused();
      return body = AttemptRefused{e.action(), e.entity_type(), e.entity_id(), e.reason()}, true;
    }
    case Case::BODY_NOT_SET:
      return false;
  }
  return false;
}

void write(v1::StoredProfile& out, const Profile& profile) {
  out.set_first_name(profile.first_name);
  out.set_last_name(profile.last_name);
  out.set_avatar(profile.avatar);
}

Profile read(const v1::StoredProfile& in) {
  return {in.first_name(), in.last_name(), in.avatar()};
}

void write(v1::StoredApiKey& out, const ApiKey& key) {
  out.set_id(key.id.to_string());
  out.set_hash(key.hash);
  out.set_name(key.name);
  for (const std::string& scope : key.scopes) out.add_scopes(scope);
  out.set_created_at_micros(key.created_at.micros);
  if (key.expires_at) out.set_expires_at_micros(key.expires_at->micros);
}

bool read(const v1::StoredApiKey& in, ApiKey& key) {
  key.hash = in.hash();
  key.name = in.name();
  key.scopes.assign(in.scopes().begin(), in.scopes().end());
  key.created_at = {in.created_at_micros()};
  if (in.has_expires_at_micros()) key.expires_at = Timestamp{in.expires_at_micros()};
  return read_id(in.id(), key.id);
}

}  // namespace ducat::identity
