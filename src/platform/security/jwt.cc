// See jwt.h.
#include "platform/security/jwt.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "platform/security/base64.h"
#include "platform/security/sha256.h"

namespace ducat::security {
namespace {

constexpr size_t kLongestToken = 8192;
constexpr int64_t kMicros = 1'000'000;
// The years up to 9999: a larger number is no time, and would overflow as microseconds.
constexpr int64_t kLatestSecond = 253'402'300'799;

using Json = rapidjson::Document;

void put(rapidjson::Writer<rapidjson::StringBuffer>& writer, const char* name, std::string_view text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

std::string_view text_of(const Json& json, const char* name) {
  auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

// Whole seconds; other issuers' fractions are cut (RFC 7519 allows them).
std::optional<int64_t> number_of(const Json& json, const char* name) {
  auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsNumber()) return std::nullopt;
  if (found->value.IsInt64()) return found->value.GetInt64();
  double number = found->value.GetDouble();  // a NumericDate may have a fraction
  if (!(number >= 0 && number <= static_cast<double>(kLatestSecond))) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::optional<Json> parse_object(std::string_view part) {
  auto text = parse_base64url(part);
  if (!text) return std::nullopt;
  Json json;
  json.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text->data(),
                                                                                     text->size());
  if (json.HasParseError() || !json.IsObject()) return std::nullopt;
  return json;
}

// `aud` is a text or a list of them (RFC 7519, 4.1.3).
bool names_audience(const Json& json, std::string_view audience) {
  auto found = json.FindMember("aud");
  if (found == json.MemberEnd()) return false;
  if (found->value.IsString()) return text_of(json, "aud") == audience;
  if (!found->value.IsArray()) return false;
  for (const auto& entry : found->value.GetArray()) {
    if (entry.IsString() && std::string_view(entry.GetString(), entry.GetStringLength()) == audience)
      return true;
  }
  return false;
}

// The header must be ours: HS256, a JWT if it says what it is, and nothing critical that we would not know.
bool header_is_good(std::string_view part) {
  auto header = parse_object(part);
  if (!header || text_of(*header, "alg") != "HS256" || header->HasMember("crit")) return false;
  return !header->HasMember("typ") || text_of(*header, "typ") == "JWT";
}

std::expected<Claims, TokenFault> read_claims(const Json& json) {
  Claims claims;
  claims.subject = text_of(json, "sub");
  claims.username = text_of(json, "username");
  claims.email = text_of(json, "email");
  claims.issuer = text_of(json, "iss");
  claims.type = text_of(json, "typ");
  claims.session = text_of(json, "sid");
  claims.purpose = text_of(json, "purpose");
  claims.generation = number_of(json, "gen").value_or(0);
  claims.sequence = number_of(json, "seq").value_or(0);
  if (auto roles = json.FindMember("roles"); roles != json.MemberEnd()) {
    if (!roles->value.IsArray()) return std::unexpected(TokenFault::kMalformed);
    for (const auto& role : roles->value.GetArray()) {
      if (!role.IsString()) return std::unexpected(TokenFault::kMalformed);
      claims.roles.emplace_back(role.GetString(), role.GetStringLength());
    }
  }
  auto issued = number_of(json, "iat");
  auto expires = number_of(json, "exp");
  bool timed = issued && expires && *issued >= 0 && *issued <= kLatestSecond && *expires <= kLatestSecond;
  if (!timed || claims.subject.empty()) return std::unexpected(TokenFault::kMalformed);
  claims.issued_at = {*issued * kMicros};
  claims.expires_at = {*expires * kMicros};
  return claims;
}

}  // namespace

std::string TokenSigner::sign(const Claims& claims) const {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  put(writer, "sub", claims.subject);
  if (!claims.username.empty()) put(writer, "username", claims.username);
  if (!claims.email.empty()) put(writer, "email", claims.email);
  if (claims.type == "access") {
    writer.Key("roles");
    writer.StartArray();
    for (const std::string& role : claims.roles) {
      writer.String(role.data(), static_cast<rapidjson::SizeType>(role.size()));
    }
    writer.EndArray();
  }
  writer.Key("iat");
  writer.Int64(claims.issued_at.micros / kMicros);
  writer.Key("exp");
  writer.Int64(claims.expires_at.micros / kMicros);
  put(writer, "iss", issuer_);
  put(writer, "aud", audience_);
  put(writer, "typ", claims.type);
  if (!claims.session.empty()) put(writer, "sid", claims.session);
  if (!claims.purpose.empty()) put(writer, "purpose", claims.purpose);
  writer.Key("gen");
  writer.Int64(claims.generation);
  writer.Key("seq");
  writer.Int64(claims.sequence);
  writer.EndObject();
  std::string token = base64url(R"({"alg":"HS256","typ":"JWT"})");
  token += '.';
  token += base64url({buffer.GetString(), buffer.GetSize()});
  std::string signature = base64url(as_bytes(hmac_sha256(secret_, token)));
  return token.append(1, '.').append(signature);
}

std::expected<Claims, TokenFault> TokenSigner::verify(std::string_view token, std::string_view type,
                                                      Timestamp now) const {
  size_t first = token.find('.');
  size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (token.size() > kLongestToken || second == std::string_view::npos ||
      token.find('.', second + 1) != std::string_view::npos) {
    return std::unexpected(TokenFault::kMalformed);
  }
  auto signature = parse_base64url(token.substr(second + 1));
  if (!signature) return std::unexpected(TokenFault::kMalformed);
  if (!equal_in_constant_time(as_bytes(hmac_sha256(secret_, token.substr(0, second))), *signature)) {
    return std::unexpected(TokenFault::kSignature);
  }
  if (!header_is_good(token.substr(0, first))) return std::unexpected(TokenFault::kMalformed);
  auto json = parse_object(token.substr(first + 1, second - first - 1));
  if (!json) return std::unexpected(TokenFault::kMalformed);
  auto claims = read_claims(*json);
  if (!claims) return claims;
  claims->audience = audience_;
  if (claims->issuer != issuer_ || !names_audience(*json, audience_) || claims->type != type) {
    return std::unexpected(TokenFault::kForeign);
  }
  if (claims->expires_at <= now) return std::unexpected(TokenFault::kExpired);
  return claims;
}

}  // namespace ducat::security
