// Ed25519 keys in files, by OpenSSL.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct evp_pkey_st;

namespace wenyuan::audit {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};

// Immutable, so thread-safe.
class VerifyingKey {
 public:
  // PEM, or the line of text() with any name.
  static Result<VerifyingKey> open(const std::filesystem::path& public_file);
  // The same, of the file's text; corrupt when it is none.
  static Result<VerifyingKey> parse(std::string_view text);
  // 32 bytes.
  static Result<VerifyingKey> from_raw(std::string_view bytes);
  bool verifies(std::string_view text, std::string_view signature) const;

  std::string raw() const;  // 32 bytes
  // Of signed notes: what tells keys of one name apart; four bytes.
  std::string key_hash(std::string_view name) const;
  // NAME+HASH+KEY, as tools for signed notes take it.
  std::string text(std::string_view name) const;

 private:
  friend class SigningKey;
  explicit VerifyingKey(std::unique_ptr<evp_pkey_st, FreeKey> key) : key_(std::move(key)) {}
  std::unique_ptr<evp_pkey_st, FreeKey> key_;
};

// Immutable, so thread-safe.
class SigningKey {
 public:
  // Makes the two files when there is no private one. corrupt when they do not belong together.
  static Result<SigningKey> open(const std::filesystem::path& private_file,
                                 const std::filesystem::path& public_file);
  std::string sign(std::string_view text) const;  // 64 bytes
  const VerifyingKey& verifying_key() const { return known_; }

 private:
  SigningKey(std::unique_ptr<evp_pkey_st, FreeKey> key, VerifyingKey known)
      : key_(std::move(key)), known_(std::move(known)) {}
  std::unique_ptr<evp_pkey_st, FreeKey> key_;
  VerifyingKey known_;
};

}  // namespace wenyuan::audit
