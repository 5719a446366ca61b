// The parser alone: any split of the bytes gives the same requests, and no bytes make it misbehave.
#include <gtest/gtest.h>

#include "base/random.h"
#include "platform/http/parser_fixture.h"

namespace ducat::http {
namespace {

std::string chunked(const std::string& body, SeededRandom& random) {
  std::string out;
  for (size_t at = 0; at < body.size();) {
    size_t size = std::min<size_t>(1 + random.below(300), body.size() - at);
    char length[24];
    snprintf(length, sizeof(length), random.below(2) == 0 ? "%zx\r\n" : "%zX;x=y\r\n", size);
    out += length + body.substr(at, size) + "\r\n";
    at += size;
  }
  return out + (random.below(2) == 0 ? "0\r\n\r\n" : "0\r\nX-Trailer: t\r\n\r\n");
}

TEST(RequestParser, GivesTheSameRequestsHoweverTheBytesAreSplit) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    std::string stream;
    std::vector<std::string> expected;
    for (int i = 0; i < 12; ++i) {
      std::string body(random.below(3) == 0 ? random.below(30'000) : random.below(50), 'a');
      for (char& c : body) c = static_cast<char>('a' + random.below(26));
      bool in_chunks = random.below(2) == 0;
      std::string path = "/" + std::to_string(random.below(1000));
      std::string length = in_chunks ? "Transfer-Encoding" : "Content-Length";
      std::string value = in_chunks ? "chunked" : std::to_string(body.size());
      stream += "POST " + path + "?q=1 HTTP/1.1\r\nHost: h\r\n" + length + ": " + value +
                "\r\nX-Pad: " + std::string(random.below(700), 'p') + "\r\n\r\n";
      size_t pad = stream.size() - stream.rfind("X-Pad: ") - 7 - 4;
      expected.push_back("POST " + path + " ?q=1;Host=h;" + length + "=" + value +
                         ";X-Pad=" + std::string(pad, 'p') + "|" + body + "|keep");
      stream += in_chunks ? chunked(body, random) : body;
    }
    ASSERT_EQ(requests_of(stream, [] { return size_t{1} << 20; }), expected);
    ASSERT_EQ(requests_of(stream, [&] { return 1 + random.below(200); }), expected);
    ASSERT_EQ(requests_of(stream, [&] { return 1 + random.below(5000); }), expected);
    if (seed % 20 == 0) {
      ASSERT_EQ(requests_of(stream, [] { return size_t{1}; }), expected);
    }
  }
}

// Bytes of requests with random damage: what matters is that the sanitizers and Beast's own checks stay
// silent, and that nothing is accepted which the same bytes in one piece would not be.
TEST(RequestParser, TreatsDamagedBytesTheSameHoweverTheyAreSplit) {
  const std::string good =
      "POST /a?b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n5;a=b\r\nhello\r\n0\r\nT: "
      "u\r\n\r\n"
      "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
  int accepted = 0, refused = 0;
  for (uint64_t seed = 1; seed <= 20'000; ++seed) {
    SeededRandom random(seed);
    std::string bytes = good;
    for (uint64_t damage = 1 + random.below(3); damage > 0; --damage) {
      size_t at = random.below(bytes.size());
      static constexpr std::string_view kNasty = "\r\n :;,\t0123456789abcdef%/?\x7f\xff";
      switch (random.below(3)) {
        case 0:
          bytes[at] = kNasty[random.below(kNasty.size())];
          break;
        case 1:
          bytes.erase(at, 1 + random.below(4));
          break;
        default:
          bytes.insert(at, 1, kNasty[random.below(kNasty.size())]);
          break;
      }
    }
    bytes += "\r\n\r\n";  // a head that came in pieces is judged when it ends
    auto whole = requests_of(bytes, [] { return size_t{1} << 20; });
    auto pieces = requests_of(bytes, [&] { return 1 + random.below(12); });
    ASSERT_EQ(whole, pieces) << "seed " << seed << "\n" << bytes;
    bool was_refused = !whole.empty() && whole.back().starts_with("refused");
    (was_refused ? refused : accepted) += 1;
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

TEST(RequestParser, KeepsMemoryNearWhatHasArrived) {
  BlockPool pool;
  RequestParser parser(kLimits);
  InputBuffer input(pool, parser);
  IncomingRequest incoming;
  std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000\r\n\r\n";
  auto space = input.space();
  std::memcpy(space.data(), head.data(), head.size());
  input.received(head.size());
  parser.start(incoming);
  input.parsed(parser.feed(input.unparsed(), input.unparsed_size()).used);
  size_t received = head.size();
  for (auto outcome = RequestParser::Outcome::kNeedMore; outcome == RequestParser::Outcome::kNeedMore;) {
    space = input.space();
    EXPECT_LE(space.size() + received, std::max<size_t>(BlockPool::kStandard, 2 * received + 1024));
    size_t size = std::min<size_t>(space.size(), 500);
    size = std::min(size, parser.body_bytes_missing());
    std::memset(space.data(), 'x', size);
    input.received(size);
    received += size;
    auto step = parser.feed(input.unparsed(), input.unparsed_size());
    input.parsed(step.used);
    outcome = step.outcome;
  }
  EXPECT_EQ(incoming.request.body, std::string(50'000, 'x'));
}

// Six bytes arrive for each byte of the body; only the body is kept.
TEST(RequestParser, DoesNotKeepTheHeadersOfTinyChunks) {
  BlockPool pool;
  RequestParser parser(kLimits);
  InputBuffer input(pool, parser);
  IncomingRequest incoming;
  parser.start(incoming);
  std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 20'000; ++i) bytes += "1\r\nx\r\n";
  bytes += "0\r\n\r\n";
  size_t largest = 0;
  auto outcome = RequestParser::Outcome::kNeedMore;
  for (std::string_view rest = bytes; outcome == RequestParser::Outcome::kNeedMore && !rest.empty();) {
    auto space = input.space();
    largest = std::max<size_t>(largest, input.block()->capacity);
    size_t size = std::min({space.size(), rest.size(), size_t{2000}});
    std::memcpy(space.data(), rest.data(), size);
    input.received(size);
    rest.remove_prefix(size);
    auto step = parser.feed(input.unparsed(), input.unparsed_size());
    input.parsed(step.used);
    outcome = step.outcome;
  }
  EXPECT_EQ(incoming.request.body, std::string(20'000, 'x'));
  EXPECT_LT(largest, 60'000u);
}

}  // namespace
}  // namespace ducat::http
