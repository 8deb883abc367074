#include <charconv>

#include "backup/s3_transfer.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace {

// "bytes 0-99/1234": nothing unless it begins at `offset`.
std::optional<std::int64_t> total_of(std::string_view range, std::int64_t offset,
                                     std::size_t size) {
  std::string head = "bytes ";
  head += std::to_string(offset);
  head += '-';
  head += std::to_string(offset + static_cast<std::int64_t>(size) - 1);
  head += '/';
  if (!range.starts_with(head)) return std::nullopt;
  range.remove_prefix(head.size());
  std::int64_t total = 0;
  const auto [rest, error] = std::from_chars(range.data(), range.data() + range.size(), total);
  if (error != std::errc() || rest != range.data() + range.size()) return std::nullopt;
  return total;
}

S3Client::Call ask(const std::string& key, std::int64_t offset, const std::string& tag) {
  std::string range = "bytes=";
  range += std::to_string(offset);
  range += '-';
  range += std::to_string(offset + static_cast<std::int64_t>(kPieceSize) - 1);
  S3Client::Call call{.key = key, .headers = {{"range", range}}, .reply_max = kPieceSize};
  if (!tag.empty()) call.headers.emplace_back("if-match", tag);
  return call;
}

struct Piece {
  std::string bytes;
  std::int64_t total = 0;
  std::string tag, sha256;
};

Result<Piece> get_piece(S3Client& client, const std::string& key, std::int64_t offset,
                        const std::string& tag) {
  const S3Client::Call call = ask(key, offset, tag);
  WY_TRY(TransportReply reply, client.send(call));
  Piece piece{std::move(reply.body), 0, std::string(reply.header("etag")),
              std::string(reply.header(kHashHeader))};
  // Of nothing there is no first byte; and a small object may come whole.
  if (reply.status == 416 && offset == 0) {
    WY_TRY(TransportReply whole, client.send({.key = key, .reply_max = kPieceSize}));
    if (whole.status != 200) return client.fault(call, whole);
    piece.tag = whole.header("etag");
    piece.sha256 = whole.header(kHashHeader);
    piece.bytes = std::move(whole.body);
    piece.total = static_cast<std::int64_t>(piece.bytes.size());
    return piece;
  }
  if (reply.status == 200 && offset == 0) {
    piece.total = static_cast<std::int64_t>(piece.bytes.size());
    return piece;
  }
  if (reply.status == 412) {
    return Error{ErrorCode::unavailable, key + " was replaced while it was read"};
  }
  if (reply.status != 206) {
    reply.body = std::move(piece.bytes);
    return client.fault(call, reply);
  }
  const auto total = total_of(reply.header("content-range"), offset, piece.bytes.size());
  const std::int64_t end = offset + static_cast<std::int64_t>(piece.bytes.size());
  const bool full = piece.bytes.size() == kPieceSize || (total && end == *total);
  if (!total || piece.bytes.empty() || !full || end > *total) {
    return Error{ErrorCode::unavailable,
                 "the object store gives other bytes of " + key + " than it was asked for"};
  }
  piece.total = *total;
  return piece;
}

}  // namespace

Result<Place::Received> s3_download(S3Client& client, const std::string& key, std::int64_t size_max,
                                    const std::function<Status(std::string_view)>& take) {
  store::DigestWriter digest;
  Place::Received received;
  std::string tag, wanted;
  for (std::int64_t total = 0; received.size == 0 || received.size < total;) {
    WY_TRY(const Piece piece, get_piece(client, key, received.size, tag));
    if (received.size == 0) {
      total = piece.total;
      tag = piece.tag;
      wanted = piece.sha256;
    }
    if (total > size_max) {
      return Error{ErrorCode::too_large,
                   key + " has more than " + std::to_string(size_max) + " bytes"};
    }
    digest.add(piece.bytes);
    WY_RETURN_IF_ERROR(take(piece.bytes));
    received.size += static_cast<std::int64_t>(piece.bytes.size());
    if (total == 0) break;
  }
  received.sha256 = to_hex(digest.finish());
  if (wanted.empty() || wanted == received.sha256) return received;
  return Error{ErrorCode::corrupt, key + " does not hold the bytes that were sent"};
}

}  // namespace wenyuan::backup
