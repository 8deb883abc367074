#include "index/archive.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "index/guarded.h"

namespace wenyuan::index {
namespace {

namespace fs = std::filesystem;

// Raised when files mean something else than before, or when the analyzer cuts text differently.
constexpr std::string_view kFormat = "wenyuan index 2";
constexpr std::size_t kHeadSizeMax = 64 * 1024;
constexpr std::size_t kPieceSize = std::size_t{1} << 20;
constexpr std::uint32_t kFileCountMax = 100;

struct Entry {
  std::string path;  // relative
  std::uint64_t size = 0;
};

Result<std::vector<Entry>> files_below(const fs::path& directory) {
  return guarded([&]() -> Result<std::vector<Entry>> {
    std::vector<Entry> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
      if (!entry.is_regular_file()) continue;
      files.push_back(
          {entry.path().lexically_relative(directory).string(), std::uint64_t{entry.file_size()}});
    }
    std::sort(files.begin(), files.end(),
              [](const Entry& a, const Entry& b) { return a.path < b.path; });
    return files;
  });
}

std::string encode(const ArchiveHead& head, const std::vector<Entry>& files) {
  ByteWriter out;
  out.put(kFormat);
  out.put(head.label);
  out.put(head.applied);
  out.put(std::string_view(head.store_id));
  out.put(std::string_view(head.embedding_model));
  out.put(head.vector_size);
  out.put(static_cast<std::uint32_t>(files.size()));
  for (const Entry& file : files) {
    out.put(std::string_view(file.path));
    out.put(file.size);
  }
  return out.take();
}

struct Decoded {
  ArchiveHead head;
  std::vector<Entry> files;
};

std::optional<Decoded> decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.text() != kFormat) return std::nullopt;
  Decoded decoded;
  ArchiveHead& head = decoded.head;
  head.label = in.number<LabelId>().value_or(0);
  head.applied = in.number<CommitNumber>().value_or(0);
  head.store_id = in.text().value_or("");
  head.embedding_model = in.text().value_or("");
  head.vector_size = in.number<std::uint64_t>().value_or(0);
  const auto count = in.number<std::uint32_t>();
  if (!count || *count > kFileCountMax) return std::nullopt;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto path = in.text();
    const auto size = in.number<std::uint64_t>();
    if (!size) return std::nullopt;
    const fs::path relative{std::string(*path)};
    if (relative.empty() || relative.is_absolute() || relative != relative.lexically_normal() ||
        *relative.begin() == "..") {
      return std::nullopt;
    }
    decoded.files.push_back({relative.string(), *size});
  }
  if (!in.at_end()) return std::nullopt;
  return decoded;
}

Status put_file(SealedWriter& archive, const fs::path& path) {
  WY_TRY(const MappedFile mapped, MappedFile::open(path));
  const auto bytes = mapped.bytes();
  return archive.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Status take_file(const SealedReader& archive, std::int64_t at, std::uint64_t size,
                 const fs::path& path) {
  return guarded([&]() -> Status {
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    while (size > 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(size, kPieceSize));
      WY_TRY(const std::string bytes, archive.read(at, count));
      if (bytes.size() != count) return Error{ErrorCode::corrupt, "the archive is too short"};
      out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      at += static_cast<std::int64_t>(count);
      size -= count;
    }
    out.close();
    if (!out) return errno_error("write", path);
    return Done{};
  });
}

}  // namespace

Status write_archive(const SealedFiles& files, const fs::path& archive, std::string_view bound,
                     const ArchiveHead& head, const fs::path& directory) {
  WY_TRY(const std::vector<Entry> entries, files_below(directory));
  const std::string encoded = encode(head, entries);
  WY_TRY(const auto writer, files.create(archive));
  ByteWriter size;
  size.put(static_cast<std::uint32_t>(encoded.size()));
  WY_RETURN_IF_ERROR(writer->write(size.bytes()));
  WY_RETURN_IF_ERROR(writer->write(encoded));
  for (const Entry& entry : entries) {
    WY_RETURN_IF_ERROR(put_file(*writer, directory / entry.path));
  }
  return writer->finish(bound);
}

Result<ArchiveHead> read_archive(const SealedFiles& files, const fs::path& archive,
                                 std::string_view bound, const fs::path& directory) {
  WY_TRY(const auto reader, files.open(archive, bound));
  WY_TRY(const std::string head, reader->read(0, kHeadSizeMax));
  ByteReader in(head);
  const auto encoded = in.text();
  auto decoded = encoded ? decode(*encoded) : std::nullopt;
  if (!decoded) return Error{ErrorCode::corrupt, "the generation is of another format"};
  auto at = static_cast<std::int64_t>(sizeof(std::uint32_t) + encoded->size());
  for (const Entry& entry : decoded->files) {
    WY_RETURN_IF_ERROR(take_file(*reader, at, entry.size, directory / entry.path));
    at += static_cast<std::int64_t>(entry.size);
  }
  if (at != reader->size()) return Error{ErrorCode::corrupt, "the generation is too long"};
  return std::move(decoded->head);
}

}  // namespace wenyuan::index
