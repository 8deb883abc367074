#include "ingest/extract/zip_archive.h"

#include <sys/stat.h>
#include <zip.h>

namespace wenyuan::ingest {
namespace {

constexpr zip_uint64_t kStatWanted = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

Error too_large(std::string_view what) {
  return Error{ErrorCode::too_large, "the archive inside the file " + std::string(what)};
}

Error damaged(std::string_view what) {
  return Error{ErrorCode::corrupt, "the archive inside the file " + std::string(what)};
}

bool leads_out(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.front() == '\\') return true;
  if (name.size() >= 2 && name[1] == ':') return true;
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find_first_of("/\\", begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return false;
}

bool is_link(zip_t* archive, zip_uint64_t at) {
  zip_uint8_t system = 0;
  zip_uint32_t attributes = 0;
  if (zip_file_get_external_attributes(archive, at, 0, &system, &attributes) != 0) return false;
  return system == ZIP_OPSYS_UNIX && S_ISLNK(attributes >> 16);
}

}  // namespace

struct ZipArchive::Impl {
  std::unique_ptr<zip_t, Discard> archive;
  ZipLimits limits;
  std::uint64_t unpacked = 0;

  Status check_entries() const;
};

Status ZipArchive::Impl::check_entries() const {
  const zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > limits.entry_count_max) return too_large("has too many entries");
  std::uint64_t total = 0;
  for (zip_uint64_t at = 0; at < static_cast<zip_uint64_t>(count); ++at) {
    zip_stat_t info;
    if (zip_stat_index(archive.get(), at, ZIP_FL_ENC_RAW, &info) != 0 ||
        (info.valid & kStatWanted) != kStatWanted) {
      return damaged("has an entry that cannot be read");
    }
    if (leads_out(info.name)) return damaged("has a name that leads out of it");
    if (is_link(archive.get(), at)) return damaged("has a symbolic link");
    if (info.size > limits.total_size_max - total) return too_large("unpacks to too much");
    total += info.size;
    if (info.size > limits.ratio_free_size && info.size / limits.ratio_max > info.comp_size) {
      return too_large("is packed too tightly to be honest");
    }
  }
  return Done{};
}

ZipArchive::ZipArchive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZipArchive::ZipArchive(ZipArchive&&) noexcept = default;
ZipArchive::~ZipArchive() = default;

Result<ZipArchive> ZipArchive::open(std::string_view bytes, const ZipLimits& limits) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  if (source == nullptr) return damaged("cannot be opened");
  auto impl = std::make_unique<Impl>();
  impl->limits = limits;
  impl->archive.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (!impl->archive) {
    zip_source_free(source);
    return damaged("cannot be opened");
  }
  WY_RETURN_IF_ERROR(impl->check_entries());
  return ZipArchive(std::move(impl));
}

bool ZipArchive::has(const std::string& name) const {
  return zip_name_locate(impl_->archive.get(), name.c_str(), 0) >= 0;
}

Result<std::string> ZipArchive::read(const std::string& name) {
  const zip_int64_t at = zip_name_locate(impl_->archive.get(), name.c_str(), 0);
  if (at < 0) return Error{ErrorCode::not_found, "no " + name};
  const auto index = static_cast<zip_uint64_t>(at);
  zip_stat_t info;
  if (zip_stat_index(impl_->archive.get(), index, 0, &info) != 0) return damaged("is broken");
  const std::unique_ptr<zip_file_t, CloseFile> file(
      zip_fopen_index(impl_->archive.get(), index, 0));
  if (!file) return damaged("has an entry that cannot be read; is it encrypted?");
  const ZipLimits& limits = impl_->limits;
  std::string content;
  char buffer[64 * 1024];
  for (;;) {
    const zip_int64_t count = zip_fread(file.get(), buffer, sizeof buffer);
    if (count < 0) return damaged("has an entry with damaged bytes");
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
    impl_->unpacked += static_cast<std::uint64_t>(count);
    if (content.size() > limits.entry_size_max || impl_->unpacked > limits.total_size_max) {
      return too_large("unpacks to too much");
    }
    if (content.size() > limits.ratio_free_size &&
        content.size() / limits.ratio_max > info.comp_size) {
      return too_large("is packed too tightly to be honest");
    }
  }
}

}  // namespace wenyuan::ingest
