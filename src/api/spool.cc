#include "api/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/id.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kPieceSize = 64 * 1024;
constexpr std::size_t kSealedSize = kPieceSize + store::kTagSize;

// The key is for one file only, so the piece's number is enough.
store::CipherNonce nonce_of(std::int64_t piece) {
  store::CipherNonce nonce{};
  std::memcpy(nonce.data(), &piece, sizeof piece);
  return nonce;
}

off_t place_of(std::int64_t piece) {
  return static_cast<off_t>(piece) * static_cast<off_t>(kSealedSize);
}

}  // namespace

Spool::Spool(FileDescriptor fd) : fd_(std::move(fd)) { random_bytes(key_); }

Spool::~Spool() {
  store::wipe(key_);
  store::wipe(waiting_);
  store::wipe(plain_);
}

Result<Spool> Spool::create() {
  std::error_code failed;
  std::string name = (std::filesystem::temp_directory_path(failed) / "wenyuan-XXXXXX").string();
  FileDescriptor fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) return errno_error("create", name);
  ::unlink(name.c_str());
  return Spool(std::move(fd));
}

Status Spool::put_piece() {
  const std::string sealed = store::seal_at(key_, nonce_of(pieces_), waiting_, {});
  std::string_view left = sealed;
  while (!left.empty()) {
    const off_t at = place_of(pieces_) + static_cast<off_t>(sealed.size() - left.size());
    const ssize_t count = ::pwrite(fd_.get(), left.data(), left.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return errno_error("write a temporary file");
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  ++pieces_;
  waiting_.clear();
  return Done{};
}

Status Spool::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kPieceSize - waiting_.size());
    waiting_ += bytes.substr(0, count);
    bytes.remove_prefix(count);
    size_ += static_cast<std::int64_t>(count);
    if (waiting_.size() == kPieceSize) WY_RETURN_IF_ERROR(put_piece());
  }
  return Done{};
}

Status Spool::open_piece(std::int64_t number) {
  std::string sealed(kSealedSize, '\0');
  std::size_t done = 0;
  while (done < sealed.size()) {
    const ssize_t count = ::pread(fd_.get(), sealed.data() + done, sealed.size() - done,
                                  place_of(number) + static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("read a temporary file");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  sealed.resize(done);
  auto plain = store::unseal_at(key_, nonce_of(number), sealed, {});
  if (!plain) return Error{ErrorCode::corrupt, "a temporary file was changed"};
  plain_ = *std::move(plain);
  opened_ = number;
  return Done{};
}

Result<std::string> Spool::read(std::int64_t offset, std::size_t size) {
  if (offset < 0 || offset > size_) return std::string();
  // What was asked for may come from the file itself: no more memory than there are bytes.
  const std::int64_t end =
      offset + static_cast<std::int64_t>(std::min(size, static_cast<std::size_t>(size_ - offset)));
  std::string bytes;
  while (offset < end) {
    const std::int64_t number = offset / std::int64_t{kPieceSize};
    if (number < pieces_ && number != opened_) WY_RETURN_IF_ERROR(open_piece(number));
    const std::string& piece = number < pieces_ ? plain_ : waiting_;
    const auto from = static_cast<std::size_t>(offset % std::int64_t{kPieceSize});
    const std::string_view part =
        std::string_view(piece).substr(from, static_cast<std::size_t>(end - offset));
    bytes += part;
    offset += static_cast<std::int64_t>(part.size());
  }
  return bytes;
}

}  // namespace wenyuan::api
