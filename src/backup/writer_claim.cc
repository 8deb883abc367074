#include "backup/writer_claim.h"

#include <array>
#include <cstdlib>

#include "backup/folder.h"
#include "backup/signed_lines.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTitle = "wenyuan backup writer 1";
constexpr std::size_t kTextSizeMax = 4096;
constexpr UnixMillis kRenewed = 60'000;
// A server that has not renewed its claim for so long is gone.
constexpr UnixMillis kAbandoned = 600'000;

std::string new_name() {
  std::array<std::uint8_t, 16> bytes{};
  random_bytes(bytes);
  return to_hex(bytes);
}

// In the data directory: no backup brings it elsewhere.
Result<std::string> name_of(const fs::path& data) {
  const fs::path file = data / "backup.writer";
  const auto known = read_file(file, kTextSizeMax);
  if (known) return std::string(trim(*known));
  if (known.error().code != ErrorCode::not_found) return known.error();
  std::string made = new_name();
  WY_RETURN_IF_ERROR(write_file_durably(file, made + "\n"));
  return made;
}

Result<WriterClaim::Claim> read(SignedLines lines) {
  WriterClaim::Claim claim;
  WY_TRY(claim.writer, lines.text("writer"));
  WY_TRY(claim.session, lines.text("session"));
  WY_TRY(claim.time, lines.number("time", 0, std::int64_t{1} << 62));
  WY_RETURN_IF_ERROR(lines.end());
  return claim;
}

}  // namespace

WriterClaim::WriterClaim(Place& place, const audit::SigningKey& key, std::string writer)
    : place_(&place), key_(&key), writer_(std::move(writer)), session_(new_name()) {}

Result<WriterClaim> WriterClaim::open(Place& place, const audit::SigningKey& key,
                                      const fs::path& data) {
  WY_TRY(std::string writer, name_of(data));
  return WriterClaim(place, key, std::move(writer));
}

Result<WriterClaim::Claim> WriterClaim::parse(std::string_view text) {
  WY_TRY(SignedLines lines, SignedLines::parse(text, kTitle));
  return read(std::move(lines));
}

Result<WriterClaim::Claim> WriterClaim::there() const {
  WY_TRY(const std::string text, place_->get(kWriterName, kTextSizeMax));
  WY_TRY(SignedLines lines, SignedLines::open(text, kTitle, key_->verifying_key()));
  return read(std::move(lines));
}

std::string WriterClaim::text(UnixMillis now) const {
  SignedLines lines(kTitle);
  lines.add("writer", writer_);
  lines.add("session", session_);
  lines.add("time", now);
  return lines.sign(*key_);
}

Status WriterClaim::hold(UnixMillis now) {
  const auto claim = there();
  if (!claim && claim.error().code == ErrorCode::not_found) {
    WY_RETURN_IF_ERROR(place_->put_new(kWriterName, text(now)));
    held_ = true;
    return Done{};
  }
  const bool readable = claim.has_value();
  if (!readable && claim.error().code != ErrorCode::corrupt) return claim.error();
  if (readable) {
    const bool ours = claim->session == session_ || (!held_ && claim->writer == writer_);
    const UnixMillis age = std::abs(now - claim->time);
    if (!ours && age < kAbandoned) {
      return Error{ErrorCode::conflict,
                   "another server writes its backups to " + place_->where() + ", at " +
                       rfc3339(claim->time) +
                       " for the last time: give each a place of its own; or, when that one is "
                       "gone for good, wait 10 minutes, restore with --take-over, or remove " +
                       place_->where(kWriterName)};
    }
    if (claim->session == session_ && age < kRenewed) return Done{};
    if (!ours) log::warn("backup.writer_is_gone", {{"since", rfc3339(claim->time)}});
  }
  WY_RETURN_IF_ERROR(place_->put(kWriterName, text(now)));
  held_ = true;
  return Done{};
}

Status WriterClaim::release() {
  if (!held_) return Done{};
  const auto claim = there();
  if (!claim || claim->session != session_) return Done{};
  return place_->remove(kWriterName);
}

}  // namespace wenyuan::backup
