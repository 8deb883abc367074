#include "audit/checkpoint_key.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "audit/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kKeyFileSizeMax = 16 * 1024;
constexpr std::size_t kSignatureSize = 64;
constexpr std::size_t kRawSize = 32;
constexpr std::size_t kKeyHashSize = 4;
// What signed notes call Ed25519.
constexpr char kNoteAlgorithm = '\x01';

using Memory = std::unique_ptr<BIO, decltype(&BIO_free_all)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

std::string content(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

const unsigned char* raw_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Error not_a_key(const fs::path& file) {
  return Error{ErrorCode::corrupt, file.string() + " does not hold an Ed25519 key"};
}

Status write_new_key(const fs::path& private_file, const fs::path& public_file) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
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

Key read_pem(const std::string& pem, bool secret) {
  const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
  WY_ASSERT(memory != nullptr);
  Key key(secret ? PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr)
                 : PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr));
  if (key != nullptr && EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) key.reset();
  return key;
}

std::string raw_public(const EVP_PKEY* key) {
  std::string bytes(kRawSize, '\0');
  std::size_t size = bytes.size();
  WY_ASSERT(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(bytes.data()),
                                        &size) == 1 &&
            size == kRawSize);
  return bytes;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<SigningKey> SigningKey::open(const fs::path& private_file, const fs::path& public_file) {
  if (std::error_code none; !fs::exists(private_file, none)) {
    WY_RETURN_IF_ERROR(write_new_key(private_file, public_file));
  }
  WY_TRY(const std::string pem, read_file(private_file, kKeyFileSizeMax));
  Key key = read_pem(pem, true);
  if (key == nullptr) return not_a_key(private_file);
  WY_TRY(VerifyingKey known, VerifyingKey::open(public_file));
  if (raw_public(key.get()) != known.raw()) {
    return Error{ErrorCode::corrupt, private_file.string() + " and " + public_file.string() +
                                         " do not belong together"};
  }
  return SigningKey(std::move(key), std::move(known));
}

std::string SigningKey::sign(std::string_view text) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  std::string signature(kSignatureSize, '\0');
  std::size_t size = signature.size();
  WY_ASSERT(context != nullptr);
  WY_ASSERT(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  WY_ASSERT(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           raw_bytes(text), text.size()) == 1);
  return signature;
}

Result<VerifyingKey> VerifyingKey::open(const fs::path& public_file) {
  WY_TRY(const std::string text, read_file(public_file, kKeyFileSizeMax));
  auto key = parse(text);
  if (!key) return not_a_key(public_file);
  return key;
}

Result<VerifyingKey> VerifyingKey::parse(std::string_view text) {
  const Error wrong{ErrorCode::corrupt, "this is not an Ed25519 public key"};
  if (text.starts_with("-----BEGIN")) {
    Key key = read_pem(std::string(text), false);
    if (key == nullptr) return wrong;
    return VerifyingKey(std::move(key));
  }
  const std::vector<std::string_view> parts = split(trim(text), '+');
  // Base64 has a plus of its own.
  if (parts.size() < 3) return wrong;
  const std::string_view encoded = trim(text).substr(parts[0].size() + parts[1].size() + 2);
  const auto bytes = from_base64(encoded);
  if (!bytes || bytes->size() != kRawSize + 1 || bytes->front() != kNoteAlgorithm) return wrong;
  WY_TRY(VerifyingKey key, from_raw(std::string_view(*bytes).substr(1)));
  if (key.text(parts[0]) != trim(text)) return wrong;
  return key;
}

Result<VerifyingKey> VerifyingKey::from_raw(std::string_view bytes) {
  Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw_bytes(bytes), bytes.size()));
  if (key == nullptr) return Error{ErrorCode::corrupt, "this is not an Ed25519 key"};
  return VerifyingKey(std::move(key));
}

bool VerifyingKey::verifies(std::string_view text, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  WY_ASSERT(context != nullptr);
  WY_ASSERT(EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1);
  return EVP_DigestVerify(context.get(), raw_bytes(signature), signature.size(), raw_bytes(text),
                          text.size()) == 1;
}

std::string VerifyingKey::raw() const { return raw_public(key_.get()); }

std::string VerifyingKey::key_hash(std::string_view name) const {
  store::DigestWriter digest;
  digest.add(name);
  const char between[] = {'\n', kNoteAlgorithm};
  digest.add(std::string_view(between, sizeof between));
  digest.add(raw());
  const store::Digest whole = digest.finish();
  return std::string(reinterpret_cast<const char*>(whole.data()), kKeyHashSize);
}

std::string VerifyingKey::text(std::string_view name) const {
  const std::string hash = key_hash(name);
  std::string line(name);
  line += '+';
  line += to_hex({reinterpret_cast<const std::uint8_t*>(hash.data()), hash.size()});
  line += '+';
  line += to_base64_text(kNoteAlgorithm + raw());
  return line;
}

}  // namespace wenyuan::audit
