// The identity service as the engine's model: users and sessions in memory, the domain's rules, the tables
// behind.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/engine/model.h"
#include "services/identity/identity_command.h"
#include "services/identity/store/tables.h"

namespace ducat::identity {

struct IdentityModelOptions {
  size_t users_in_memory = 20'000;     // about 1.5 kB each; more only while they are pinned
  size_t sessions_in_memory = 50'000;  // about 200 bytes each
  size_t unknown_names = 10'000;       // names of nobody that somebody tries passwords for
  Duration access_ttl = Duration::seconds(24 * 3600);
};

// Threads as kernel::Model says. The registry outlives it; it is given what the tables and the journal's tail
// say has ended, at each recovery.
class IdentityModel final : public kernel::Model {
 public:
  IdentityModel(IdentityModelOptions options, AccessRegistry& registry)
      : options_(options), registry_(registry) {}

  Status open(storage::Database& tables) override;
  Status load(std::span<kernel::Submission* const> batch) override;
  bool decide(kernel::Operation& operation, kernel::DecideContext& context) override;
  // No command has an idempotency key: what may be repeated is, what must not be has a rule of its own.
  void encode_answer(const kernel::Operation& operation, std::string& out) const override;
  Status decode_answer(std::string_view stored, kernel::Operation& operation) const override;
  std::unique_ptr<kernel::Changes> take_changes(kernel::RecordNumber record) override;
  void written(kernel::RecordNumber record) override;
  Status forget() override;
  Status replay(kernel::Position position, uint64_t stream, std::string_view event, Timestamp at) override;
  Status write(storage::Connection& connection, std::span<const kernel::Changes* const> changes) override;

 private:
  template <typename T>
  struct Cached {
    T value;
    kernel::RecordNumber pinned_by = 0;
    bool touched = false;
  };
  // The command's user and session, and the names its rules ask about.
  Decision judge(IdentityOperation& operation, User*& user, Session* session, const Context& context);
  Decision judge_sign_in(IdentityOperation& operation, const User* user, const SignIn& command,
                         const Context& context);
  void look(IdentityOperation& operation, const User* user, Timestamp now);
  Taken taken(const SignUp& command) const;
  void emit(IdentityOperation& operation, User*& user, const Uuid& new_id, Body body,
            kernel::DecideContext& context);
  std::vector<AccessChange> apply(User& user, const Event& event);
  User& create();

  Status load_name(const std::string& name);
  Status load_session(const Uuid& id);
  User* find(const std::string& name);
  Session* find(const std::optional<Uuid>& id);
  User& add(User user);
  void touch(User& user);
  void touch(Session& session);
  void evict();
  IdentityChanges& changes();

  const IdentityModelOptions options_;
  AccessRegistry& registry_;
  std::unique_ptr<storage::Connection> connection_;
  std::unordered_map<uint64_t, Cached<User>> users_;
  std::unordered_map<std::string, uint64_t> names_;  // of the users in memory
  std::map<Uuid, Cached<Session>> sessions_;
  std::vector<uint64_t> touched_users_;
  std::vector<Uuid> touched_sessions_;
  std::unordered_map<std::string, Attempts>
      unknown_;  // names of nobody, so that they answer as the others do
  std::unique_ptr<IdentityChanges> changes_;
  uint64_t next_user_no_ = 1;
  kernel::RecordNumber written_ = 0;
};

}  // namespace ducat::identity
