// SHA-256 by OpenSSL, for bytes that come piece by piece, and its HMAC.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

struct evp_md_ctx_st;

namespace wenyuan::store {

using Digest = std::array<std::uint8_t, 32>;

class DigestWriter {
 public:
  DigestWriter();
  void add(std::string_view bytes);
  void add(std::span<const std::uint8_t> bytes);
  // Then it is as new.
  Digest finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// RFC 2104.
Digest hmac_sha256(std::string_view key, std::string_view text);

}  // namespace wenyuan::store
