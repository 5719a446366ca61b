// One-time codes by time (TOTP, RFC 6238, over HOTP, RFC 4226): SHA-1, six digits, steps of 30 s, as every
// authenticator app has it. And the picture such an app reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace ducat::security {

constexpr size_t kTotpSecretBytes = 20;  // RFC 4226 asks for as many as the hash has
constexpr int64_t kTotpStepSeconds = 30;
constexpr int kTotpDigits = 6;

// The number of the step a time is in.
int64_t totp_step(Timestamp time);

// The code of a step, `digits` long (6, or 8 for the RFC's vectors).
std::string totp_code(std::string_view secret, int64_t step, int digits = kTotpDigits);

// The step within one of now that has this code: the newest if there are several. Spaces in the code do not
// count. The caller remembers the step and accepts no code of it or of an earlier one again.
std::optional<int64_t> match_totp(std::string_view secret, std::string_view code, Timestamp now);

// otpauth://totp/<issuer>:<account>?secret=…&issuer=…  (the Key Uri Format that authenticator apps share)
std::string otpauth_uri(std::string_view issuer, std::string_view account, std::string_view secret);

// A text as a QR code: an SVG of black squares on white, four modules of margin. kInvalid: longer than a code
// holds.
Result<std::string> qr_svg(const std::string& text);

}  // namespace ducat::security
