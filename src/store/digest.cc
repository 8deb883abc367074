#include "store/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"

namespace wenyuan::store {

// OpenSSL's digest functions fail only without memory or without SHA-256.
DigestWriter::DigestWriter() : context_(EVP_MD_CTX_new()) {
  WY_ASSERT(context_ != nullptr);
  WY_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void DigestWriter::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

void DigestWriter::add(std::string_view bytes) {
  WY_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

void DigestWriter::add(std::span<const std::uint8_t> bytes) {
  WY_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Digest DigestWriter::finish() {
  Digest digest{};
  WY_ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
  WY_ASSERT(EVP_DigestInit_ex(context_.get(), nullptr, nullptr) == 1);
  return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  WY_ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                 reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(),
                 &size) != nullptr);
  return digest;
}

}  // namespace wenyuan::store
