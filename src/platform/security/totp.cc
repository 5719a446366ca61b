// See totp.h. The codes come from HMAC-SHA-1, which is sound here though SHA-1 is not for signatures (RFC
// 6238, B).
#include "platform/security/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <qrencode.h>

#include <array>
#include <memory>

#include "base/check.h"
#include "platform/security/base64.h"
#include "platform/security/sha256.h"

namespace ducat::security {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kWindow = 1;

// RFC 4226, section 5.3: four bytes at the place that the last one names, without the sign.
uint32_t truncated(const std::array<uint8_t, 20>& mac) {
  size_t offset = mac[19] & 15;
  return static_cast<uint32_t>(mac[offset] & 127) << 24 | static_cast<uint32_t>(mac[offset + 1]) << 16 |
         static_cast<uint32_t>(mac[offset + 2]) << 8 | mac[offset + 3];
}

}  // namespace

int64_t totp_step(Timestamp time) {
  return time.micros / kMicros / kTotpStepSeconds;
}

std::string totp_code(std::string_view secret, int64_t step, int digits) {
  std::array<uint8_t, 8> counter;
  for (size_t i = 0; i < counter.size(); ++i) counter[i] = static_cast<uint8_t>(step >> (56 - 8 * i));
  std::array<uint8_t, 20> mac;
  unsigned size = 0;
  const void* made = HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(),
                          counter.size(), mac.data(), &size);
  DUCAT_CHECK(made != nullptr && size == mac.size(), "HMAC-SHA-1 failed");
  uint32_t value = truncated(mac);
  std::string code(static_cast<size_t>(digits), '0');
  for (size_t i = code.size(); i-- > 0; value /= 10) code[i] = static_cast<char>('0' + value % 10);
  return code;
}

std::optional<int64_t> match_totp(std::string_view secret, std::string_view code, Timestamp now) {
  std::string typed(code);
  std::erase(typed, ' ');
  std::optional<int64_t> matched;
  for (int64_t step = totp_step(now) - kWindow; step <= totp_step(now) + kWindow; ++step) {
    if (step >= 0 && equal_in_constant_time(totp_code(secret, step), typed)) matched = step;
  }
  return matched;
}

std::string otpauth_uri(std::string_view issuer, std::string_view account, std::string_view secret) {
  return "otpauth://totp/" + percent_encoded(issuer) + ":" + percent_encoded(account) +
         "?secret=" + base32(secret) + "&issuer=" + percent_encoded(issuer) +
         "&algorithm=SHA1&digits=" + std::to_string(kTotpDigits) +
         "&period=" + std::to_string(kTotpStepSeconds);
}

Result<std::string> qr_svg(const std::string& text) {
  std::unique_ptr<QRcode, decltype(&QRcode_free)> code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M),
                                                       &QRcode_free);
  if (!code) return fail(Errc::kInvalid, "a text is too long for a QR code");
  constexpr int kMargin = 4;
  const int width = code->width;
  const std::string size = std::to_string(width + 2 * kMargin);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + size + " " + size +
                    "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h" + size + "v" + size +
                    "H0z\"/><path d=\"";
  for (int y = 0; y < width; ++y) {
    for (int x = 0; x < width; ++x) {
      if ((code->data[y * width + x] & 1) == 0) continue;
      svg += "M" + std::to_string(x + kMargin) + " " + std::to_string(y + kMargin) + "h1v1h-1z";
    }
  }
  return svg + "\"/></svg>";
}

}  // namespace ducat::security
