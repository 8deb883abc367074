#include "audit/checkpoint_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/file.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKeyFileSizeMax = 16 * 1024;
constexpr std::size_t kSignatureSize = 64;

using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

std::string content(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error not_a_key(const fs::path& file) {
  return Error{ErrorCode::corrupt, file.string() + " does not hold an Ed25519 key"};
}

Status write_new_key(const fs::path& private_file, const fs::path& public_file) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  const Memory secret(BIO_new(BIO_s_mem()), BIO_free_all);
  const Memory known(BIO_new(BIO_s_mem()), BIO_free_all);
  WY_ASSERT(key != nullptr && secret != nullptr && known != nullptr);
  WY_ASSERT(PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                          nullptr) == 1);
  WY_ASSERT(PEM_write_bio_PUBKEY(known.get(), key.get()) == 1);
  // The public one first: a private key alone would look complete at the next start.
  WY_RETURN_IF_ERROR(write_file_durably(public_file, content(known.get()), 0644));
  return write_file_durably(private_file, content(secret.get()), 0600);
}

}  // namespace

void SigningKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<SigningKey> SigningKey::open(const fs::path& private_file, const fs::path& public_file) {
  if (std::error_code none; !fs::exists(private_file, none)) {
    WY_RETURN_IF_ERROR(write_new_key(private_file, public_file));
  }
  WY_TRY(const std::string pem, read_file(private_file, kKeyFileSizeMax));
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
  std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return not_a_key(private_file);
  }
  return SigningKey(std::move(key));
}

std::string SigningKey::sign(std::string_view text) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(kSignatureSize, '\0');
  std::size_t size = signature.size();
  WY_ASSERT(context != nullptr);
  WY_ASSERT(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  WY_ASSERT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           raw(text), text.size()) == 1);
  return signature;
}

Result<VerifyingKey> VerifyingKey::open(const fs::path& public_file) {
  WY_TRY(const std::string pem, read_file(public_file, kKeyFileSizeMax));
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
  std::unique_ptr<EVP_PKEY, SigningKey::Free> key(
      PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr));
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
    return not_a_key(public_file);
  }
  return VerifyingKey(std::move(key));
}

bool VerifyingKey::verifies(std::string_view text, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  WY_ASSERT(context != nullptr);
  WY_ASSERT(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  return EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(text),
                          text.size()) == 1;
}

}  // namespace wenyuan::audit
