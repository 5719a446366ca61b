// Which coding is chosen, for what, and that nothing grows. The bytes are checked in server_test.cc.
#include "platform/http/compression.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace ducat::http {
namespace {

TEST(ChooseEncoding, FollowsTheClientsWeights) {
  const std::pair<const char*, Encoding> cases[] = {
      {"", Encoding::kIdentity},
      {"gzip", Encoding::kGzip},
      {"br", Encoding::kBrotli},
      {"gzip, deflate, br", Encoding::kBrotli},
      {"GZIP;q=1.0, br;q=0.999", Encoding::kGzip},
      {"gzip;q=0.5,br;q=0.5", Encoding::kBrotli},
      {"gzip ; q=0.2 , br ; q=0.1", Encoding::kGzip},
      {"br;q=0, gzip;q=0", Encoding::kIdentity},
      {"br;q=0, *", Encoding::kGzip},
      {"*", Encoding::kBrotli},
      {"*;q=0", Encoding::kIdentity},
      {"identity", Encoding::kIdentity},
      {"deflate, zstd", Encoding::kIdentity},
      {"br;q=2, gzip", Encoding::kGzip},
      {"br;q=0.1234, gzip;q=abc", Encoding::kIdentity},
      {"br;q=, gzip;q=1.001", Encoding::kIdentity},
      {",,;q=1,gzip", Encoding::kGzip},
  };
  for (auto& [header, expected] : cases) EXPECT_EQ(choose_encoding(header), expected) << header;
}

TEST(IsCompressible, KnowsText) {
  for (const char* type : {"text/html", "text/plain; charset=utf-8", "application/json; charset=utf-8",
                           "application/problem+json", "image/svg+xml", "application/javascript"}) {
    EXPECT_TRUE(is_compressible(type)) << type;
  }
  for (const char* type : {"", "image/png", "application/zip", "application/octet-stream", "font/woff2"}) {
    EXPECT_FALSE(is_compressible(type)) << type;
  }
}

TEST(Compress, LeavesTheOutputAloneWhenNothingIsGained) {
  SeededRandom random(1);
  std::string noise(5000, '\0');
  for (char& c : noise) c = static_cast<char>(random.next());
  for (Encoding encoding : {Encoding::kGzip, Encoding::kBrotli, Encoding::kIdentity}) {
    std::string out = "before";
    EXPECT_FALSE(compress(encoding, noise, out));
    EXPECT_EQ(out, "before");
  }
}

TEST(Compress, AppendsLessThanItWasGiven) {
  for (Encoding encoding : {Encoding::kGzip, Encoding::kBrotli}) {
    std::string out = "before";
    EXPECT_TRUE(compress(encoding, std::string(100'000, 'x'), out));
    EXPECT_TRUE(out.starts_with("before"));
    EXPECT_LT(out.size(), 1000u);
  }
}

}  // namespace
}  // namespace ducat::http
