#include "store/sealed_file_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "store/key_ring.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMagic = "wysealed";
constexpr std::string_view kInfo = "wenyuan sealed file 1 ";
constexpr std::size_t kPieceSize = 64 * 1024;
constexpr std::size_t kWrappedSize = kSealedOverhead + sizeof(CipherKey);
constexpr std::size_t kHeaderSize = 8 + 8 + 8 + kWrappedSize;
constexpr std::int64_t kSizeMax = std::int64_t{1} << 40;

// magic, secret, size, wrapped key
struct Header {
  SecretNumber secret = 0;
  std::int64_t size = 0;  // of the plain bytes
  std::string wrapped;
};

std::string encode(const Header& header) {
  ByteWriter writer;
  writer.put(header.secret);
  writer.put(header.size);
  std::string bytes(kMagic);
  bytes += writer.take();
  return bytes + header.wrapped;
}

std::optional<Header> decode(std::string_view bytes) {
  if (bytes.size() != kHeaderSize || !bytes.starts_with(kMagic)) return std::nullopt;
  ByteReader reader(bytes.substr(kMagic.size()));
  Header header;
  header.secret = reader.number<SecretNumber>().value_or(0);
  header.size = reader.number<std::int64_t>().value_or(-1);
  header.wrapped = bytes.substr(kHeaderSize - kWrappedSize);
  if (header.secret <= 0 || header.size < 0 || header.size > kSizeMax) return std::nullopt;
  return header;
}

// All of the header but the wrapped key, and what the file is for.
std::string wrap_bound(const Header& header, std::string_view bound) {
  std::string text = encode({header.secret, header.size, {}});
  text += bound;
  return text;
}

Result<CipherKey> wrapping_key(const KeyRing& keys, SecretNumber number) {
  WY_TRY(const ErasureSecrets* const secrets, keys.secrets());
  WY_TRY(const CipherKey secret, secrets->secret(number));
  WY_TRY(const CipherKey files, keys.purpose_key("sealed files"));
  std::string both(view(files));
  both += view(secret);
  const CipherKey key = derive_key(both, kInfo);
  wipe(both);
  return key;
}

// A file key seals one file only, so the piece's number is enough.
CipherNonce nonce_of(std::int64_t piece, bool last) {
  CipherNonce nonce{};
  std::memcpy(nonce.data(), &piece, sizeof piece);
  nonce[8] = last ? 1 : 0;
  return nonce;
}

// An empty file has one piece, of nothing.
std::int64_t piece_count(std::int64_t size) {
  return std::max<std::int64_t>(1,
                                (size + std::int64_t{kPieceSize} - 1) / std::int64_t{kPieceSize});
}

Status write_all(int fd, const fs::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return Done{};
}

Result<std::string> read_at(int fd, const fs::path& path, std::size_t size, std::int64_t at) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd, bytes.data() + done, size - done,
                                  static_cast<off_t>(at) + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read", path);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
  return bytes;
}

class Writer final : public SealedWriter {
 public:
  Writer(fs::path path, FileDescriptor fd, SecretNumber secret, const CipherKey& wrapping)
      : path_(std::move(path)), fd_(std::move(fd)), secret_(secret), wrapping_(wrapping) {
    random_bytes(key_);
  }
  ~Writer() override {
    wipe(key_);
    wipe(wrapping_);
    wipe(waiting_);
    if (fd_) ::unlink(path_.c_str());
  }
  Status skip_header() const { return write_all(fd_.get(), path_, std::string(kHeaderSize, '\0')); }
  Status write(std::string_view bytes) override;
  Status finish(std::string_view bound) override;

 private:
  Status put(std::string_view piece, bool last);

  fs::path path_;
  FileDescriptor fd_;  // open until finished
  SecretNumber secret_;
  CipherKey wrapping_;
  CipherKey key_{};
  std::string waiting_;  // what may yet be the last piece: never empty once there was a byte
  std::int64_t pieces_ = 0;
  std::int64_t size_ = 0;
};

Status Writer::put(std::string_view piece, bool last) {
  const std::string sealed = seal_at(key_, nonce_of(pieces_++, last), piece, {});
  return write_all(fd_.get(), path_, sealed);
}

Status Writer::write(std::string_view bytes) {
  size_ += static_cast<std::int64_t>(bytes.size());
  while (!bytes.empty()) {
    if (waiting_.size() == kPieceSize) {
      WY_RETURN_IF_ERROR(put(waiting_, false));
      waiting_.clear();
    }
    const std::size_t count = std::min(bytes.size(), kPieceSize - waiting_.size());
    waiting_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
  }
  return Done{};
}

Status Writer::finish(std::string_view bound) {
  WY_RETURN_IF_ERROR(put(waiting_, true));
  Header header{secret_, size_, {}};
  header.wrapped = seal(wrapping_, view(key_), wrap_bound(header, bound));
  const std::string bytes = encode(header);
  if (::lseek(fd_.get(), 0, SEEK_SET) != 0) return errno_error("seek", path_);
  WY_RETURN_IF_ERROR(write_all(fd_.get(), path_, bytes));
  if (::fsync(fd_.get()) != 0) return errno_error("fsync", path_);
  fd_.reset();
  return Done{};
}

class Reader final : public SealedReader {
 public:
  Reader(fs::path path, FileDescriptor fd, std::int64_t size, const CipherKey& key)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size), key_(key) {}
  ~Reader() override { wipe(key_); }
  std::int64_t size() const override { return size_; }
  Result<std::string> read(std::int64_t offset, std::size_t count) const override;

 private:
  Result<std::string> piece(std::int64_t number) const;

  fs::path path_;
  FileDescriptor fd_;
  std::int64_t size_;
  CipherKey key_;
};

Result<std::string> Reader::piece(std::int64_t number) const {
  const bool last = number == piece_count(size_) - 1;
  const auto whole = static_cast<std::int64_t>(kPieceSize);
  const auto size = static_cast<std::size_t>(last ? size_ - number * whole : whole) + kTagSize;
  const auto at = static_cast<std::int64_t>(kHeaderSize) +
                  number * static_cast<std::int64_t>(kPieceSize + kTagSize);
  WY_TRY(const std::string sealed, read_at(fd_.get(), path_, size, at));
  auto plain = unseal_at(key_, nonce_of(number, last), sealed, {});
  if (!plain) return Error{ErrorCode::corrupt, path_.filename().string() + " is damaged on disk"};
  return *std::move(plain);
}

Result<std::string> Reader::read(std::int64_t offset, std::size_t count) const {
  if (offset < 0) return Error{ErrorCode::invalid_argument, "a file begins at 0"};
  const std::int64_t left = std::max<std::int64_t>(0, size_ - offset);
  const std::int64_t end =
      offset + static_cast<std::int64_t>(std::min(static_cast<std::size_t>(left), count));
  const auto whole = static_cast<std::int64_t>(kPieceSize);
  std::string bytes;
  for (std::int64_t at = offset; at < end;) {
    WY_TRY(const std::string plain, piece(at / whole));
    const auto from = static_cast<std::size_t>(at % whole);
    bytes += std::string_view(plain).substr(from, static_cast<std::size_t>(end - at));
    at = (at / whole + 1) * whole;
  }
  return bytes;
}

struct Opened {
  FileDescriptor fd;
  Header header;
  std::int64_t file_size = 0;
};

// However long the file is.
Result<Opened> open_header(const fs::path& path) {
  const Error broken{ErrorCode::corrupt, path.filename().string() + " is not a sealed file"};
  Opened opened;
  opened.fd = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!opened.fd && errno == ELOOP) return broken;
  if (!opened.fd) return errno_error("open", path);
  struct stat info {};
  if (::fstat(opened.fd.get(), &info) != 0) return errno_error("stat", path);
  if (!S_ISREG(info.st_mode)) return broken;
  WY_TRY(const std::string bytes, read_at(opened.fd.get(), path, kHeaderSize, 0));
  auto header = decode(bytes);
  if (!header) return broken;
  opened.header = *std::move(header);
  opened.file_size = info.st_size;
  return opened;
}

Status check_length(const Opened& opened, const fs::path& path) {
  const std::int64_t plain = opened.file_size - static_cast<std::int64_t>(kHeaderSize) -
                             piece_count(opened.header.size) * static_cast<std::int64_t>(kTagSize);
  if (plain == opened.header.size) return Done{};
  return Error{ErrorCode::corrupt, path.filename().string() + " is not as long as it was"};
}

Result<CipherKey> file_key(const KeyRing& keys, const Header& header, const fs::path& path,
                           std::string_view bound) {
  WY_TRY(const CipherKey wrapping, wrapping_key(keys, header.secret));
  const auto key = unseal_key(wrapping, header.wrapped, wrap_bound(header, bound));
  if (key) return *key;
  return Error{ErrorCode::corrupt, path.filename().string() + " was not sealed here as this"};
}

// A header that is damaged, or not ours, may name anybody's.
Result<SecretNumber> own_secret(const KeyRing& keys, const fs::path& path, std::string_view bound) {
  WY_TRY(const Opened opened, open_header(path));
  WY_RETURN_IF_ERROR(file_key(keys, opened.header, path, bound));
  return opened.header.secret;
}

}  // namespace

Result<std::unique_ptr<SealedWriter>> SealedFileStore::create(const fs::path& path) const {
  WY_TRY(ErasureSecrets* const secrets, keys_.secrets());
  WY_TRY(const SecretNumber secret, secrets->take());
  WY_TRY(const CipherKey wrapping, wrapping_key(keys_, secret));
  FileDescriptor fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return errno_error("create", path);
  // The header comes last: a file that was not finished is not a sealed file.
  auto writer = std::make_unique<Writer>(path, std::move(fd), secret, wrapping);
  WY_RETURN_IF_ERROR(writer->skip_header());
  return std::unique_ptr<SealedWriter>(std::move(writer));
}

Result<std::unique_ptr<SealedReader>> SealedFileStore::open(const fs::path& path,
                                                            std::string_view bound) const {
  WY_TRY(Opened opened, open_header(path));
  WY_RETURN_IF_ERROR(check_length(opened, path));
  WY_TRY(const CipherKey key, file_key(keys_, opened.header, path, bound));
  return std::unique_ptr<SealedReader>(
      std::make_unique<Reader>(path, std::move(opened.fd), opened.header.size, key));
}

Result<SecretNumber> SealedFileStore::secret_of(const fs::path& path,
                                                std::string_view bound) const {
  const auto secret = own_secret(keys_, path, bound);
  if (secret) return secret;
  const ErrorCode code = secret.error().code;
  if (code != ErrorCode::not_found && code != ErrorCode::corrupt) return secret;
  if (code == ErrorCode::corrupt) {
    log::error("store.key_not_destroyed",
               {{"file", path.string()}, {"why", secret.error().message}});
  }
  return SecretNumber{0};
}

Status SealedFileStore::destroy_secret(SecretNumber secret) const {
  if (secret == 0) return Done{};
  WY_TRY(ErasureSecrets* const secrets, keys_.secrets());
  return secrets->destroy(std::span(&secret, 1));
}

Status SealedFileStore::ready_to_destroy(SecretNumber secret) const {
  if (secret == 0) return Done{};
  WY_TRY(ErasureSecrets* const secrets, keys_.secrets());
  return secrets->ready();
}

Status SealedFileStore::replace(const fs::path& from, const fs::path& to,
                                std::string_view bound) const {
  WY_TRY(const SecretNumber before, secret_of(to, bound));
  WY_RETURN_IF_ERROR(ready_to_destroy(before));
  if (::rename(from.c_str(), to.c_str()) != 0) return errno_error("rename", to);
  // Else a power cut could bring the old file back, whose key is gone.
  WY_RETURN_IF_ERROR(sync_directory(to.parent_path()));
  return destroy_secret(before);
}

Status SealedFileStore::destroy(const fs::path& path, std::string_view bound) const {
  WY_TRY(const SecretNumber secret, secret_of(path, bound));
  WY_RETURN_IF_ERROR(destroy_secret(secret));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error("remove", path);
  return Done{};
}

}  // namespace wenyuan::store
