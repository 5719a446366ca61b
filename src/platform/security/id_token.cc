// See id_token.h.
#include "platform/security/id_token.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <optional>

#include "platform/security/base64.h"

namespace ducat::security {
namespace {

using Json = rapidjson::Document;
using Value = rapidjson::Value;

constexpr size_t kLongestToken = 16'384;
constexpr size_t kMostKeys = 64;
constexpr size_t kCoordinate = 32;  // of P-256
constexpr int kSmallestRsaBits = 2048;
constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kLatestSecond = 253'402'300'799;

std::string_view text_of(const Value& json, const char* name) {
  auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}

std::optional<Json> parse_object(std::string_view text) {
  Json json;
  json.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(),
                                                                                     text.size());
  if (json.HasParseError() || !json.IsObject()) return std::nullopt;
  return json;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

using Builder = std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)>;
using Params = std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

std::shared_ptr<EVP_PKEY> make_key(const char* kind, OSSL_PARAM_BLD* builder) {
  Params params(OSSL_PARAM_BLD_to_param(builder), &OSSL_PARAM_free);
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr), &EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  bool made = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
              EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) == 1;
  return made ? std::shared_ptr<EVP_PKEY>(key, &EVP_PKEY_free) : nullptr;
}

// RFC 7518, 6.3.1.
std::shared_ptr<EVP_PKEY> rsa_key(const Value& jwk) {
  auto n = parse_base64url(text_of(jwk, "n"));
  auto e = parse_base64url(text_of(jwk, "e"));
  if (!n || !e) return nullptr;
  Number modulus(BN_bin2bn(bytes_of(*n), static_cast<int>(n->size()), nullptr), &BN_free);
  Number exponent(BN_bin2bn(bytes_of(*e), static_cast<int>(e->size()), nullptr), &BN_free);
  Builder builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  if (!modulus || !exponent || !builder || BN_num_bits(modulus.get()) < kSmallestRsaBits) return nullptr;
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return make_key("RSA", builder.get());
}

// RFC 7518, 6.2.1.
std::shared_ptr<EVP_PKEY> elliptic_key(const Value& jwk) {
  auto x = parse_base64url(text_of(jwk, "x"));
  auto y = parse_base64url(text_of(jwk, "y"));
  bool sized = x && y && x->size() == kCoordinate && y->size() == kCoordinate;
  if (!sized || text_of(jwk, "crv") != "P-256") return nullptr;
  const std::string point = "\x04" + *x + *y;
  Builder builder(OSSL_PARAM_BLD_new(), &OSSL_PARAM_BLD_free);
  if (!builder) return nullptr;
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  return make_key("EC", builder.get());
}

// ES256's signature is r and s side by side; OpenSSL wants them in DER.
std::optional<std::string> der_of(std::string_view raw) {
  if (raw.size() != 2 * kCoordinate) return std::nullopt;
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), &ECDSA_SIG_free);
  BIGNUM* r = BN_bin2bn(bytes_of(raw), kCoordinate, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(raw) + kCoordinate, kCoordinate, nullptr);
  if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return std::nullopt;
  }
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string text(reinterpret_cast<char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

bool signature_is_good(EVP_PKEY* key, bool elliptic, std::string_view text, std::string_view signature) {
  std::string given(signature);
  if (elliptic) {
    auto der = der_of(signature);
    if (!der) return false;
    given = std::move(*der);
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  return context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(given), given.size(), bytes_of(text), text.size()) == 1;
}

std::optional<Timestamp> time_of(const Json& json, const char* name) {
  auto found = json.FindMember(name);
  if (found == json.MemberEnd() || !found->value.IsInt64()) return std::nullopt;
  int64_t second = found->value.GetInt64();
  if (second < 0 || second > kLatestSecond) return std::nullopt;
  return Timestamp{second * kMicros};
}

// `aud` is us, or a list with us in it; of several audiences `azp` says whom it was made for.
bool is_for(const Json& json, std::string_view client_id) {
  auto found = json.FindMember("aud");
  if (found == json.MemberEnd()) return false;
  if (found->value.IsString()) return text_of(json, "aud") == client_id;
  if (!found->value.IsArray()) return false;
  bool named = std::any_of(found->value.Begin(), found->value.End(), [&](const Value& entry) {
    return entry.IsString() && std::string_view(entry.GetString(), entry.GetStringLength()) == client_id;
  });
  return named && (found->value.Size() == 1 || text_of(json, "azp") == client_id);
}

// Some providers write a text.
bool is_true(const Json& json, const char* name) {
  auto found = json.FindMember(name);
  return found != json.MemberEnd() &&
         ((found->value.IsBool() && found->value.GetBool()) || text_of(json, name) == "true");
}

std::expected<IdToken, IdTokenFault> judge(const Json& json, const IdTokenRules& rules, Timestamp now) {
  auto expires = time_of(json, "exp");
  auto issued = time_of(json, "iat");
  std::string_view subject = text_of(json, "sub");
  if (!expires || !issued || subject.empty() || subject.size() > 255)
    return std::unexpected(IdTokenFault::kMalformed);
  bool ours = text_of(json, "iss") == rules.issuer && is_for(json, rules.client_id) && !rules.nonce.empty() &&
              text_of(json, "nonce") == rules.nonce;
  if (!ours) return std::unexpected(IdTokenFault::kForeign);
  if (*expires + rules.leeway <= now || *issued - rules.leeway > now)
    return std::unexpected(IdTokenFault::kExpired);
  IdToken token;
  token.subject = subject;
  token.nonce = rules.nonce;
  token.email = text_of(json, "email");
  token.email_verified = is_true(json, "email_verified");
  token.first_name = text_of(json, "given_name");
  token.last_name = text_of(json, "family_name");
  return token;
}

}  // namespace

Result<KeySet> KeySet::parse(std::string_view text) {
  auto json = parse_object(text);
  auto list = json ? json->FindMember("keys") : Json::MemberIterator();
  if (!json || list == json->MemberEnd() || !list->value.IsArray())
    return fail(Errc::kInvalid, "not a JSON Web Key Set");
  KeySet set;
  for (const Value& jwk : list->value.GetArray()) {
    if (!jwk.IsObject() || set.keys_.size() >= kMostKeys) continue;
    std::string_view use = text_of(jwk, "use");
    if (!use.empty() && use != "sig") continue;
    Key key;
    key.id = text_of(jwk, "kid");
    key.elliptic = text_of(jwk, "kty") == "EC";
    if (key.elliptic) {
      key.public_key = elliptic_key(jwk);
    } else if (text_of(jwk, "kty") == "RSA") {
      key.public_key = rsa_key(jwk);
    }
    if (key.public_key) set.keys_.push_back(std::move(key));
  }
  return set;
}

std::expected<IdToken, IdTokenFault> KeySet::verify(std::string_view token, const IdTokenRules& rules,
                                                    Timestamp now) const {
  size_t first = token.find('.');
  size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.size() > kLongestToken)
    return std::unexpected(IdTokenFault::kMalformed);
  auto header_text = parse_base64url(token.substr(0, first));
  auto body_text = parse_base64url(token.substr(first + 1, second - first - 1));
  auto signature = parse_base64url(token.substr(second + 1));
  auto header = header_text ? parse_object(*header_text) : std::nullopt;
  if (!header || !body_text || !signature) return std::unexpected(IdTokenFault::kMalformed);
  // The algorithm must be the key's own; `none` and HS256 (with a public key as its secret) are neither.
  std::string_view algorithm = text_of(*header, "alg");
  bool elliptic = algorithm == "ES256";
  if ((!elliptic && algorithm != "RS256") || header->HasMember("crit"))
    return std::unexpected(IdTokenFault::kMalformed);
  std::string_view id = text_of(*header, "kid");
  bool known = false, good = false;
  for (const Key& key : keys_) {
    if (key.elliptic != elliptic || (!id.empty() && key.id != id)) continue;
    known = true;
    good = good || signature_is_good(key.public_key.get(), elliptic, token.substr(0, second), *signature);
  }
  if (!known) return std::unexpected(IdTokenFault::kUnknownKey);
  if (!good) return std::unexpected(IdTokenFault::kSignature);
  auto json = parse_object(*body_text);
  if (!json) return std::unexpected(IdTokenFault::kMalformed);
  return judge(*json, rules, now);
}

}  // namespace ducat::security
