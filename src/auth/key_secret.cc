#include "auth/key_secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <utility>

#include "base/file.h"
#include "base/id.h"

namespace wenyuan::auth {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSecretSize = 32;

Status make(const fs::path& file) {
  std::array<std::uint8_t, kSecretSize> bytes{};
  random_bytes(bytes);
  std::string content(bytes.begin(), bytes.end());
  const Status written = write_file_durably(file, content, 0600);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  OPENSSL_cleanse(content.data(), content.size());
  return written;
}

}  // namespace

Result<KeySecret> KeySecret::open(const fs::path& directory) {
  const fs::path file = directory / "auth.key";
  std::error_code failed;
  const fs::file_status found = fs::status(file, failed);
  if (found.type() == fs::file_type::not_found) {
    WY_RETURN_IF_ERROR(make(file));
  } else if (failed) {
    return Error{ErrorCode::unavailable, "auth.key: " + failed.message()};
  } else if ((found.permissions() & (fs::perms::group_all | fs::perms::others_all)) !=
             fs::perms::none) {
    return Error{ErrorCode::forbidden,
                 "auth.key may be read by others; give it mode 0600, and new API keys to everybody "
                 "if it may have been copied"};
  }
  WY_TRY(std::string content, read_file(file, kSecretSize + 1));
  KeySecret secret(std::move(content));
  if (secret.bytes_.size() != kSecretSize) {
    return Error{ErrorCode::corrupt, "auth.key does not have 32 bytes"};
  }
  return secret;
}

KeySecret::~KeySecret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

Result<KeyMac> KeySecret::mac(std::string_view text) const {
  KeyMac mac{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()), bytes, text.size(),
           mac.data(), &size) == nullptr ||
      size != mac.size()) {
    return Error{ErrorCode::internal, "HMAC-SHA256 failed"};
  }
  return mac;
}

bool same_bytes(std::span<const std::uint8_t> left, std::span<const std::uint8_t> right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace wenyuan::auth
