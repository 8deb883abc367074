#include "auth/identity/body_digest.h"

#include <openssl/evp.h>

#include <array>

#include "auth/identity/signature_fields.h"
#include "auth/key_secret.h"

namespace wenyuan::auth {

void BodyDigest::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Result<BodyDigest> BodyDigest::expect(Kind kind, std::string wanted) {
  const EVP_MD* const hash = kind == Kind::sha256 ? EVP_sha256() : EVP_sha512();
  if (wanted.size() != static_cast<std::size_t>(EVP_MD_get_size(hash))) {
    return Error{ErrorCode::invalid_argument, "the hash of the body has a wrong size"};
  }
  std::unique_ptr<evp_md_ctx_st, Free> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), hash, nullptr) != 1) {
    return Error{ErrorCode::internal, "OpenSSL has no memory"};
  }
  return BodyDigest(std::move(context), std::move(wanted));
}

Result<BodyDigest> BodyDigest::expect_field(std::string_view field) {
  WY_TRY(auto all, parse_byte_fields(field));
  if (const auto found = all.find("sha-512"); found != all.end()) {
    return expect(Kind::sha512, std::move(found->second));
  }
  if (const auto found = all.find("sha-256"); found != all.end()) {
    return expect(Kind::sha256, std::move(found->second));
  }
  return Error{ErrorCode::invalid_argument, "Content-Digest needs sha-256 or sha-512"};
}

void BodyDigest::update(std::string_view bytes) {
  EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
}

Status BodyDigest::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context_.get(), hash.data(), &size);
  const auto* wanted = reinterpret_cast<const unsigned char*>(wanted_.data());
  if (same_bytes(std::span(hash).first(size), {wanted, wanted_.size()})) return Done{};
  return Error{ErrorCode::unauthenticated, "The body is not the one that was signed"};
}

}  // namespace wenyuan::auth
