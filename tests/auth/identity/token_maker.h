// Signs tokens as an identity provider would, for tests.
#pragma once

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace wenyuan::auth {

// A private key and the algorithm it signs with: RS256, PS256, ES256, EdDSA, HS256, ….
class TokenMaker {
 public:
  TokenMaker(const std::string& algorithm, std::string key_id);
  ~TokenMaker();
  TokenMaker(TokenMaker&&) noexcept;
  TokenMaker& operator=(TokenMaker&&) noexcept;

  // The public half, or the secret, as a JWK with alg, use and kid.
  nlohmann::json jwk() const;
  std::string public_pem() const;
  // Of any bytes; ECDSA as r and s side by side.
  std::string sign(std::string_view message) const;
  std::string token(const nlohmann::json& claims) const;
  // With this header instead of {"alg", "kid", "typ"}.
  std::string token(const nlohmann::json& claims, const nlohmann::json& header) const;
  // Of texts as they are, so that they may be no JSON at all.
  std::string token_of(std::string_view header, std::string_view payload) const;

  const std::string& algorithm() const { return algorithm_; }
  const std::string& key_id() const { return key_id_; }

 private:
  struct FreeKey {
    void operator()(evp_pkey_st* key) const;
  };
  std::string algorithm_;
  std::string key_id_;
  std::unique_ptr<evp_pkey_st, FreeKey> key_;
  std::string secret_;
};

std::string base64url(std::string_view text);

}  // namespace wenyuan::auth
