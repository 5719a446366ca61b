// From commands to events and states. Memory, tables and recovery stand in identity_model_store.cc.
#include "services/identity/identity_model.h"
#include "base/check.h"
#include "services/identity/store/codec.h"

namespace ducat::identity {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

const SignUp* sign_up_of(const Command& command) {
  if (const auto* sign_up = std::get_if<SignUp>(&command)) return sign_up;
  if (const auto* external = std::get_if<SignInExternally>(&command)) return &external->account;
  return nullptr;
}

}  // namespace

Status IdentityModel::load(std::span<kernel::Submission* const> batch) {
  evict();
  for (kernel::Submission* submission : batch) {
    for (size_t i = 0; i < submission->size(); ++i) {
      const auto& operation = static_cast<const IdentityOperation&>(submission->at(i));
      if (!operation.name.empty()) DUCAT_TRY(load_name(operation.name));
      if (operation.session) DUCAT_TRY(load_session(*operation.session));
      const SignUp* sign_up = sign_up_of(operation.command);
      if (sign_up == nullptr) continue;
      DUCAT_TRY(load_name(name_of_username(sign_up->username)));
      DUCAT_TRY(load_name(name_of_email(sign_up->email)));
      if (sign_up->derived) DUCAT_TRY(load_name(name_of_username(sign_up->fallback)));
    }
  }
  return {};
}

bool IdentityModel::decide(kernel::Operation& base, kernel::DecideContext& context) {
  auto& operation = static_cast<IdentityOperation&>(base);
  operation.refusal.reset();
  operation.changes.clear();
  User* user = operation.name.empty() ? nullptr : find(operation.name);
  if (std::holds_alternative<FindUser>(operation.command)) {
    look(operation, user, context.now);
    return true;
  }
  Session* session = find(operation.session);
  Decision decision = judge(operation, user, session, Context{context.now});
  operation.refusal = decision.refusal;
  const SignUp* sign_up = sign_up_of(operation.command);
  Uuid new_id = sign_up == nullptr ? Uuid{} : sign_up->user_id;
  for (Body& body : decision.events) emit(operation, user, new_id, std::move(body), context);
  if (user != nullptr) operation.user = *user;
  if (const Session* after = find(operation.session)) operation.session_after = *after;
  // A refusal that has left a trace is durable before it is told.
  return !operation.refusal || !decision.events.empty();
}

void IdentityModel::look(IdentityOperation& operation, const User* user, Timestamp now) {
  operation.user.reset();
  if (user != nullptr) {
    operation.user = *user;
    operation.gate = gate_of(user->attempts, now);
  } else if (auto tried = unknown_.find(operation.name); tried != unknown_.end()) {
    operation.gate = gate_of(tried->second, now);
  } else {
    operation.gate = {};
  }
}

Decision IdentityModel::judge(IdentityOperation& operation, User*& user, Session* session,
                              const Context& context) {
  return std::visit(
      Overloaded{[](const FindUser&) { return accept({}); },
                 [&](const SignUp& c) { return ducat::identity::decide(taken(c), c, context); },
                 [&](const SignInExternally& c) {
                   User* owner = find(name_of_email(c.account.email));
                   auto made = ducat::identity::decide(user, owner, taken(c.account), c, context);
                   user = made.user == nullptr ? nullptr : made.user == owner ? owner : user;
                   return std::move(made.decision);
                 },
                 [&](const SignIn& c) { return judge_sign_in(operation, user, c, context); },
                 [&](const Refresh& c) { return ducat::identity::decide(user, session, c, context); },
                 [&](const SignOut& c) { return ducat::identity::decide(user, session, c, context); },
                 [&](const auto& c) { return ducat::identity::decide(user, c, context); }},
      operation.command);
}

// Names of nobody are held back as those of users are, so that neither tells which it is.
Decision IdentityModel::judge_sign_in(IdentityOperation& operation, const User* user, const SignIn& command,
                                      const Context& context) {
  if (user != nullptr) return ducat::identity::decide(user, command, context);
  if (unknown_.size() >= options_.unknown_names && !unknown_.contains(operation.name)) unknown_.clear();
  Attempts& attempts = unknown_[operation.name];
  if (auto held = held_back(attempts, context.now)) return std::move(*held);
  add_failure(attempts, context.now);
  return ducat::identity::decide(user, command, context);
}

Taken IdentityModel::taken(const SignUp& command) const {
  auto known = [&](const std::string& name) { return names_.contains(name); };
  return {known(name_of_username(command.username)),
          command.derived && known(name_of_username(command.fallback)), known(name_of_email(command.email))};
}

void IdentityModel::emit(IdentityOperation& operation, User*& user, const Uuid& new_id, Body body,
                         kernel::DecideContext& context) {
  bool made = std::holds_alternative<SignedUp>(body);
  if (made) user = &create();
  Event event{0, {}, context.now, operation.origin, std::move(body)};
  if (user != nullptr) {
    event.user_no = user->no;
    event.user_id = made ? new_id : user->id;
  }
  context.record.event(event.user_no, encode(event));
  if (auto about = session_of(event)) operation.session = about;
  if (user == nullptr) {
    DUCAT_CHECK(std::holds_alternative<AttemptRefused>(event.body),
                "an event that changes somebody has somebody");
    changes().at = event.at;
    return;
  }
  for (AccessChange& change : apply(*user, event)) operation.changes.push_back(std::move(change));
}

// Evolves what the event is about; what it means for access is answered.
std::vector<AccessChange> IdentityModel::apply(User& user, const Event& event) {
  touch(user);
  changes().at = event.at;
  std::vector<ApiKey> keys_before;
  bool keys_change =
      std::holds_alternative<ApiKeyRevoked>(event.body) || std::holds_alternative<ApiKeyCreated>(event.body);
  if (keys_change) keys_before = user.api_keys;
  evolve(user, event);
  for (std::string& name : ducat::identity::names_of(user)) names_[std::move(name)] = user.no;
  if (auto id = session_of(event)) {
    Session& session = sessions_[*id].value;
    session.id = *id;
    evolve(session, user, event);
    touch(session);
  }
  if (const auto* created = std::get_if<ApiKeyCreated>(&event.body)) {
    changes().keys.push_back({created->key, user.no, true});
  } else if (const auto* revoked = std::get_if<ApiKeyRevoked>(&event.body)) {
    for (const ApiKey& key : keys_before) {
      if (key.id == revoked->id) changes().keys.push_back({key, user.no, false});
    }
  }
  return access_changes(user, event, keys_before);
}

User& IdentityModel::create() {
  User fresh;
  fresh.no = next_user_no_++;
  return users_[fresh.no].value = std::move(fresh);
}

}  // namespace ducat::identity
