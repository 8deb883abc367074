#include "store/erasure_secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/text.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPlaceSize = sizeof(CipherKey);
constexpr std::string_view kMagic = "wenyuan secrets\n";
// So many at a time: one sync for each 256 documents, and 8 KiB wasted by each start.
constexpr SecretNumber kBlock = 256;

off_t place_of(SecretNumber number) {
  return static_cast<off_t>(number) * static_cast<off_t>(kPlaceSize);
}

Result<std::string> header_of(const std::string& store_id) {
  const auto id = from_hex(store_id);
  if (!id || id->size() != kPlaceSize - kMagic.size()) {
    return Error{ErrorCode::invalid_argument, "a store's id is 32 hex digits"};
  }
  std::string header(kMagic);
  header.append(id->begin(), id->end());
  return header;
}

Status write_at(int fd, const fs::path& file, std::span<const std::uint8_t> bytes, off_t at) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write", file);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    at += count;
  }
  return Done{};
}

Status check_header(int fd, const fs::path& file, const std::string& wanted) {
  std::array<char, kPlaceSize> found{};
  if (::pread(fd, found.data(), found.size(), 0) != static_cast<ssize_t>(found.size()) ||
      std::string_view(found.data(), kMagic.size()) != kMagic) {
    return Error{ErrorCode::corrupt, file.string() + " does not hold erasure secrets"};
  }
  if (std::string_view(found.data(), found.size()) == wanted) return Done{};
  return Error{ErrorCode::corrupt, file.string() + " belongs to another store"};
}

}  // namespace

Result<std::unique_ptr<ErasureSecrets>> ErasureSecrets::open(const fs::path& file,
                                                             const std::string& store_id,
                                                             Mode mode) {
  WY_TRY(const std::string header, header_of(store_id));
  if (mode == Mode::create) {
    if (std::error_code none; fs::exists(file, none)) {
      return Error{ErrorCode::conflict, file.string() + " is there already"};
    }
    WY_RETURN_IF_ERROR(write_file_durably(file, header, 0600));
  }
  FileDescriptor fd(
      ::open(file.c_str(), (mode == Mode::read ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno_error("open", file);
  WY_RETURN_IF_ERROR(check_header(fd.get(), file, header));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return errno_error("stat", file);
  std::unique_ptr<ErasureSecrets> secrets(
      new ErasureSecrets(file, std::move(fd)));  // NOLINT: private constructor
  // The rest of the last block is left unused: nobody knows how much of it was taken.
  const auto places =
      (info.st_size + static_cast<off_t>(kPlaceSize) - 1) / static_cast<off_t>(kPlaceSize);
  secrets->next_ = std::max<SecretNumber>(places, 1);
  secrets->end_ = secrets->next_;
  return secrets;
}

Status ErasureSecrets::make_more() {
  std::vector<std::uint8_t> fresh(kBlock * kPlaceSize);
  random_bytes(fresh);
  const Status written = write_at(fd_.get(), file_, fresh, place_of(end_));
  wipe(fresh);
  WY_RETURN_IF_ERROR(written);
  if (::fdatasync(fd_.get()) != 0) return errno_error("sync", file_);
  end_ += kBlock;
  return Done{};
}

Result<SecretNumber> ErasureSecrets::take() {
  const std::lock_guard lock(mutex_);
  if (next_ == end_) WY_RETURN_IF_ERROR(make_more());
  return next_++;
}

Result<CipherKey> ErasureSecrets::secret(SecretNumber number) const {
  CipherKey bytes{};
  if (number <= 0 || ::pread(fd_.get(), bytes.data(), bytes.size(), place_of(number)) !=
                         static_cast<ssize_t>(bytes.size())) {
    return Error{ErrorCode::corrupt, file_.string() + " is older than the data: secret " +
                                         std::to_string(number) + " is not in it"};
  }
  if (bytes == CipherKey{}) {
    return Error{ErrorCode::not_found, "this was erased, and its key destroyed"};
  }
  return bytes;
}

Result<bool> ErasureSecrets::is_destroyed(SecretNumber number) const {
  const auto found = secret(number);
  if (found) return false;
  if (found.error().code == ErrorCode::not_found) return true;
  return found.error();
}

Status ErasureSecrets::destroy(std::span<const SecretNumber> numbers) const {
  if (numbers.empty()) return Done{};
  const CipherKey zeros{};
  for (const SecretNumber number : numbers) {
    WY_ASSERT(number > 0);
    WY_RETURN_IF_ERROR(write_at(fd_.get(), file_, zeros, place_of(number)));
  }
  if (::fdatasync(fd_.get()) != 0) return errno_error("sync", file_);
  return Done{};
}

}  // namespace wenyuan::store
