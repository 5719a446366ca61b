// From events to states; see events.h.
#include "services/identity/domain/events.h"

#include <algorithm>

namespace ducat::identity {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

void start(User& user, const SessionStarted& started) {
  user.attempts = {};
  if (started.totp_step) user.two_factor.last_step = *started.totp_step;
  if (!started.recovery_hash.empty()) std::erase(user.two_factor.recovery_hashes, started.recovery_hash);
  if (!started.password_hash.empty()) user.password_hash = started.password_hash;
}

void create(User& user, const Event& event, const SignedUp& made) {
  user.no = event.user_no;
  user.id = event.user_id;
  user.username = made.username;
  user.email = made.email;
  user.email_verified = made.email_verified;
  user.profile = made.profile;
  user.password_hash = made.password_hash;
  user.roles = made.roles;
  user.created_at = event.at;
  if (!made.external_identity.empty()) user.external_identities.push_back(made.external_identity);
}

void link(User& user, const IdentityLinked& linked) {
  user.external_identities.push_back(linked.external_identity);
  user.email_verified = true;
  if (!linked.credentials_dropped) return;
  user.password_hash.clear();
  user.two_factor = {};
}

}  // namespace

void evolve(User& user, const Event& event) {
  std::visit(Overloaded{[&](const SignedUp& e) { create(user, event, e); },
                        [&](const ProfileChanged& e) { user.profile = e.after; },
                        [&](const SignInFailed&) { add_failure(user.attempts, event.at); },
                        [&](const SessionStarted& e) { start(user, e); },
                        [&](const AllSessionsEnded& e) {
                          user.generation = e.generation;
                          user.generation_at = event.at;
                          user.kept_session = e.kept;
                        },
                        [&](const PasswordChanged& e) {
                          user.password_hash = e.password_hash;
                          user.attempts = {};
                        },
                        [&](const TwoFactorEnrolled& e) {
                          user.two_factor = {e.secret, false, user.two_factor.last_step, e.recovery_hashes};
                        },
                        [&](const TwoFactorEnabled& e) {
                          user.two_factor.enabled = true;
                          user.two_factor.last_step = e.step;
                          user.attempts = {};
                        },
                        [&](const TwoFactorDisabled&) {
                          user.two_factor = {{}, false, user.two_factor.last_step, {}};
                          user.attempts = {};
                        },
                        [&](const ApiKeyCreated& e) { user.api_keys.push_back(e.key); },
                        [&](const ApiKeyRevoked& e) {
                          std::erase_if(user.api_keys, [&](const ApiKey& key) { return key.id == e.id; });
                        },
                        [&](const RolesChanged& e) { user.roles = e.after; },
                        [&](const IdentityLinked& e) { link(user, e); }, [](const auto&) {}},
             event.body);
  if (!std::holds_alternative<AttemptRefused>(event.body)) user.updated_at = event.at;
}

void evolve(Session& session, const User& user, const Event& event) {
  if (const auto* started = std::get_if<SessionStarted>(&event.body)) {
    session = {started->session, user.no, user.generation, 1, event.at, started->expires_at, std::nullopt};
  } else if (const auto* refreshed = std::get_if<SessionRefreshed>(&event.body)) {
    session.sequence = refreshed->sequence;
    session.expires_at = refreshed->expires_at;
  } else if (std::holds_alternative<SessionEnded>(event.body)) {
    session.ended_at = event.at;
  }
}

std::optional<Uuid> session_of(const Event& event) {
  if (const auto* started = std::get_if<SessionStarted>(&event.body)) return started->session;
  if (const auto* refreshed = std::get_if<SessionRefreshed>(&event.body)) return refreshed->session;
  if (const auto* ended = std::get_if<SessionEnded>(&event.body)) return ended->session;
  return std::nullopt;
}

std::optional<Decision> held_back(const Attempts& attempts, Timestamp now) {
  Gate gate = gate_of(attempts, now);
  if (gate.state == Gate::State::kOpen) return std::nullopt;
  RefusalKind kind = gate.state == Gate::State::kLocked ? RefusalKind::kLocked : RefusalKind::kTooEarly;
  return Decision{{}, Refusal{kind, gate.wait}};
}

}  // namespace ducat::identity
