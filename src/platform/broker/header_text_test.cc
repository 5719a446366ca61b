// Header values survive whatever bytes they have.
#include "platform/broker/header_text.h"

#include <gtest/gtest.h>

namespace ducat::broker {
namespace {

TEST(HeaderText, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  std::string encoded = encode_text(bytes);
  EXPECT_EQ(encoded.find_first_of(std::string("\0\r\n \t", 5)), std::string::npos);
  EXPECT_EQ(decode_text(encoded), bytes);
}

TEST(HeaderText, PlainTextStaysReadable) {
  EXPECT_EQ(encode_text("019-abc/ü:x=1"), "019-abc/ü:x=1");
  EXPECT_EQ(encode_text(" a%b "), "%20a%25b%20");
}

TEST(HeaderText, MalformedEscapesStandForThemselves) {
  EXPECT_EQ(decode_text("100%"), "100%");
  EXPECT_EQ(decode_text("%4"), "%4");
  EXPECT_EQ(decode_text("%zz%41"), "%zzA");
}

TEST(HeaderText, HeadersKeepOrderAndDoubles) {
  Headers headers{{"b", "1 & 2 = 3%"}, {"a", ""}, {"b", "line\r\nbreak"}, {"=&", "="}};
  EXPECT_EQ(decode_headers(encode_headers(headers)), headers);
  EXPECT_TRUE(decode_headers("").empty());
}

}  // namespace
}  // namespace ducat::broker
