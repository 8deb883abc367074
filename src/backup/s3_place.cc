#include "backup/s3_place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "backup/manifest.h"
#include "backup/new_file.h"
#include "backup/s3_answers.h"
#include "backup/s3_transfer.h"
#include "base/file.h"
#include "base/id.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::hours kScratchKept{24};
constexpr std::string_view kScratchName = "backup_";

// What earlier processes have left when they were killed.
void clear_scratch(const fs::path& folder) {
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::error_code ignored;
    const auto age = fs::file_time_type::clock::now() - at->last_write_time(ignored);
    const bool ours = at->path().filename().string().starts_with(kScratchName);
    if (ours && !ignored && age > kScratchKept) fs::remove(at->path(), ignored);
  }
}

Result<S3Source> source_of(const FileDescriptor& file, const fs::path& path,
                           const std::string& sha256) {
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) return errno_error("open", path);
  return S3Source{info.st_size, sha256, [&file](std::int64_t offset, std::string& piece) {
                    return read_piece(file, offset, piece);
                  }};
}

S3Source source_of(std::string_view bytes) {
  return {static_cast<std::int64_t>(bytes.size()), sha256_of(bytes),
          [bytes](std::int64_t offset, std::string& piece) -> Status {
            piece = bytes.substr(static_cast<std::size_t>(offset), piece.size());
            return Done{};
          }};
}

class S3Place final : public Place {
 public:
  S3Place(const S3Options& options, std::unique_ptr<Transport> transport, const Clock& clock)
      : client_(options, std::move(transport), clock),
        prefix_(options.address.prefix),
        scratch_(options.scratch),
        scratch_reserve_(options.scratch_reserve) {
    where_ = "s3://";
    where_ += options.address.bucket;
    if (!prefix_.empty()) where_ += "/" + prefix_.substr(0, prefix_.size() - 1);
  }

  const std::string& where() const override { return where_; }
  using Place::where;

  Status put(const std::string& name, std::string_view bytes) override {
    return s3_upload(client_, key(name), source_of(bytes), false);
  }
  Status put_new(const std::string& name, std::string_view bytes) override {
    return s3_upload(client_, key(name), source_of(bytes), true);
  }
  Status put_file(const std::string& name, const fs::path& path,
                  const std::string& sha256) override {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    WY_TRY(const S3Source source, source_of(file, path, sha256));
    return s3_upload(client_, key(name), source, false);
  }

  Result<fs::path> make_room(const std::string& /*name*/, std::int64_t size) override {
    WY_RETURN_IF_ERROR(DurableFolders().make(fs::absolute(scratch_)));
    std::error_code failed;
    const fs::space_info space = fs::space(scratch_, failed);
    const auto have = static_cast<std::int64_t>(
        std::min<std::uintmax_t>(space.available, std::numeric_limits<std::int64_t>::max()));
    if (!failed && have - scratch_reserve_ < size) {
      return Error{ErrorCode::unavailable, "there is no room in " + scratch_.string() +
                                               " for a copy of the database, which is made "
                                               "before it is sent"};
    }
    return scratch_ / new_id("backup");
  }
  Status add_made(const std::string& name, const fs::path& path,
                  const std::string& sha256) override {
    Status sent = put_file(name, path, sha256);
    ::unlink(path.c_str());
    return sent;
  }

  Result<std::string> get(const std::string& name, std::size_t size_max) override {
    std::string bytes;
    const auto received = twice([&]() -> Result<Received> {
      bytes.clear();
      return s3_download(client_, key(name), static_cast<std::int64_t>(size_max),
                         [&](std::string_view piece) -> Status {
                           bytes += piece;
                           return Done{};
                         });
    });
    if (!received) return received.error();
    return bytes;
  }

  Result<std::string> get_beginning(const std::string& name, std::size_t size) override {
    WY_ASSERT(size > 0);
    std::string range = "bytes=0-";
    range += std::to_string(size - 1);
    const S3Client::Call call{.key = key(name), .headers = {{"range", range}}, .reply_max = size};
    WY_TRY(TransportReply reply, client_.send(call));
    if (reply.status == 416) return std::string();
    if (reply.status != 206 && reply.status != 200) return client_.fault(call, reply);
    return std::move(reply.body);
  }

  Result<Received> get_file(const std::string& name, const fs::path& to) override {
    return twice([&]() -> Result<Received> {
      WY_TRY(NewFile file, NewFile::create(to));
      WY_TRY(Received received,
             s3_download(client_, key(name), std::numeric_limits<std::int64_t>::max(),
                         [&](std::string_view piece) { return file.write(piece); }));
      WY_RETURN_IF_ERROR(file.finish());
      return received;
    });
  }

  Result<bool> has(const std::string& name) override {
    const S3Client::Call call{.method = "HEAD", .key = key(name)};
    WY_TRY(const TransportReply reply, client_.send(call));
    if (reply.status == 200) return true;
    if (reply.status == 404) return false;
    return client_.fault(call, reply);
  }

  Result<std::vector<Object>> list(const std::string& folder, const std::string& after) override {
    std::vector<Object> found;
    const auto take = [&](const S3Listing& listing) {
      for (const Object& each : listing.objects) {
        const std::string name = name_of(each.name, folder);
        if (!name.empty() && name > after) found.push_back({name, each.size});
      }
    };
    Query more;
    if (!after.empty()) more.emplace_back("start-after", prefix_ + after);
    WY_RETURN_IF_ERROR(list_all(folder, more, take));
    std::sort(found.begin(), found.end(),
              [](const Object& a, const Object& b) { return a.name < b.name; });
    return found;
  }

  Result<std::vector<std::string>> folders(const std::string& folder) override {
    std::vector<std::string> names;
    const auto take = [&](const S3Listing& listing) {
      for (std::string each : listing.folders) {
        if (each.ends_with('/')) each.pop_back();
        const std::string name = name_of(each, folder);
        if (!name.empty()) names.push_back(name.substr(folder.size()));
      }
    };
    WY_RETURN_IF_ERROR(list_all(folder, {{"delimiter", "/"}}, take));
    std::sort(names.begin(), names.end());
    return names;
  }

  Status remove(const std::string& name) override {
    const S3Client::Call call{.method = "DELETE", .key = key(name)};
    WY_TRY(const TransportReply reply, client_.send(call));
    if (reply.status == 204 || reply.status == 200 || reply.status == 404) return Done{};
    return client_.fault(call, reply);
  }

  void be_patient(bool patient) override { client_.be_patient(patient); }

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;

  std::string key(const std::string& name) const {
    WY_ASSERT(is_object_name(name));
    return prefix_ + name;
  }

  // Empty for what is not ours.
  std::string name_of(const std::string& key, const std::string& folder) const {
    if (!key.starts_with(prefix_ + folder)) return {};
    std::string name = key.substr(prefix_.size());
    return is_object_name(name) ? name : std::string();
  }

  // A page may be empty and not the last; but the same page again would never end.
  template <class Take>
  Status list_all(const std::string& folder, const Query& more, Take take) {
    for (std::string token;;) {
      S3Client::Call call{.query = {{"list-type", "2"}, {"prefix", prefix_ + folder}},
                          .reply_max = kAnswerSizeMax};
      call.query.insert(call.query.end(), more.begin(), more.end());
      if (!token.empty()) call.query.emplace_back("continuation-token", token);
      WY_TRY(const TransportReply reply, client_.send(call));
      if (reply.status != 200) return client_.fault(call, reply);
      WY_TRY(const S3Listing listing, parse_listing(reply.body));
      take(listing);
      if (listing.next.empty()) return Done{};
      if (listing.next == token) {
        return Error{ErrorCode::corrupt, "the object store gives the same page again"};
      }
      token = listing.next;
    }
  }

  // Bytes may have been changed on the way once.
  template <class Work>
  static Result<Received> twice(Work work) {
    auto received = work();
    if (received || received.error().code != ErrorCode::corrupt) return received;
    return work();
  }

  S3Client client_;
  const std::string prefix_;
  const fs::path scratch_;
  const std::int64_t scratch_reserve_;
  std::string where_;
};

}  // namespace

Result<std::unique_ptr<Place>> open_s3(const S3Options& options,
                                       std::unique_ptr<Transport> transport, const Clock& clock) {
  WY_RETURN_IF_ERROR(check_s3_options(options));
  if (!options.scratch.empty()) clear_scratch(options.scratch);
  return std::unique_ptr<Place>(std::make_unique<S3Place>(options, std::move(transport), clock));
}

}  // namespace wenyuan::backup
