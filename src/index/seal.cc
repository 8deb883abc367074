#include "index/seal.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "index/guarded.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSealFile = "seal";
// Raised when files mean something else than before, or when the analyzer cuts text differently.
constexpr std::string_view kFormat = "wenyuan index 1";
constexpr std::size_t kSealSizeMax = 64 * 1024;
constexpr std::size_t kMacSize = 32;
using Digest = std::array<unsigned char, kMacSize>;

std::string_view view(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Result<Digest> mac_of(std::string_view bytes, std::span<const std::uint8_t> key) {
  Digest mac;
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), mac.data(),
           &size) == nullptr ||
      size != mac.size()) {
    return Error{ErrorCode::internal, "HMAC failed"};
  }
  return mac;
}

Result<Digest> digest_of(std::span<const std::uint8_t> bytes) {
  Digest digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    return Error{ErrorCode::internal, "SHA-256 failed"};
  }
  return digest;
}

// Paths of the regular files below, relative and sorted, without the seal.
Result<std::vector<std::string>> files_below(const fs::path& directory) {
  return guarded([&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
      if (entry.is_directory() && !entry.is_symlink()) continue;
      if (!entry.is_regular_file() || entry.is_symlink()) {
        return Error{ErrorCode::corrupt, entry.path().string() + " is not a regular file"};
      }
      std::string path = entry.path().lexically_relative(directory).string();
      if (path != kSealFile) files.push_back(std::move(path));
    }
    std::sort(files.begin(), files.end());
    return files;
  });
}

Status sync_below(const fs::path& directory, std::span<const std::string> files) {
  std::set<fs::path> folders = {directory};
  for (const std::string& file : files) {
    const fs::path path = directory / file;
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return errno_error("open", path);
    if (::fsync(fd.get()) != 0) return errno_error("fsync", path);
    folders.insert(path.parent_path());
  }
  for (const fs::path& folder : folders) WY_RETURN_IF_ERROR(sync_directory(folder));
  return Done{};
}

// What the MAC is over.
Result<std::string> encode(const fs::path& directory, const Seal& seal,
                           std::span<const std::string> files) {
  ByteWriter out;
  out.put(kFormat);
  out.put(seal.label);
  out.put(seal.applied);
  out.put(std::string_view(seal.store_id));
  out.put(std::string_view(seal.embedding_model));
  out.put(seal.vector_size);
  out.put(static_cast<std::uint32_t>(files.size()));
  for (const std::string& file : files) {
    WY_TRY(const MappedFile mapped, MappedFile::open(directory / file));
    WY_TRY(const Digest digest, digest_of(mapped.bytes()));
    out.put(std::string_view(file));
    out.put(std::uint64_t{mapped.bytes().size()});
    out.put(view(digest));
  }
  return out.take();
}

std::optional<Seal> decode_head(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.text() != kFormat) return std::nullopt;
  const auto label = in.number<LabelId>();
  const auto applied = in.number<CommitNumber>();
  const auto store_id = in.text();
  const auto model = in.text();
  const auto vector_size = in.number<std::uint64_t>();
  if (!vector_size) return std::nullopt;
  return Seal{*label, *applied, std::string(*store_id), std::string(*model), *vector_size};
}

}  // namespace

Status write_seal(const fs::path& directory, const Seal& seal, std::span<const std::uint8_t> key) {
  WY_TRY(const std::vector<std::string> files, files_below(directory));
  WY_RETURN_IF_ERROR(sync_below(directory, files));
  WY_TRY(std::string content, encode(directory, seal, files));
  WY_TRY(const Digest mac, mac_of(content, key));
  content += view(mac);
  return write_file_durably(directory / kSealFile, content);
}

Result<Seal> verify_seal(const fs::path& directory, std::span<const std::uint8_t> key) {
  WY_TRY(const std::string content, read_file(directory / kSealFile, kSealSizeMax));
  if (content.size() < kMacSize) return Error{ErrorCode::corrupt, "the seal is too short"};
  const std::string_view bytes = std::string_view(content).substr(0, content.size() - kMacSize);
  WY_TRY(const Digest mac, mac_of(bytes, key));
  if (CRYPTO_memcmp(mac.data(), content.data() + bytes.size(), kMacSize) != 0) {
    return Error{ErrorCode::corrupt, "the seal is not ours"};
  }
  std::optional<Seal> seal = decode_head(bytes);
  if (!seal) return Error{ErrorCode::corrupt, "the seal is of another format"};
  WY_TRY(const std::vector<std::string> files, files_below(directory));
  WY_TRY(const std::string now, encode(directory, *seal, files));
  if (now != bytes) return Error{ErrorCode::corrupt, "a file is not what was sealed"};
  return *std::move(seal);
}

Status break_seal(const fs::path& directory) {
  if (::unlink((directory / kSealFile).c_str()) != 0 && errno != ENOENT) {
    return errno_error("remove", directory / kSealFile);
  }
  const Status synced = sync_directory(directory);
  // It may be gone already: with the last search that used it.
  if (!synced && synced.error().code != ErrorCode::not_found) return synced;
  return Done{};
}

}  // namespace wenyuan::index
