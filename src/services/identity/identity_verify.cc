// See identity_verify.h.
#include "services/identity/identity_verify.h"

#include <map>

#include "kernel/journal/journal.h"
#include "kernel/projection/projector.h"
#include "kernel/service/service_data.h"
#include "services/identity/store/codec.h"
#include "services/identity/store/tables.h"

namespace ducat::identity {
namespace {

// What the journal's events come to; rows that were compared are taken out again.
class Refolded final : public kernel::RecordVisitor {
 public:
  explicit Refolded(VerifyReport& report) : report_(report) {}

  Status record(const kernel::Record& record) {
    ++report_.records;
    DUCAT_TRY(kernel::visit(record, *this));
    return std::move(status_);
  }

  void on_event(kernel::Position position, uint64_t stream, std::string_view body) override {
    if (!status_) return;
    Result<Event> event = decode_event(body);
    if (!event) {
      status_ = propagate(event);
      return;
    }
    ++report_.events;
    newest_ = std::max(newest_, event->at);
    const std::string where = "at " + std::to_string(position) + ": ";
    if (event->user_no != stream) violation(where + "the event stands in another user's stream");
    if (event->user_no != 0) fold(where, *event);
  }

  void violation(std::string what) {
    if (report_.violations.size() < kernel::kMostViolations) report_.violations.push_back(std::move(what));
  }

  std::map<uint64_t, User> users;
  std::map<std::string, uint64_t> names;
  std::map<std::string, Session> sessions;
  std::map<std::string, IdentityChanges::KeyRow> keys;
  bool may_be_gone(const Session& session) const { return session.expires_at < newest_; }

 private:
  void fold(const std::string& where, const Event& event) {
    bool made = std::holds_alternative<SignedUp>(event.body);
    if (made ? event.user_no != users.size() + 1 : !users.contains(event.user_no)) {
      violation(where + "user " + std::to_string(event.user_no) +
                (made ? " comes out of turn" : " is nobody"));
      return;
    }
    User& user = users[event.user_no];
    user.no = event.user_no;
    if (const auto* revoked = std::get_if<ApiKeyRevoked>(&event.body)) {
      for (const ApiKey& key : user.api_keys) {
        if (key.id == revoked->id) keys[key.hash].active = false;
      }
    }
    evolve(user, event);
    for (std::string& name : names_of(user)) {
      auto [known, fresh] = names.emplace(std::move(name), user.no);
      if (!fresh && known->second != user.no) violation(where + "the name is another user's");
    }
    if (const auto* created = std::get_if<ApiKeyCreated>(&event.body)) {
      keys[created->key.hash] = {created->key, user.no, true};
    }
    if (auto id = session_of(event)) {
      Session& session = sessions[id->to_string()];
      session.id = *id;
      evolve(session, user, event);
    }
  }

  VerifyReport& report_;
  Timestamp newest_;
  Status status_;
};

// Compares a row with what was refolded under its key, which is taken out: what is left has no row.
template <typename Map, typename Key, typename Same>
void compare(Refolded& refolded, Map& expected, const Key& key, const std::string& name, Same same) {
  auto found = expected.find(key);
  if (found == expected.end()) {
    refolded.violation(name + " has no events");
    return;
  }
  if (!same(found->second)) refolded.violation(name + " differs in the table");
  expected.erase(found);
}

Status compare_users(storage::Connection& tables, Refolded& refolded, VerifyReport& report) {
  return for_each_user(tables, [&](const UserRow& row) {
    ++report.users;
    compare(refolded, refolded.users, row.no, "user " + std::to_string(row.no), [&](const User& user) {
      return row.user && encode(*row.user) == encode(user) && row.id == user.id.to_string() &&
             row.username == user.username && row.email == user.email &&
             row.generation_at == user.generation_at;
    });
  });
}

Status compare_names(storage::Connection& tables, Refolded& refolded) {
  return for_each_name(tables, [&](std::string_view name, uint64_t no) {
    compare(refolded, refolded.names, std::string(name), "name " + std::string(name),
            [no](uint64_t owner) { return owner == no; });
  });
}

Status compare_sessions(storage::Connection& tables, Refolded& refolded, VerifyReport& report) {
  return for_each_session(tables, [&](const Session& row) {
    ++report.sessions;
    const std::string id = row.id.to_string();
    compare(refolded, refolded.sessions, id, "session " + id,
            [&](const Session& session) { return session == row; });
  });
}

Status compare_keys(storage::Connection& tables, Refolded& refolded, VerifyReport& report) {
  return for_each_key_row(tables, [&](std::string_view hash, const Result<IdentityChanges::KeyRow>& row) {
    ++report.keys;
    // Its hash is as good as a secret to whoever guesses keys: the row is named by its number.
    compare(refolded, refolded.keys, std::string(hash), "API key " + std::to_string(report.keys),
            [&](const IdentityChanges::KeyRow& key) {
              return row && encode(row->key) == encode(key.key) && row->user_no == key.user_no &&
                     row->active == key.active;
            });
  });
}

void report_missing(Refolded& refolded) {
  for (const auto& [no, user] : refolded.users) {
    refolded.violation("user " + std::to_string(no) + " is missing from the table");
  }
  for (const auto& [name, no] : refolded.names) {
    refolded.violation("name " + name + " is missing from the table");
  }
  for (const auto& [id, session] : refolded.sessions) {
    if (!refolded.may_be_gone(session)) refolded.violation("session " + id + " is missing from the table");
  }
  for (const auto& [hash, key] : refolded.keys) {
    refolded.violation("an API key of user " + std::to_string(key.user_no) + " is missing from the table");
  }
}

}  // namespace

Result<VerifyReport> verify_journal(storage::Database& journal, storage::Database& tables) {
  VerifyReport report;
  DUCAT_ASSIGN(auto connection, tables.connect(storage::Access::kReader));
  DUCAT_ASSIGN(auto snapshot, storage::Transaction::begin(*connection));
  Refolded refolded(report);
  auto record = [&](const kernel::Record& one) { return refolded.record(one); };
  DUCAT_TRY(kernel::read_as_far_as_tables(journal, *connection, record));
  DUCAT_TRY(compare_users(*connection, refolded, report));
  DUCAT_TRY(compare_names(*connection, refolded));
  DUCAT_TRY(compare_sessions(*connection, refolded, report));
  DUCAT_TRY(compare_keys(*connection, refolded, report));
  report_missing(refolded);
  return report;
}

}  // namespace ducat::identity
