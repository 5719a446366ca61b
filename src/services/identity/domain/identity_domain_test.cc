// The rules by example: given a user and his sessions, a command leads to these events or that refusal.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "services/identity/domain/credentials.h"

namespace ducat::identity {
namespace {

constexpr Timestamp kNoon{1'800'000'000'000'000};
constexpr Timestamp after(int64_t seconds) {
  return kNoon + Duration::seconds(seconds);
}
constexpr Timestamp kNever = after(7 * 24 * 3600);

Uuid id(uint8_t number) {
  Uuid made;
  made.bytes[15] = number;
  return made;
}

// A user and the sessions of one, evolved by whatever is decided.
struct World {
  User user;
  std::map<Uuid, Session> sessions;

  World() {
    SignUp command;
    command.user_id = id(1);
    command.username = "alice";
    command.email = "alice@example.com";
    command.password_hash = "hash-1";
    command.roles = Role::kUser;
    command.session = NewSession{id(10), kNever};
    apply(decide(Taken{}, command, Context{kNoon}), kNoon, 1);
  }
  void apply(const Decision& decision, Timestamp at, uint64_t no = 1) {
    for (const Body& body : decision.events) {
      Event event{no, id(1), at, {}, body};
      evolve(user, event);
      if (auto about = session_of(event)) evolve(sessions[*about], user, event);
    }
  }
  template <typename C>
  Decision run(const C& command, Timestamp at) {
    Decision decision = decide(&user, command, Context{at});
    apply(decision, at);
    return decision;
  }
  template <typename C>
  Decision run(const Uuid& session, const C& command, Timestamp at) {
    auto found = sessions.find(session);
    Decision decision =
        decide(&user, found == sessions.end() ? nullptr : &found->second, command, Context{at});
    apply(decision, at);
    return decision;
  }
  Decision sign_in(bool matches, Timestamp at, GivenCode code = {}, uint8_t session = 20) {
    code.checked_secret = user.two_factor.secret;
    return run(SignIn{user.password_hash, matches, {}, std::move(code), {id(session), kNever}}, at);
  }
  bool live(uint8_t session, Timestamp at) { return is_live(sessions.at(id(session)), user, at); }
};

std::optional<RefusalKind> kind_of(const Decision& decision) {
  return decision.refusal ? std::optional(decision.refusal->kind) : std::nullopt;
}

GivenCode code_of(std::optional<int64_t> step, std::string recovery = {}) {
  GivenCode code;
  code.given = true;
  code.totp_step = step;
  code.recovery_hash = std::move(recovery);
  return code;
}

TEST(SignIn, TheRightPasswordBeginsASession) {
  World world;
  EXPECT_EQ(kind_of(world.sign_in(true, after(1))), std::nullopt);
  EXPECT_TRUE(world.live(20, after(2)));
  EXPECT_TRUE(world.live(10, after(2))) << "other sessions go on";
}

TEST(SignIn, AWrongPasswordIsAFactThatCounts) {
  World world;
  Decision decision = world.sign_in(false, after(1));
  EXPECT_EQ(kind_of(decision), RefusalKind::kInvalidCredentials);
  ASSERT_EQ(decision.events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<SignInFailed>(decision.events[0]));
}

TEST(SignIn, FromTheThirdFailureOnTheNextAttemptHasToWait) {
  World world;
  for (int i = 1; i <= 3; ++i)
    EXPECT_EQ(kind_of(world.sign_in(false, kNoon)), RefusalKind::kInvalidCredentials) << i;
  Decision early = world.sign_in(true, kNoon + Duration::millis(999));
  EXPECT_EQ(kind_of(early), RefusalKind::kTooEarly) << "even with the right password";
  EXPECT_TRUE(early.events.empty()) << "it was not looked at, so it counts as nothing";
  EXPECT_EQ(early.refusal->wait, Duration::millis(1));
  EXPECT_EQ(kind_of(world.sign_in(false, after(1))), RefusalKind::kInvalidCredentials);
  EXPECT_EQ(kind_of(world.sign_in(true, after(1) + Duration::millis(1999))), RefusalKind::kTooEarly);
  EXPECT_EQ(kind_of(world.sign_in(true, after(3))), std::nullopt);
}

TEST(SignIn, FiveFailuresWithinFifteenMinutesLockForFifteenMinutes) {
  World world;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(kind_of(world.sign_in(false, after(10 * i))), RefusalKind::kInvalidCredentials) << i;
  }
  const int64_t locked = 40;
  Decision refused = world.sign_in(true, after(locked + 1));
  EXPECT_EQ(kind_of(refused), RefusalKind::kLocked);
  EXPECT_EQ(refused.refusal->wait, Duration::seconds(899));
  EXPECT_EQ(kind_of(world.sign_in(true, after(locked + 900) - Duration{1})), RefusalKind::kLocked);
  EXPECT_EQ(kind_of(world.sign_in(true, after(locked + 900))), std::nullopt);
}

TEST(SignIn, FailuresThatLieFurtherApartDoNotLock) {
  World world;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(kind_of(world.sign_in(false, after(300 * i))), RefusalKind::kInvalidCredentials) << i;
  }
}

TEST(SignIn, ASuccessForgetsTheFailures) {
  World world;
  for (int i = 0; i < 4; ++i) (void)world.sign_in(false, after(10 * i));
  EXPECT_EQ(kind_of(world.sign_in(true, after(50))), std::nullopt);
  EXPECT_EQ(kind_of(world.sign_in(false, after(51))), RefusalKind::kInvalidCredentials);
  EXPECT_EQ(kind_of(world.sign_in(true, after(51))), std::nullopt);
}

// Whatever the times: never more than four wrong passwords are looked at within any fifteen minutes without a
// lock that begins with the fifth and lasts.
TEST(SignIn, NoSequenceOfAttemptsHasMoreThanFiveLookedAtInFifteenMinutes) {
  EXPECT_TRUE(rc::check([](const std::vector<uint16_t>& pauses) {
    Attempts attempts;
    std::vector<Timestamp> looked;
    Timestamp now = kNoon;
    for (uint16_t pause : pauses) {
      now = now + Duration::millis(pause * 10);
      if (gate_of(attempts, now).state != Gate::State::kOpen) continue;
      add_failure(attempts, now);
      looked.push_back(now);
    }
    for (size_t i = kFailuresToLock; i < looked.size(); ++i) {
      RC_ASSERT(looked[i] - looked[i - kFailuresToLock] >= kFailureWindow);
    }
  }));
}

TEST(SignIn, APasswordThatChangedMeanwhileIsLookedAtAgain) {
  World world;
  SignIn command{"older-hash", true, {}, {}, {id(20), kNever}};
  EXPECT_EQ(kind_of(world.run(command, after(1))), RefusalKind::kStale);
}

TEST(SignIn, AHashMadeAnewReplacesTheOlder) {
  World world;
  (void)world.run(SignIn{"hash-1", true, "hash-2", {}, {id(20), kNever}}, after(1));
  EXPECT_EQ(world.user.password_hash, "hash-2");
}

TEST(TwoFactor, CountsOnlyOnceACodeWasVerifiedAndACodeWorksOnce) {
  World world;
  (void)world.run(EnrollTwoFactor{"secret", {"r1", "r2"}}, after(1));
  EXPECT_EQ(kind_of(world.sign_in(true, after(2))), std::nullopt) << "not verified yet";
  GivenCode code = code_of(100);
  code.checked_secret = "secret";
  EXPECT_EQ(kind_of(world.run(VerifyTwoFactor{code}, after(3))), std::nullopt);
  EXPECT_EQ(kind_of(world.sign_in(true, after(4))), RefusalKind::kTwoFactorRequired);
  EXPECT_EQ(kind_of(world.sign_in(true, after(5), code_of(100))), RefusalKind::kInvalidCode) << "used up";
  EXPECT_EQ(kind_of(world.sign_in(true, after(6), code_of(101))), std::nullopt);
  EXPECT_EQ(kind_of(world.sign_in(true, after(7), code_of(101))), RefusalKind::kInvalidCode);
  EXPECT_EQ(kind_of(world.sign_in(true, after(8), code_of(std::nullopt, "r1"))), std::nullopt);
  EXPECT_EQ(kind_of(world.sign_in(true, after(9), code_of(std::nullopt, "r1"))), RefusalKind::kInvalidCode);
  EXPECT_EQ(kind_of(world.sign_in(true, after(10), code_of(std::nullopt, "r2"))), std::nullopt);
}

TEST(TwoFactor, WrongCodesLockTheAccountAsWrongPasswordsDo) {
  World world;
  (void)world.run(EnrollTwoFactor{"secret", {}}, after(1));
  GivenCode code = code_of(100);
  code.checked_secret = "secret";
  (void)world.run(VerifyTwoFactor{code}, after(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(kind_of(world.sign_in(true, after(10 * i + 10), code_of(std::nullopt))),
              RefusalKind::kInvalidCode);
  }
  EXPECT_EQ(kind_of(world.sign_in(true, after(60), code_of(200))), RefusalKind::kLocked);
}

TEST(TwoFactor, DisablingNeedsACodeAndLeavesNothingOfIt) {
  World world;
  (void)world.run(EnrollTwoFactor{"secret", {"r1"}}, after(1));
  GivenCode code = code_of(100);
  code.checked_secret = "secret";
  (void)world.run(VerifyTwoFactor{code}, after(1));
  EXPECT_EQ(kind_of(world.run(DisableTwoFactor{code}, after(2))), RefusalKind::kInvalidCode);
  code.totp_step = 101;
  EXPECT_EQ(kind_of(world.run(DisableTwoFactor{code}, after(3))), std::nullopt);
  EXPECT_FALSE(world.user.two_factor.enabled);
  EXPECT_TRUE(world.user.two_factor.secret.empty());
  EXPECT_EQ(kind_of(world.sign_in(true, after(4))), std::nullopt);
}

TEST(Sessions, ARefreshTokenWorksOnceAndAUsedOneEndsTheFamily) {
  World world;
  EXPECT_EQ(kind_of(world.run(id(10), Refresh{1, kNever}, after(1))), std::nullopt);
  EXPECT_EQ(kind_of(world.run(id(10), Refresh{2, kNever}, after(2))), std::nullopt);
  EXPECT_EQ(kind_of(world.run(id(10), Refresh{1, kNever}, after(3))), RefusalKind::kInvalidRefreshToken);
  EXPECT_FALSE(world.live(10, after(3)));
  EXPECT_EQ(kind_of(world.run(id(10), Refresh{3, kNever}, after(4))), RefusalKind::kInvalidRefreshToken)
      << "the newest of the family as well";
}

TEST(Sessions, ANumberThatWasNeverGivenEndsNothing) {
  World world;
  EXPECT_EQ(kind_of(world.run(id(10), Refresh{7, kNever}, after(1))), RefusalKind::kInvalidRefreshToken);
  EXPECT_TRUE(world.live(10, after(2)));
}

TEST(Sessions, EndWithTheirTimeWithALogoutAndWithAllOthers) {
  World world;
  EXPECT_FALSE(world.live(10, kNever));
  (void)world.sign_in(true, after(1));
  (void)world.run(id(10), SignOut{}, after(2));
  EXPECT_FALSE(world.live(10, after(3)));
  EXPECT_TRUE(world.live(20, after(3)));
  (void)world.run(SignOutEverywhere{}, after(4));
  EXPECT_FALSE(world.live(20, after(5)));
  (void)world.sign_in(true, after(6), {}, 30);
  EXPECT_TRUE(world.live(30, after(7)));
}

TEST(Sessions, AChangedPasswordEndsAllButTheOneItWasChangedIn) {
  World world;
  (void)world.sign_in(true, after(1));
  Decision decision = world.run(ChangePassword{"hash-1", true, "hash-2", id(20)}, after(2));
  EXPECT_EQ(kind_of(decision), std::nullopt);
  EXPECT_EQ(world.user.password_hash, "hash-2");
  EXPECT_FALSE(world.live(10, after(3)));
  EXPECT_TRUE(world.live(20, after(3)));
  (void)world.run(SignOutEverywhere{}, after(4));
  EXPECT_FALSE(world.live(20, after(5))) << "what was kept once is not kept for ever";
}

TEST(Accounts, NamesBelongToOneUser) {
  SignUp command;
  command.username = "alice";
  command.email = "a@b.c";
  EXPECT_EQ(kind_of(decide(Taken{.email = true}, command, Context{kNoon})), RefusalKind::kEmailTaken);
  EXPECT_EQ(kind_of(decide(Taken{.username = true}, command, Context{kNoon})), RefusalKind::kUsernameTaken);
  command.derived = true;
  command.fallback = "alice-1";
  Decision made = decide(Taken{.username = true}, command, Context{kNoon});
  ASSERT_EQ(kind_of(made), std::nullopt);
  EXPECT_EQ(std::get<SignedUp>(made.events[0]).username, "alice-1");
}

TEST(Accounts, OnlyTheUserHimselfChangesHisProfileAndATryLeavesEvidence) {
  World world;
  ChangeProfile own{"u1", "u1", "Ann", std::nullopt, std::nullopt};
  EXPECT_EQ(kind_of(world.run(own, after(1))), std::nullopt);
  EXPECT_EQ(world.user.profile.first_name, "Ann");
  EXPECT_TRUE(world.run(own, after(2)).events.empty()) << "nothing changes";
  ChangeProfile other{"u2", "u1", "Bob", std::nullopt, std::nullopt};
  Decision refused = world.run(other, after(3));
  EXPECT_EQ(kind_of(refused), RefusalKind::kForbidden);
  ASSERT_EQ(refused.events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<AttemptRefused>(refused.events[0]));
  EXPECT_EQ(world.user.profile.first_name, "Ann");
}

TEST(Accounts, AnExternalIdentityIsLinkedByAVerifiedAddressOnly) {
  World world;
  SignInExternally command;
  command.account.email = world.user.email;
  command.account.external_identity = "https://id.example 7";
  command.account.session = NewSession{id(30), kNever};
  auto unverified = decide(nullptr, &world.user, Taken{.email = true}, command, Context{kNoon});
  EXPECT_EQ(kind_of(unverified.decision), RefusalKind::kEmailTaken);
  command.account.email_verified = true;
  auto linked = decide(nullptr, &world.user, Taken{.email = true}, command, Context{kNoon});
  ASSERT_EQ(kind_of(linked.decision), std::nullopt);
  EXPECT_EQ(linked.user, &world.user);
  world.apply(linked.decision, after(1));
  EXPECT_TRUE(world.user.password_hash.empty()) << "whoever chose it never proved the address";
  EXPECT_FALSE(world.live(10, after(2)));
  EXPECT_TRUE(world.live(30, after(2)));
  EXPECT_EQ(world.user.external_identities.size(), 1u);
}

TEST(ApiKeys, MayDoNoMoreThanTheirUser) {
  World world;
  ApiKey key{id(40), "h", "k", {"wallet:read"}, {}, std::nullopt};
  EXPECT_EQ(kind_of(world.run(CreateApiKey{key}, after(1))), std::nullopt);
  key.scopes = {"audit:read"};
  EXPECT_EQ(kind_of(world.run(CreateApiKey{key}, after(1))), RefusalKind::kScopeNotGranted);
  EXPECT_EQ(kind_of(world.run(RevokeApiKey{id(41)}, after(1))), RefusalKind::kKeyNotFound);
  EXPECT_EQ(kind_of(world.run(RevokeApiKey{id(40)}, after(1))), std::nullopt);
  EXPECT_TRUE(world.user.api_keys.empty());
}

TEST(ApiKeys, ThereAreFiftyAtMostAndExpiredOnesMakeRoom) {
  World world;
  for (uint8_t i = 0; i < kMaxApiKeys; ++i) {
    ApiKey key{id(static_cast<uint8_t>(50 + i)), "h", "k", {}, {}, std::nullopt};
    if (i == 0) key.expires_at = after(100);
    EXPECT_EQ(kind_of(world.run(CreateApiKey{key}, after(1))), std::nullopt) << int{i};
  }
  ApiKey more{id(200), "h", "k", {}, {}, std::nullopt};
  EXPECT_EQ(kind_of(world.run(CreateApiKey{more}, after(2))), RefusalKind::kTooManyKeys);
  EXPECT_EQ(kind_of(world.run(CreateApiKey{more}, after(100))), std::nullopt);
  EXPECT_EQ(world.user.api_keys.size(), kMaxApiKeys);
}

TEST(Roles, GrantWhatTheTableSays) {
  struct Case {
    Role role;
    std::string_view permission;
    bool granted;
  };
  const Case cases[] = {
      {Role::kUser, "wallet:write", true},     {Role::kUser, "transaction:write", true},
      {Role::kUser, "audit:read", false},      {Role::kUser, "jobs:manage", false},
      {Role::kUser, "users:manage", false},    {Role::kAuditor, "audit:read", true},
      {Role::kAuditor, "wallet:read", true},   {Role::kAuditor, "wallet:write", false},
      {Role::kAuditor, "audit:write", false},  {Role::kOperator, "jobs:manage", true},
      {Role::kOperator, "audit:write", false}, {Role::kOperator, "users:manage", false},
      {Role::kAdmin, "users:manage", true},    {Role::kAdmin, "audit:write", true},
  };
  for (const Case& c : cases) EXPECT_EQ(grants(c.role, c.permission), c.granted) << c.permission;
  EXPECT_FALSE(grants(RoleSet(), "wallet:read"));
  EXPECT_FALSE(grants(Role::kAdmin, "nonsense"));
  EXPECT_EQ(roles_from(std::vector<std::string>{"auditor", "root"}), RoleSet(Role::kAuditor));
  EXPECT_TRUE(is_permission("wallet:read"));
  for (std::string_view bad : {"", ":", "wallet", "wallet:", ":read", "a:b:c", "Wallet:read", "*:*"}) {
    EXPECT_FALSE(is_permission(bad)) << bad;
  }
}

TEST(Users, NamesAreWhatTheyMustBe) {
  for (std::string_view good : {"ann", "Ann.Lee-2_x", "123"}) EXPECT_TRUE(is_username(good)) << good;
  for (std::string_view bad : {"", "an", "a b", "a@b", "änn"}) EXPECT_FALSE(is_username(bad)) << bad;
  EXPECT_FALSE(is_username(std::string(51, 'a')));
  EXPECT_EQ(username_from("ann.lee+x@example.com"), "ann.leex");
  EXPECT_TRUE(is_username(username_from("ü@example.com")));
  EXPECT_TRUE(is_username(username_from(std::string(200, 'a') + "@example.com") + "-123456"));
}

}  // namespace
}  // namespace ducat::identity
