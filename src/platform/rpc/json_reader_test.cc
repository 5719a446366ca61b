// Bodies: what is read exactly, what is refused, and in which words.
#include "platform/rpc/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "ducat/wallet/v1/wallet.pb.h"
#include "platform/rpc/json_writer.h"
#include "rpc_testing.pb.h"

namespace ducat::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

template <typename Message>
struct Read {
  Message message;
  std::string_view problem;
  Texts violations;
};

template <typename Message>
Read<Message> read(std::string_view body) {
  PlanCache plans;
  Read<Message> result;
  Violations violations;
  result.problem = read_json(body, plans.of(Message::descriptor()), result.message, violations);
  for (const Violation& violation : violations.list()) result.violations.push_back(violation.message);
  return result;
}

// The violations of an otherwise good Everything with `member` besides.
Texts broken(const std::string& member) {
  auto result = read<testing::Everything>(R"({"name":"n","amount":1,)" + member + "}");
  EXPECT_EQ(result.problem, "") << member;
  return result.violations;
}

TEST(JsonReader, ReadsEveryKindOfField) {
  auto result = read<testing::Everything>(
      R"( { "name":"J\u00f6\"", "amount":12.50, "fee":"0.10", "count":7, "big":9007199254740993, "flag":true,
      "id":"019b7d2c-6d1e-7c3a-9d55-0a4bb1a8c0de", "email":"a@b.co", "at":"2026-01-02T03:04:05.678Z", "colour":"red",
      "metadata":{"a": [1.10,{"b":null}]}, "tags":["x","y"], "items":[{"type":"y","numbers":[1,2]},{"type":"x","amount":3}],
      "item":{"type":"y"}, "kind":"b", "code":"USD", "date":"2026-01-02" } )");
  ASSERT_EQ(result.problem, "");
  EXPECT_THAT(result.violations, IsEmpty());
}

TEST(JsonReader, TellsNullFromAbsentWhereTheContractWantsToKnow) {
  auto names = [](std::string_view body) {
    auto result = read<testing::Patch>(body);
    EXPECT_EQ(result.problem, "") << body;
    EXPECT_THAT(result.violations, IsEmpty()) << body;
    return Texts(result.message.cleared().begin(), result.message.cleared().end());
  };
  EXPECT_THAT(names("{}"), IsEmpty());
  EXPECT_THAT(names(R"({"name":"","metadata":{}})"), IsEmpty());
  EXPECT_THAT(names(R"({"metadata":null,"amount":null,"name":null})"), ElementsAre("metadata", "name"));
  EXPECT_THAT(read<testing::Patch>(R"({"cleared":["name"]})").violations,
              ElementsAre("property cleared should not exist"))
      << "it is no member";
}

TEST(JsonReader, KeepsValuesExactly) {
  auto [message, problem, violations] = read<testing::Everything>(
      R"({"name":"J\u00f6\"\n","amount":12.50,"fee":"0.10","big":9007199254740993,"at":"1970-01-01T00:00:01Z","colour":"BLUE",)"
      R"("metadata": {"a": 1.10} ,"tags":["x",""],"count":1e2,"item":{"type":"x","amount":1e1,"numbers":[5]}})");
  ASSERT_EQ(problem, "");
  ASSERT_THAT(violations, IsEmpty());
  EXPECT_EQ(message.name(), "Jö\"\n");
  EXPECT_EQ(message.amount(), "12.50");
  EXPECT_EQ(message.fee(), "0.10");
  EXPECT_EQ(message.big(), 9007199254740993);
  EXPECT_EQ(message.at(), 1'000'000);
  EXPECT_EQ(message.colour(), testing::BLUE);
  EXPECT_EQ(message.metadata(), R"({"a": 1.10})");
  EXPECT_THAT(message.tags(), ElementsAre("x", ""));
  EXPECT_EQ(message.count(), 100);
  EXPECT_EQ(message.item().amount(), "10");
  EXPECT_FALSE(message.has_flag());
}

TEST(JsonReader, SaysWhatIsWrongWithAnAmount) {
  const std::string positive = "amount must be a positive number";
  const std::string number = "amount must be a number conforming to the specified constraints";
  const std::pair<const char*, Texts> cases[] = {
      {R"({})", {positive, number}},
      {R"({"amount":null})", {positive, number}},
      {R"({"amount":"abc"})", {positive, number}},
      {R"({"amount":""})", {positive, number}},
      {R"({"amount":"1e2"})", {positive, number}},
      {R"({"amount":"+5"})", {positive, number}},
      {R"({"amount":"NaN"})", {positive, number}},
      {R"({"amount":true})", {positive, number}},
      {R"({"amount":[1]})", {positive, number}},
      {R"({"amount":{"a":1}})", {positive, number}},
      {R"({"amount":0})", {positive}},
      {R"({"amount":-5})", {positive}},
      {R"({"amount":"-0.01"})", {positive}},
      {R"({"amount":-0.0})", {positive}},
      {R"({"amount":0e5})", {positive}},
      {R"({"amount":1000000000000000})", {number}},
      {R"({"amount":1e300})", {number}},
      {R"({"amount":100})", {}},
      {R"({"amount":"100.25"})", {}},
      {R"({"amount":0.1})", {}},
  };
  for (const auto& [body, expected] : cases) {
    PlanCache plans;
    wallet::v1::WithdrawRequest request;
    Violations violations;
    const MessagePlan plan = plans.part(request.GetDescriptor(), PlanCache::Part::kBody, false);
    EXPECT_EQ(read_json(body, plan, request, violations), "") << body;
    Texts texts;
    for (const Violation& violation : violations.list()) texts.push_back(violation.message);
    EXPECT_EQ(texts, expected) << body;
  }
}

TEST(JsonReader, SaysWhatIsWrongWithEachKind) {
  EXPECT_THAT(broken(R"("count":0)"), ElementsAre("count must not be less than 1"));
  EXPECT_THAT(broken(R"("count":1001)"), ElementsAre("count must not be greater than 1000"));
  EXPECT_THAT(broken(R"("count":99999999999)"), ElementsAre("count must not be greater than 1000"));
  EXPECT_THAT(broken(R"("count":1.5)"), ElementsAre("count must be an integer number"));
  EXPECT_THAT(broken(R"("count":"5")"), ElementsAre("count must be an integer number"));
  EXPECT_THAT(broken(R"("big":9223372036854775808)"), ElementsAre("big must be an integer number"));
  EXPECT_THAT(broken(R"("flag":"true")"), ElementsAre("flag must be a boolean value"));
  EXPECT_THAT(broken(R"("id":"nope")"), ElementsAre("id must be a UUID"));
  EXPECT_THAT(broken(R"("id":5)"), ElementsAre("id must be a UUID"));
  EXPECT_THAT(broken(R"("email":"a.b")"), ElementsAre("email must be an email"));
  EXPECT_THAT(broken(R"("at":"yesterday")"), ElementsAre("at must be a valid ISO 8601 date string"));
  EXPECT_THAT(broken(R"("at":5)"), ElementsAre("at must be a valid ISO 8601 date string"));
  EXPECT_THAT(broken(R"("date":"2026-13-01")"), ElementsAre("date must be a valid ISO 8601 date string"));
  EXPECT_THAT(broken(R"("colour":"green")"),
              ElementsAre("colour must be one of the following values: red, BLUE"));
  EXPECT_THAT(broken(R"("kind":"c")"), ElementsAre("kind must be one of the following values: a, b"));
  EXPECT_THAT(broken(R"("metadata":[1])"), ElementsAre("metadata must be an object"));
  EXPECT_THAT(broken(R"("metadata":"{}")"), ElementsAre("metadata must be an object"));
  EXPECT_THAT(broken(R"("tags":"x")"), ElementsAre("tags must be an array"));
  EXPECT_THAT(broken(R"("tags":7)"), ElementsAre("tags must be an array"));
  EXPECT_THAT(broken(R"("tags":{})"), ElementsAre("tags must be an array"));
  EXPECT_THAT(broken(R"("tags":["x",5,null])"),
              ElementsAre("tags.1 must be a string", "tags.2 must be a string"));
  EXPECT_THAT(broken(R"("tags":["a","b","c","d"])"),
              ElementsAre("tags must contain no more than 3 elements"));
  EXPECT_THAT(broken(R"("code":"US")"), ElementsAre("code must be longer than or equal to 3 characters"));
  EXPECT_THAT(broken(R"("code":"DOLLAR")"),
              ElementsAre("code must be shorter than or equal to 4 characters"));
  EXPECT_THAT(broken(R"("code":"öäüß")"), IsEmpty()) << "lengths are of code points";
  EXPECT_THAT(broken(R"("code":"a\u0000b")"), ElementsAre("code must not contain null characters"));
  EXPECT_THAT(broken(R"("fee":-1)"), ElementsAre("fee must not be less than 0"));
  EXPECT_THAT(broken(R"("item":5)"), ElementsAre("item must be an object"));
  EXPECT_THAT(broken(R"("item":"x")"), ElementsAre("item must be an object"));
}

TEST(JsonReader, MissingAndEmptyTextsAreNamed) {
  auto missing = read<testing::Everything>(R"({"amount":1})");
  EXPECT_THAT(missing.violations, ElementsAre("name should not be empty", "name must be a string"));
  auto empty = read<testing::Everything>(R"({"amount":1,"name":""})");
  EXPECT_THAT(empty.violations, ElementsAre("name should not be empty"));
  auto number = read<testing::Everything>(R"({"amount":1,"name":5})");
  EXPECT_THAT(number.violations, ElementsAre("name must be a string"));
}

TEST(JsonReader, RefusesUnknownPropertiesByName) {
  auto result = read<testing::Everything>(
      R"({"name":"n","amount":1,"currency":"USD","__proto__":{"x":[1,2]},"Name":1})");
  EXPECT_THAT(result.violations,
              ElementsAre("property currency should not exist", "property __proto__ should not exist",
                          "property Name should not exist"));
}

TEST(JsonReader, NamesThePlaceInNestedObjects) {
  auto result = read<wallet::v1::BatchRequest>(
      R"({"operations":[{"type":"deposit","walletId":"a","amount":1,"idempotencyKey":"k"},)"
      R"({"type":"transfer","walletId":"a","amount":-1,"idempotencyKey":"k2","x":1},)"
      R"({"type":"void","walletId":"a","idempotencyKey":"k3"},7]})");
  EXPECT_THAT(
      result.violations,
      ElementsAre("operations.1.amount must be a positive number", "operations.1.property x should not exist",
                  "operations.1.toWalletId should not be empty", "operations.1.toWalletId must be a string",
                  "operations.2.holdId must be a UUID", "operations.3 must be an object"));
}

TEST(JsonReader, RequiresAListAndBoundsIt) {
  EXPECT_THAT(read<wallet::v1::BatchRequest>("{}").violations, ElementsAre("operations must be an array"));
  EXPECT_THAT(read<wallet::v1::BatchRequest>(R"({"operations":[]})").violations,
              ElementsAre("operations must contain at least 1 elements"));
  std::string body = R"({"operations":[)";
  for (int i = 0; i < 8193; ++i)
    body +=
        std::string(i ? "," : "") + R"({"type":"deposit","walletId":"a","amount":1,"idempotencyKey":"k"})";
  auto result = read<wallet::v1::BatchRequest>(body + "]}");
  EXPECT_THAT(result.violations, ElementsAre("operations must contain no more than 8192 elements"));
}

TEST(JsonReader, CollectsAtMostTwentyViolations) {
  std::string body = "{";
  for (int i = 0; i < 100; ++i) body += "\"x" + std::to_string(i) + "\":1,";
  auto result = read<testing::Everything>(body + R"("name":"n","amount":1})");
  EXPECT_EQ(result.violations.size(), kMaxViolations);
}

TEST(JsonReader, NullIsAbsentAndGivenWhereTheContractSaysNullable) {
  auto result =
      read<testing::Everything>(R"({"name":"n","amount":1,"fee":null,"flag":null,"tags":null,"item":null})");
  EXPECT_EQ(result.problem, "");
  EXPECT_THAT(result.violations, IsEmpty());
  EXPECT_FALSE(result.message.has_fee());
  PlanCache plans;
  wallet::v1::SetDailyLimitRequest limit;
  const MessagePlan plan = plans.part(limit.GetDescriptor(), PlanCache::Part::kBody, false);
  Violations violations;
  EXPECT_EQ(read_json(R"({"limit":null})", plan, limit, violations), "");
  EXPECT_TRUE(violations.empty());
  EXPECT_EQ(read_json(R"({})", plan, limit, violations), "");
  EXPECT_FALSE(violations.empty());
}

TEST(JsonReader, FieldsOfThePathAreNoPropertiesOfTheBody) {
  PlanCache plans;
  wallet::v1::DepositRequest request;
  const MessagePlan plan = plans.part(request.GetDescriptor(), PlanCache::Part::kBody, false);
  Violations violations;
  EXPECT_EQ(read_json(R"({"walletId":"other","amount":1})", plan, request, violations), "");
  ASSERT_EQ(violations.list().size(), 1u);
  EXPECT_EQ(violations.list()[0].message, "property walletId should not exist");
}

TEST(JsonReader, MalformedTextIsRefused) {
  const std::string deep = R"({"metadata":)" + std::string(5000, '[') + std::string(5000, ']') + "}";
  const std::string cases[] = {"{",
                               "}",
                               "{}{}",
                               "{} x",
                               "{},",
                               R"({"name":"n")",
                               R"({"name":"n",})",
                               R"({"name" "n"})",
                               R"({name:1})",
                               R"({'name':1})",
                               R"({"amount":NaN})",
                               R"({"amount":Infinity})",
                               R"({"amount":-Infinity})",
                               R"({"amount":01})",
                               R"({"amount":1.})",
                               R"({"amount":+1})",
                               R"({"amount":.5})",
                               R"({"amount":1 2})",
                               R"({"flag":tru})",
                               R"({"flag":truex})",
                               R"({"flag":nul})",
                               R"({"flag":nullx})",
                               R"({"tags":["a" "b"]})",
                               R"({"tags":["a",]})",
                               R"({"tags":["a"})",
                               R"({"name":"\x"})",
                               R"({"name":"\ud800"})",
                               "{\"name\":\"\xff\"}",
                               "{\"name\":\"\xc0\x80\"}",
                               "{\"name\":\"a\nb\"}",
                               R"({"name":"n)",
                               R"({"metadata":{"a":}})",
                               R"({"metadata":{"a":01}})",
                               R"({"metadata":{"a":1]})",
                               R"({"name":"a":1})",
                               R"({"item":{"type":"a":1}})",
                               R"({"amount":1e})",
                               "\xef\xbb\xbf{}",
                               R"({"name":"a"b})",
                               R"({"name":"a""b"})",
                               "nul",
                               "{\"a\"}",
                               R"({"metadata":{"name":"a":1}})",
                               R"({"item":{"type":"x")",
                               R"({"item":{"type":"x"]})"};
  for (const std::string& body : cases) EXPECT_NE(read<testing::Everything>(body).problem, "") << body;
  EXPECT_THAT(read<testing::Everything>(deep).violations, ::testing::Contains("metadata must be an object"));
}

TEST(JsonReader, ABodyThatIsNoObjectIsRefused) {
  for (const char* body : {"[]", "1", "\"x\"", "null", "true", "[{}]"}) {
    EXPECT_NE(read<testing::Everything>(body).problem, "") << body;
  }
}

TEST(JsonReader, ARepeatedKeyIsRefused) {
  EXPECT_NE(read<testing::Everything>(R"({"name":"a","name":"a"})").problem, "");
  EXPECT_NE(read<testing::Everything>(R"({"name":"a","n\u0061me":"a"})").problem, "")
      << "however it is written";
}

TEST(JsonReader, DepthIsBounded) {
  auto nested = [](int depth) {
    std::string body;
    for (int i = 0; i < depth; ++i) body += R"({"type":"y","numbers":[1],"child":)";
    body += R"({"type":"y","numbers":[1]})";
    return body + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_EQ(read<testing::Item>(nested(20)).problem, "");
  EXPECT_NE(read<testing::Item>(nested(kMaxJsonDepth + 1)).problem, "");
  std::string free =
      R"({"name":"n","amount":1,"metadata":{"a":)" + std::string(100, '[') + std::string(100, ']') + "}}";
  EXPECT_NE(read<testing::Everything>(free).problem, "");
}

TEST(JsonReader, ABlankBodyIsAnEmptyObject) {
  EXPECT_THAT(read<wallet::v1::BatchRequest>(" \n").violations, ElementsAre("operations must be an array"));
  EXPECT_EQ(read<wallet::v1::Balance>("").problem, "");
}

TEST(JsonReader, WhatIsWrittenReadsBackTheSame) {
  auto first = read<testing::Everything>(
      R"({"name":"Jö\"\u0001","amount":12.50,"fee":0.10,"count":7,"big":-9007199254740993,"flag":false,"at":"2026-01-02T03:04:05.678Z",)"
      R"("colour":"red","metadata":{"a":[1.10]},"tags":["x","y"],"items":[{"type":"x","amount":3,"numbers":[1]}]})");
  PlanCache plans;
  std::string out;
  append_json(out, plans.of(testing::Everything::descriptor()), first.message);
  EXPECT_EQ(
      out, R"({"name":"Jö\"\u0001","amount":12.50,"fee":0.10,"count":7,"big":-9007199254740993,"flag":false,)"
           R"("at":"2026-01-02T03:04:05.678Z","colour":"red","metadata":{"a":[1.10]},"tags":["x","y"],)"
           R"("items":[{"type":"x","amount":3,"numbers":[1]}]})");
  auto second = read<testing::Everything>(out);
  EXPECT_EQ(second.message.SerializeAsString(), first.message.SerializeAsString());
}

// Bytes changed, cut, doubled and moved at random: never a crash, and never a body accepted whose text
// differs from what the writer makes of the message in more than form.
TEST(JsonReader, SurvivesDamagedBodies) {
  PlanCache plans;
  const MessagePlan& plan = plans.of(testing::Everything::descriptor());
  const std::string good =
      R"({"name":"n\u00e4","amount":1.50,"fee":"2","count":3,"flag":true,"at":"2026-01-02T03:04:05Z","colour":"red",)"
      R"("metadata":{"a":[1,{"b":"c"}]},"tags":["x","y"],"items":[{"type":"x","amount":3,"numbers":[1,2]}],"item":{"type":"y"}})";
  constexpr std::string_view kSpice = "{}[]\",:\\0123456789eE+-.tfn \n\0\xff\x80u";
  SeededRandom random(7);
  size_t accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string body = good;
    for (uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
      size_t at = random.below(body.size());
      switch (random.below(4)) {
        case 0:
          body[at] = kSpice[random.below(kSpice.size())];
          break;
        case 1:
          body.erase(at, 1 + random.below(10));
          break;
        case 2:
          body.insert(at, 1, kSpice[random.below(kSpice.size())]);
          break;
        default:
          body.insert(at, body.substr(random.below(body.size()), random.below(12)));
      }
    }
    testing::Everything message;
    Violations violations;
    if (!read_json(body, plan, message, violations).empty() || !violations.empty()) continue;
    ++accepted;
    std::string out;
    append_json(out, plan, message);
    testing::Everything again;
    ASSERT_EQ(read_json(out, plan, again, violations), "") << body << "\n" << out;
    ASSERT_EQ(again.SerializeAsString(), message.SerializeAsString()) << body;
  }
  EXPECT_GT(accepted, 100u);
}

TEST(JsonReader, SurvivesRandomBytes) {
  PlanCache plans;
  const MessagePlan& plan = plans.of(testing::Everything::descriptor());
  SeededRandom random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string body(random.below(80), '\0');
    constexpr std::string_view kAlphabet = "{{}}[]\"\"\"\",,::\\ name1-.e";
    for (char& c : body)
      c = random.below(20) ? kAlphabet[random.below(kAlphabet.size())] : static_cast<char>(random.next());
    if (random.below(2)) body.insert(0, "{").append("}");
    testing::Everything message;
    Violations violations;
    // No such body has the required fields.
    EXPECT_FALSE(read_json(body, plan, message, violations).empty() && violations.empty()) << body;
  }
}

}  // namespace
}  // namespace ducat::rpc
