// A small OpenID Connect provider on a port of this machine: hands out codes, redeems them once, signs ID
// tokens with keys it can rotate. Each answer can be spoilt.
#pragma once

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <functional>
#include <map>
#include <mutex>

#include "platform/http/server.h"
#include "platform/security/base64.h"
#include "platform/security/sha256.h"

namespace ducat::identity::testing {

// A key pair, its public half as a JWK, and signatures by it.
class SigningKey {
 public:
  SigningKey(std::string id, bool elliptic)
      : id_(std::move(id)),
        elliptic_(elliptic),
        key_(elliptic ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048), &EVP_PKEY_free) {}

  std::string jwk() const {
    std::string text = R"({"kid":")" + id_ + R"(","use":"sig",)";
    if (elliptic_) {
      return text + R"("kty":"EC","crv":"P-256","x":")" + number(OSSL_PKEY_PARAM_EC_PUB_X, 32) +
             R"(","y":")" + number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"}";
    }
    return text + R"("kty":"RSA","n":")" + number(OSSL_PKEY_PARAM_RSA_N, 256) + R"(","e":"AQAB"})";
  }

  std::string sign(const std::string& payload, const std::string& algorithm = {}) const {
    std::string name = !algorithm.empty() ? algorithm : elliptic_ ? "ES256" : "RS256";
    std::string text = security::base64url(R"({"alg":")" + name + R"(","kid":")" + id_ + "\"}") + "." +
                       security::base64url(payload);
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get());
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    size_t size = 0;
    EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size());
    std::string signature(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                   text.size());
    signature.resize(size);
    return text + "." + security::base64url(elliptic_ ? raw(signature) : signature);
  }

 private:
  std::string number(const char* name, int size) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    std::string bytes(static_cast<size_t>(size), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), size);
    BN_free(value);
    return security::base64url(bytes);
  }
  // From DER to r and s side by side.
  static std::string raw(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
    std::string bytes(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), reinterpret_cast<unsigned char*>(bytes.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), reinterpret_cast<unsigned char*>(bytes.data()) + 32, 32);
    ECDSA_SIG_free(pair);
    return bytes;
  }

  std::string id_;
  bool elliptic_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

class FakeProvider final : public http::Handler {
 public:
  explicit FakeProvider(Clock& clock) : clock_(clock) {
    http::ServerOptions options;
    options.port = 0;
    server_ = std::make_unique<http::Server>(options);
    EXPECT_TRUE(server_->start(*this).has_value());
    issuer = "http://127.0.0.1:" + std::to_string(server_->port());
  }
  ~FakeProvider() override { (void)server_->stop(Duration::seconds(5)); }

  // The browser's part: what the provider answers the address it was sent to with (the callback's query).
  std::string authorize(const std::string& url) {
    std::lock_guard lock(mutex_);
    codes_["code-1"] = {query(url, "nonce"), query(url, "code_challenge")};
    EXPECT_EQ(query(url, "code_challenge_method"), "S256");
    EXPECT_EQ(query(url, "response_type"), "code");
    return "code=code-1&state=" + query(url, "state");
  }
  static std::string query(const std::string& url, const std::string& name) {
    size_t from = url.find("&" + name + "=");
    if (from == std::string::npos) from = url.find("?" + name + "=");
    if (from == std::string::npos) return {};
    from += name.size() + 2;
    return url.substr(from, url.find('&', from) - from);
  }
  void rotate(std::string id, bool elliptic) {
    std::lock_guard lock(mutex_);
    key = std::make_unique<SigningKey>(std::move(id), elliptic);
  }

  void handle(http::Exchange& exchange) override {
    std::lock_guard lock(mutex_);
    std::string path(exchange.request().path);
    ++asked[path];
    http::Response response;
    if (path == "/.well-known/openid-configuration") {
      response.body = R"({"issuer":")" + issuer + R"(","authorization_endpoint":")" + issuer +
                      R"(/authorize","token_endpoint":")" + issuer + R"(/token","jwks_uri":")" + issuer +
                      "/keys\"}";
    } else if (path == "/keys") {
      response.body = R"({"keys":[{"kty":"oct","kid":"x"},)" + key->jwk() + "]}";
    } else {
      redeem("?" + std::string(exchange.request().body), response);
    }
    exchange.respond(std::move(response));
  }

  std::string issuer;
  std::string subject = "7", email = "ann@example.com";
  bool email_verified = true;
  std::function<std::string(std::string)> spoil = [](std::string payload) { return payload; };
  std::string algorithm;  // that the header claims
  std::map<std::string, int> asked;
  std::unique_ptr<SigningKey> key = std::make_unique<SigningKey>("k1", false);

 private:
  struct Granted {
    std::string nonce, challenge;
  };
  void redeem(const std::string& form, http::Response& response) {
    auto found = codes_.find(query(form, "code"));
    std::string challenge =
        security::base64url(security::as_bytes(security::sha256(query(form, "code_verifier"))));
    if (found == codes_.end() || found->second.challenge != challenge) {
      response.status = 400;
      response.body = R"({"error":"invalid_grant"})";
      return;
    }
    std::string now = std::to_string(clock_.now().micros / 1'000'000);
    std::string later = std::to_string(clock_.now().micros / 1'000'000 + 300);
    std::string payload = R"({"iss":")" + issuer + R"(","sub":")" + subject +
                          R"(","aud":"ducat-client","iat":)" + now + R"(,"exp":)" + later + R"(,"nonce":")" +
                          found->second.nonce + R"(","email":")" + email + R"(","email_verified":)" +
                          (email_verified ? "true" : "false") + R"(,"given_name":"Ann","family_name":"Lee"})";
    codes_.erase(found);
    response.body = R"({"access_token":"x","token_type":"Bearer","id_token":")" +
                    key->sign(spoil(payload), algorithm) + "\"}";
  }

  Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Granted> codes_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace ducat::identity::testing
