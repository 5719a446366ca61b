// What the identity service promises, on either database.
#pragma once

#include "platform/broker/cloud_event.h"
#include "platform/security/secrets.h"
#include "platform/security/totp.h"
#include "services/identity/identity_verify.h"
#include "services/identity/testing/identity_server.h"

namespace ducat::identity::testing {

class IdentityContract : public kernel::testing::OnBackend {
 protected:
  void SetUp() override {
    OnBackend::SetUp();
    if (backend_) restart();
  }
  // Whatever a test did: the tables are what the journal says.
  void TearDown() override {
    if (!server_) return;
    server_.reset();
    auto journal = backend_->open("identity", true);
    auto tables = backend_->open("identity", false);
    auto report = verify_journal(*journal, *tables);
    ASSERT_DONE(report);
    EXPECT_EQ(report->violations, std::vector<std::string>());
  }
  void restart(const std::string& tables = "identity") {
    server_.reset();
    server_ = std::make_unique<IdentityServer>(*backend_, clock_, 64, tables);
    ASSERT_DONE(server_->started());
  }
  static std::optional<RefusalKind> refusal(const Outcome<TokenPair>& outcome) {
    return outcome || !outcome.error().refusal ? std::nullopt : std::optional(outcome.error().refusal->kind);
  }
  template <typename T>
  static bool refused(const Outcome<T>& outcome, RefusalKind kind) {
    return !outcome && outcome.error().refusal && outcome.error().refusal->kind == kind;
  }
  Origin origin(const TokenPair& pair) { return IdentityServer::origin_of(pair); }
  template <typename T>
  T get(Task<T> task) {
    return IdentityServer::get(std::move(task));
  }

  TestClock clock_;
  std::unique_ptr<IdentityServer> server_;
};

TEST_P(IdentityContract, SignsUpAndInByNameAndAddressWhateverTheirCase) {
  auto made = server_->sign_up("Alice", "Alice@Example.com");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(server_->ask(made->access_token), 200);
  for (const char* name : {"Alice", "alice", "ALICE@example.com"}) {
    auto in = server_->sign_in(name);
    ASSERT_TRUE(in.has_value()) << name;
    EXPECT_EQ(in->user.id, made->user.id);
  }
  EXPECT_EQ(refusal(server_->sign_in("alice", "wrong horse")), RefusalKind::kInvalidCredentials);
  EXPECT_EQ(refusal(server_->sign_in("nobody")), RefusalKind::kInvalidCredentials);
}

TEST_P(IdentityContract, ANameIsTakenOnceHoweverManyAskAtATime) {
  std::atomic<int> made{0}, taken{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.emplace_back([&, i] {
      auto outcome = server_->sign_up("same", "crowd" + std::to_string(i) + "@example.com");
      if (outcome) ++made;
      if (refusal(outcome) == RefusalKind::kUsernameTaken) ++taken;
    });
  }
  for (std::thread& one : crowd) one.join();
  EXPECT_EQ(made.load(), 1);
  EXPECT_EQ(taken.load(), 3);
  EXPECT_EQ(refusal(server_->sign_up("SAME", "x@example.com")), RefusalKind::kUsernameTaken);
  EXPECT_EQ(refusal(server_->sign_up("other", "CROWD0@example.com")).has_value(),
            server_->find(name_of_email("crowd0@example.com")).has_value());
}

TEST_P(IdentityContract, EverythingIsThereAfterARestart) {
  auto made = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(made.has_value());
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(
        server_->sign_up("u" + std::to_string(i) + "xx", std::to_string(i) + "@example.com").has_value());
  }
  auto second = server_->refresh(made->refresh_token);
  ASSERT_TRUE(second.has_value());
  restart();
  EXPECT_TRUE(server_->sign_in("alice").has_value());
  EXPECT_TRUE(server_->sign_in("u0xx").has_value());
  EXPECT_TRUE(server_->refresh(second->refresh_token).has_value());
  EXPECT_EQ(refusal(server_->sign_up("alice", "new@example.com")), RefusalKind::kUsernameTaken);
}

TEST_P(IdentityContract, TheJournalAloneGivesBackWhoMayDoWhat) {
  auto made = server_->sign_up("alice", "alice@example.com");
  auto ended = server_->sign_in("alice");
  auto key = get(server_->service().create_key("k", {}, std::nullopt, origin(*made), server_->home()));
  auto gone = get(server_->service().create_key("k", {}, std::nullopt, origin(*made), server_->home()));
  ASSERT_TRUE(made && ended && key && gone);
  ASSERT_TRUE(
      get(server_->service().sign_out(ended->refresh_token, {}, origin(*made), server_->home())).has_value());
  ASSERT_TRUE(
      get(server_->service().revoke_key(gone->stored.id, origin(*made), server_->home())).has_value());
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(server_->sign_in("alice", "wrong").has_value());
    clock_.jump(Duration::seconds(2));
  }
  restart("made_anew");
  EXPECT_EQ(server_->ask(made->access_token), 200);
  EXPECT_EQ(server_->ask(ended->access_token), 401);
  EXPECT_EQ(server_->ask_with_key(key->key), 200);
  EXPECT_EQ(server_->ask_with_key(gone->key), 401);
  EXPECT_EQ(refusal(server_->sign_in("alice")), RefusalKind::kLocked);
  EXPECT_EQ(refusal(server_->sign_up("alice", "other@example.com")), RefusalKind::kUsernameTaken);
  EXPECT_TRUE(server_->refresh(made->refresh_token).has_value());
}

TEST_P(IdentityContract, AUsedRefreshTokenEndsItsFamilyAndItsAccessTokensForGood) {
  auto first = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(first.has_value());
  auto other = server_->sign_in("alice");
  auto second = server_->refresh(first->refresh_token);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(server_->ask(second->access_token), 200);
  EXPECT_EQ(refusal(server_->refresh(first->refresh_token)), RefusalKind::kInvalidRefreshToken);
  EXPECT_EQ(refusal(server_->refresh(second->refresh_token)), RefusalKind::kInvalidRefreshToken);
  EXPECT_EQ(server_->ask(second->access_token), 401);
  EXPECT_EQ(server_->ask(first->access_token), 401);
  EXPECT_EQ(server_->ask(other->access_token), 200) << "another family";
  restart();
  EXPECT_EQ(server_->ask(second->access_token), 401) << "a restart forgives nothing";
  EXPECT_EQ(server_->ask(other->access_token), 200);
}

TEST_P(IdentityContract, OfManyRefreshesWithOneTokenOneWins) {
  auto first = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(first.has_value());
  std::atomic<int> won{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < 4; ++i) {
    crowd.emplace_back([&] { won += server_->refresh(first->refresh_token).has_value() ? 1 : 0; });
  }
  for (std::thread& one : crowd) one.join();
  EXPECT_EQ(won.load(), 1);
}

TEST_P(IdentityContract, AnAccessTokenIsNoRefreshTokenNorTheOtherWayRound) {
  auto made = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(refusal(server_->refresh(made->access_token)), RefusalKind::kInvalidRefreshToken);
  EXPECT_EQ(server_->ask(made->refresh_token), 401);
}

TEST_P(IdentityContract, LogoutEndsOneSessionLogoutAllEveryOne) {
  auto first = server_->sign_up("alice", "alice@example.com");
  auto second = server_->sign_in("alice");
  auto third = server_->sign_in("alice");
  ASSERT_TRUE(first && second && third);
  auto bob = server_->sign_up("bob", "bob@example.com");
  EXPECT_TRUE(
      refused(get(server_->service().sign_out(second->refresh_token, {}, origin(*bob), server_->home())),
              RefusalKind::kInvalidRefreshToken))
      << "somebody else's token";
  EXPECT_TRUE(get(server_->service().sign_out(second->refresh_token, {}, origin(*first), server_->home()))
                  .has_value());
  EXPECT_EQ(server_->ask(second->access_token), 401);
  EXPECT_EQ(server_->ask(first->access_token), 200);
  EXPECT_TRUE(get(server_->service().sign_out_everywhere(origin(*first), server_->home())).has_value());
  EXPECT_EQ(server_->ask(first->access_token), 401);
  EXPECT_EQ(server_->ask(third->access_token), 401);
  EXPECT_EQ(refusal(server_->refresh(third->refresh_token)), RefusalKind::kInvalidRefreshToken);
  EXPECT_EQ(server_->ask(bob->access_token), 200);
  auto again = server_->sign_in("alice");
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(server_->ask(again->access_token), 200);
  restart();
  EXPECT_EQ(server_->ask(third->access_token), 401);
  EXPECT_EQ(server_->ask(again->access_token), 200);
}

TEST_P(IdentityContract, AChangedPasswordEndsTheOtherSessions) {
  auto first = server_->sign_up("alice", "alice@example.com");
  auto second = server_->sign_in("alice");
  ASSERT_TRUE(first && second);
  auto change = [&](std::string from, std::string to) {
    security::TokenSigner tokens("a-secret-of-at-least-32-characters", "ducat", "ducat");
    auto claims = tokens.verify(second->access_token, "access", clock_.now());
    return get(server_->service().change_password(std::move(from), std::move(to), claims->session,
                                                  origin(*second), server_->home()));
  };
  EXPECT_TRUE(refused(change("wrong", "battery staple"), RefusalKind::kInvalidCredentials));
  ASSERT_TRUE(change("correct horse", "battery staple").has_value());
  EXPECT_EQ(server_->ask(first->access_token), 401);
  EXPECT_EQ(server_->ask(second->access_token), 200);
  EXPECT_TRUE(server_->refresh(second->refresh_token).has_value());
  EXPECT_FALSE(server_->sign_in("alice").has_value());
  EXPECT_TRUE(server_->sign_in("alice", "battery staple").has_value());
}

TEST_P(IdentityContract, GuessingIsSlowedDownAndLockedAlsoForNamesOfNobody) {
  ASSERT_TRUE(server_->sign_up("alice", "alice@example.com").has_value());
  for (const char* name : {"alice", "nobody"}) {
    for (int i = 0; i < 3; ++i)
      EXPECT_EQ(refusal(server_->sign_in(name, "wrong")), RefusalKind::kInvalidCredentials);
    EXPECT_EQ(refusal(server_->sign_in(name)), RefusalKind::kTooEarly) << name;
    for (int i = 0; i < 2; ++i) {
      clock_.jump(Duration::seconds(2));
      EXPECT_EQ(refusal(server_->sign_in(name, "wrong")), RefusalKind::kInvalidCredentials) << name;
    }
    EXPECT_EQ(refusal(server_->sign_in(name)), RefusalKind::kLocked) << name;
  }
  restart();
  EXPECT_EQ(refusal(server_->sign_in("alice")), RefusalKind::kLocked) << "a restart unlocks nothing";
  clock_.jump(Duration::seconds(15 * 60));
  EXPECT_TRUE(server_->sign_in("alice").has_value());
}

TEST_P(IdentityContract, AttemptsAtTheSameTimeAreNoMoreThanOneAfterTheOther) {
  ASSERT_TRUE(server_->sign_up("alice", "alice@example.com").has_value());
  std::atomic<int> looked{0};
  std::vector<std::thread> crowd;
  for (int i = 0; i < 12; ++i) {
    crowd.emplace_back([&] {
      looked += refusal(server_->sign_in("alice", "wrong")) == RefusalKind::kInvalidCredentials ? 1 : 0;
    });
  }
  for (std::thread& one : crowd) one.join();
  EXPECT_EQ(looked.load(), 3) << "the third failure holds back all others of this moment";
}

TEST_P(IdentityContract, AnOlderHashIsMadeAnewAtTheNextSignIn) {
  ASSERT_TRUE(server_->sign_up("alice", "alice@example.com").has_value());
  server_.reset();
  server_ = std::make_unique<IdentityServer>(*backend_, clock_, 128);
  ASSERT_DONE(server_->started());
  EXPECT_FALSE(server_->sign_in("alice", "wrong horse").has_value());
  EXPECT_NE(server_->find(name_of_username("alice"))->password_hash.find("m=64,"), std::string::npos);
  EXPECT_TRUE(server_->sign_in("alice").has_value());
  EXPECT_NE(server_->find(name_of_username("alice"))->password_hash.find("m=128,"), std::string::npos);
  EXPECT_TRUE(server_->sign_in("alice").has_value());
}

TEST_P(IdentityContract, TheSecondFactorIsAskedForAndACodeWorksOnce) {
  auto made = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(made.has_value());
  auto enrolled = get(server_->service().enroll_two_factor(origin(*made), server_->home()));
  ASSERT_TRUE(enrolled.has_value());
  EXPECT_EQ(enrolled->recovery_codes.size(), 10u);
  EXPECT_TRUE(server_->sign_in("alice").has_value()) << "not on yet";
  const std::string secret = server_->find(name_of_username("alice"))->two_factor.secret;
  auto code = [&] { return security::totp_code(secret, security::totp_step(clock_.now())); };
  EXPECT_TRUE(refused(get(server_->service().verify_two_factor("000000x", origin(*made), server_->home())),
                      RefusalKind::kInvalidCode));
  ASSERT_TRUE(get(server_->service().verify_two_factor(code(), origin(*made), server_->home())).has_value());
  EXPECT_EQ(refusal(server_->sign_in("alice")), RefusalKind::kTwoFactorRequired);
  EXPECT_EQ(refusal(server_->sign_in("alice", "correct horse", code())), RefusalKind::kInvalidCode) << "used";
  clock_.jump(Duration::seconds(30));
  EXPECT_TRUE(server_->sign_in("alice", "correct horse", code()).has_value());
  EXPECT_TRUE(server_->sign_in("alice", "correct horse", enrolled->recovery_codes[3]).has_value());
  EXPECT_EQ(refusal(server_->sign_in("alice", "correct horse", enrolled->recovery_codes[3])),
            RefusalKind::kInvalidCode);
  restart();
  EXPECT_EQ(refusal(server_->sign_in("alice")), RefusalKind::kTwoFactorRequired);
  clock_.jump(Duration::seconds(30));
  EXPECT_TRUE(get(server_->service().disable_two_factor(code(), origin(*made), server_->home())).has_value());
  EXPECT_TRUE(server_->sign_in("alice").has_value());
}

TEST_P(IdentityContract, AnApiKeyStandsForItsUserWithinItsScopesUntilItIsRevokedOrExpires) {
  auto made = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(made.has_value());
  auto create = [&](std::vector<std::string> scopes, std::optional<Timestamp> expires) {
    return get(
        server_->service().create_key("k", std::move(scopes), expires, origin(*made), server_->home()));
  };
  auto all = create({}, std::nullopt);
  auto narrow = create({"wallet:read"}, clock_.now() + Duration::seconds(60));
  ASSERT_TRUE(all && narrow);
  EXPECT_TRUE(refused(create({"audit:read"}, std::nullopt), RefusalKind::kScopeNotGranted));
  EXPECT_EQ(server_->ask_with_key(all->key, "wallet:write"), 200);
  EXPECT_EQ(server_->ask_with_key(all->key, "audit:read"), 403);
  EXPECT_EQ(server_->ask_with_key(narrow->key, "wallet:read"), 200);
  EXPECT_EQ(server_->ask_with_key(narrow->key, "wallet:write"), 403);
  EXPECT_EQ(server_->ask_with_key("dk_" + std::string(43, 'A')), 401);
  EXPECT_EQ(server_->ask_with_key("nonsense"), 401);
  restart();
  EXPECT_EQ(server_->ask_with_key(all->key), 200);
  EXPECT_EQ(server_->ask_with_key(narrow->key), 200);
  clock_.jump(Duration::seconds(60));
  EXPECT_EQ(server_->ask_with_key(narrow->key), 401);
  ASSERT_TRUE(get(server_->service().revoke_key(all->stored.id, origin(*made), server_->home())).has_value());
  EXPECT_EQ(server_->ask_with_key(all->key), 401);
  restart();
  EXPECT_EQ(server_->ask_with_key(all->key), 401);
}

TEST_P(IdentityContract, RolesCountFromTheNextSignInOnAndAtOnceForKeys) {
  auto made = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(made.has_value());
  auto key = get(server_->service().create_key("k", {}, std::nullopt, origin(*made), server_->home()));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(server_->ask(made->access_token, "audit:read"), 403);
  const std::string id = made->user.id.to_string();
  ASSERT_TRUE(get(server_->service().set_roles(id, Role::kAuditor, {}, server_->home())).has_value());
  EXPECT_EQ(server_->ask(made->access_token), 401);
  EXPECT_EQ(server_->ask_with_key(key->key, "audit:read"), 200);
  EXPECT_EQ(server_->ask_with_key(key->key, "wallet:write"), 403);
  EXPECT_EQ(server_->ask(server_->sign_in("alice")->access_token, "audit:read"), 200);
}

TEST_P(IdentityContract, ExternalPeopleAreLinkedByTheirIdentity) {
  ExternalPerson person{"https://id.example 7", "ann@example.com", true, {"Ann", "Lee", {}}};
  auto first = get(server_->service().sign_in_externally(person, {}, server_->home()));
  ASSERT_TRUE(first.has_value());
  person.email = "moved@example.com";
  auto second = get(server_->service().sign_in_externally(person, {}, server_->home()));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->user.id, second->user.id);
  restart();
  auto third = get(server_->service().sign_in_externally(person, {}, server_->home()));
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(first->user.id, third->user.id);
  EXPECT_FALSE(server_->sign_in("ann", "").has_value()) << "no password";
  ExternalPerson stranger{"https://id.example 8", "ann@example.com", false, {}};
  EXPECT_EQ(refusal(get(server_->service().sign_in_externally(stranger, {}, server_->home()))),
            RefusalKind::kEmailTaken);
}

// Whoever signed up with the address never proved it: what he made of it ends when its owner comes.
TEST_P(IdentityContract, KeysOfAnUnprovenAddressEndWhenItsOwnerIsLinked) {
  auto squatter = server_->sign_up("ann", "ann@example.com");
  ASSERT_TRUE(squatter.has_value());
  auto key = get(server_->service().create_key("k", {}, std::nullopt, origin(*squatter), server_->home()));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(server_->ask_with_key(key->key), 200);
  ExternalPerson owner{"https://id.example 7", "ann@example.com", true, {"Ann", "Lee", {}}};
  ASSERT_TRUE(get(server_->service().sign_in_externally(owner, {}, server_->home())).has_value());
  EXPECT_EQ(server_->ask_with_key(key->key), 401);
  restart();
  EXPECT_EQ(server_->ask_with_key(key->key), 401);
}

TEST_P(IdentityContract, EverythingIsAuditedAndNoSecretIsTold) {
  auto made = server_->sign_up("alice", "alice@example.com");
  ASSERT_TRUE(made.has_value());
  (void)server_->sign_in("alice", "wrong horse");
  (void)server_->sign_in("nobody", "wrong horse");
  (void)server_->sign_up("alice", "second@example.com");
  auto key = get(server_->service().create_key("k", {}, std::nullopt, origin(*made), server_->home()));
  (void)get(server_->service().sign_out(made->refresh_token, {}, origin(*made), server_->home()));
  const std::vector<std::string> expected = {
      "CREATE User SUCCESS", "LOGIN User SUCCESS",    "LOGIN User FAILED",  "LOGIN User FAILED",
      "CREATE User FAILED",  "CREATE ApiKey SUCCESS", "LOGOUT User SUCCESS"};
  std::vector<std::string> seen;
  std::set<std::string> ids;
  broker::CloudEventReader reader;
  for (const broker::Message& message : server_->audit(expected.size())) {
    EXPECT_EQ(message.stream, "AUDIT_LOGS");
    EXPECT_EQ(message.type, "audit.log.create");
    ids.insert(message.id);
    auto event = reader.read(message.body);
    ASSERT_DONE(event);
    auto field = [&](std::string_view name) {
      std::string mark = "\"" + std::string(name) + "\":\"";
      size_t from = event->data.find(mark);
      if (from == std::string_view::npos) return std::string("-");
      from += mark.size();
      return std::string(event->data.substr(from, event->data.find('"', from) - from));
    };
    EXPECT_EQ(field("correlationId"), message.id);
    seen.push_back(field("action") + " " + field("entityType") + " " + field("status"));
    EXPECT_EQ(message.body.find("argon2"), std::string::npos);
    EXPECT_EQ(message.body.find("horse"), std::string::npos);
    EXPECT_EQ(message.body.find(key->stored.hash), std::string::npos);
  }
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(ids.size(), expected.size()) << "each message has an id of its own";
  std::vector<std::string> first_ids, second_ids;
  for (const auto& message : server_->audit(expected.size())) first_ids.push_back(message.id + message.body);
  restart();
  for (const auto& message : server_->audit(expected.size())) second_ids.push_back(message.id + message.body);
  EXPECT_EQ(first_ids, second_ids) << "whenever it is read";
}

}  // namespace ducat::identity::testing
