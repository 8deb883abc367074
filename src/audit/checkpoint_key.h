// Ed25519 keys in PEM files, by OpenSSL.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace wenyuan::audit {

// Immutable, so thread-safe.
class SigningKey {
 public:
  // Makes the two files when there is no private one.
  static Result<SigningKey> open(const std::filesystem::path& private_file,
                                 const std::filesystem::path& public_file);
  std::string sign(std::string_view text) const;  // 64 bytes

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  friend class VerifyingKey;
  explicit SigningKey(std::unique_ptr<evp_pkey_st, Free> key) : key_(std::move(key)) {}
  std::unique_ptr<evp_pkey_st, Free> key_;
};

// Immutable, so thread-safe.
class VerifyingKey {
 public:
  static Result<VerifyingKey> open(const std::filesystem::path& public_file);
  bool verifies(std::string_view text, std::string_view signature) const;

 private:
  explicit VerifyingKey(std::unique_ptr<evp_pkey_st, SigningKey::Free> key)
      : key_(std::move(key)) {}
  std::unique_ptr<evp_pkey_st, SigningKey::Free> key_;
};

}  // namespace wenyuan::audit
