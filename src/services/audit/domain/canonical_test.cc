// The bytes that are hashed: as docs/audit.md says, and unambiguous.
#include "services/audit/domain/canonical.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace ducat::audit {
namespace {

Record sample() {
  Record record{.sequence = 7, .created_at = {1'767'323'045'678'000}};
  record.previous.fill(0xAB);
  record.entry = {.action = Action::kCreate, .status = RecordStatus::kSuccess};
  record.entry.entity_type = "Transaction";
  record.entry.entity_id = "";
  record.entry.metadata = R"({"amount":100.50})";
  return record;
}

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (char byte : bytes) {
    char two[3];
    snprintf(two, sizeof(two), "%02x", static_cast<unsigned char>(byte));
    text += two;
  }
  return text;
}

// The example of docs/audit.md; stored logs have these bytes, so they must never change.
TEST(CanonicalForm, IsTheDocumentedOne) {
  std::string bytes;
  append_canonical(bytes, sample());
  std::string previous;
  for (int i = 0; i < 32; ++i) previous += "ab";
  EXPECT_EQ(hex_of(bytes),
            "01"
            "0700000000000000"
            "2e8fa97c9b010000"
            "019b7ca98f2e70008000000000000007" +
                previous +
                "01"
                "01"
                "0b000000"
                "5472616e73616374696f6e"
                "00000000"
                "ffffffff"
                "11000000"
                "7b22616d6f756e74223a3130302e35307d"
                "ffffffffffffffffffffffffffffffffffffffff");
}

TEST(CanonicalForm, IsReadBack) {
  std::string bytes;
  append_canonical(bytes, sample());
  auto record = read_canonical(bytes);
  ASSERT_TRUE(record.has_value()) << record.error().message;
  EXPECT_EQ(*record, sample());
}

TEST(CanonicalForm, IsReadOnlyWhenItIsWhole) {
  std::string bytes;
  append_canonical(bytes, sample());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_canonical(std::string_view(bytes).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(read_canonical(bytes + "x").has_value());
  std::string other = bytes;
  other[0] = 2;
  EXPECT_FALSE(read_canonical(other).has_value()) << "a version to come";
  other = bytes;
  other[20] ^= 1;
  EXPECT_FALSE(read_canonical(other).has_value()) << "an id that is not of this record";
}

TEST(CanonicalForm, ReadsOnlyWhatItWouldWrite) {
  EXPECT_TRUE(rc::check([](const std::vector<std::pair<uint16_t, uint8_t>>& changes) {
    std::string bytes;
    append_canonical(bytes, sample());
    for (auto [at, value] : changes) bytes[at % bytes.size()] = static_cast<char>(value);
    auto record = read_canonical(bytes);
    if (!record) return;
    std::string again;
    append_canonical(again, *record);
    RC_ASSERT(again == bytes);
  }));
}

TEST(CanonicalForm, ATextThatIsAbsentIsNotAnEmptyOne) {
  Record with = sample(), without = sample();
  without.entry.entity_id.reset();
  std::string a, b;
  append_canonical(a, with);
  append_canonical(b, without);
  EXPECT_NE(a, b);
}

TEST(AuditNames, AreReadAndWritten) {
  for (int64_t i = 1; i < static_cast<int64_t>(kActions); ++i) {
    auto action = action_of(i);
    ASSERT_TRUE(action);
    EXPECT_EQ(parse_action(to_string(*action)), action);
    if (i > 1) {
      EXPECT_LT(to_string(*action_of(i - 1)), to_string(*action)) << "in the order of their names";
    }
  }
  EXPECT_FALSE(parse_action("create"));
  EXPECT_FALSE(parse_action(""));
  EXPECT_FALSE(action_of(0));
  EXPECT_FALSE(action_of(8));
  for (int64_t i = 1; i <= 4; ++i) EXPECT_EQ(parse_status(to_string(*status_of(i))), status_of(i));
  EXPECT_FALSE(status_of(5));
  EXPECT_FALSE(parse_status("OK"));
}

}  // namespace
}  // namespace ducat::audit
