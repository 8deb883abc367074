#include <algorithm>

#include "backup/manifest.h"
#include "backup/s3_answers.h"
#include "backup/s3_transfer.h"
#include "base/log.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace {

constexpr std::int64_t kPartsMax = 10'000;

Error changed(const std::string& key) {
  return Error{ErrorCode::conflict, "what was to become " + key + " was changed while it was sent"};
}

// Hex to base64.
std::string checksum(const std::string& sha256) {
  const auto bytes = from_hex(sha256);
  WY_ASSERT(bytes.has_value());
  return to_base64(*bytes);
}

S3Headers condition(bool only_new) {
  return only_new ? S3Headers{{"if-none-match", "*"}} : S3Headers{};
}

// After a 412: an attempt whose answer was lost may have written it.
Status compare(S3Client& client, const std::string& key, const S3Source& source) {
  const S3Client::Call call{.method = "HEAD", .key = key};
  WY_TRY(const TransportReply reply, client.send(call));
  if (reply.status == 200 && reply.header(kHashHeader) == source.sha256) return Done{};
  return Error{ErrorCode::conflict, key + " is there already, with other bytes"};
}

// Of a store that does not know the condition: nobody else is asked to keep away.
Result<TransportReply> send_unless_there(S3Client& client, S3Client::Call call) {
  WY_TRY(TransportReply there, client.send({.method = "HEAD", .key = call.key}));
  if (there.status == 200) {
    there.status = 412;
    return there;
  }
  std::erase(call.headers, std::pair<std::string, std::string>("if-none-match", "*"));
  return client.send(call);
}

Status put_whole(S3Client& client, const std::string& key, const S3Source& source, bool only_new) {
  std::string bytes(static_cast<std::size_t>(source.size), '\0');
  WY_RETURN_IF_ERROR(source.read(0, bytes));
  if (sha256_of(bytes) != source.sha256) return changed(key);
  S3Client::Call call{.method = "PUT", .key = key, .headers = condition(only_new), .body = bytes};
  const std::string sum = checksum(source.sha256);
  call.headers.emplace_back(kHashHeader, source.sha256);
  call.headers.emplace_back("x-amz-checksum-sha256", sum);
  WY_TRY(TransportReply reply, client.send(call));
  if (reply.status == 501 && only_new) {
    WY_TRY(reply, send_unless_there(client, call));
  }
  if (reply.status == 412 && only_new) return compare(client, key, source);
  if (reply.status != 200) return client.fault(call, reply);
  const std::string_view kept = reply.header("x-amz-checksum-sha256");
  if (kept.empty() || kept == sum) return Done{};
  return Error{ErrorCode::unavailable, "the object store has taken other bytes for " + key};
}

// One upload in parts, which is given up unless it is finished.
class Upload {
 public:
  static Result<Upload> begin(S3Client& client, const std::string& key, const S3Source& source) {
    const S3Client::Call call{.method = "POST",
                              .key = key,
                              .query = {{"uploads", ""}},
                              .headers = {{kHashHeader, source.sha256}}};
    WY_TRY(const TransportReply reply, client.send(call));
    if (reply.status != 200) return client.fault(call, reply);
    WY_TRY(std::string id, parse_upload_id(reply.body));
    return Upload(client, key, std::move(id));
  }

  Status add(std::string_view piece) {
    number_ += 1;
    const S3Client::Call call{.method = "PUT",
                              .key = key_,
                              .query = {{"partNumber", std::to_string(number_)}, {"uploadId", id_}},
                              .body = piece};
    WY_TRY(const TransportReply reply, client_->send(call));
    if (reply.status != 200) return client_->fault(call, reply);
    const std::string_view tag = reply.header("etag");
    const bool plain = std::all_of(
        tag.begin(), tag.end(), [](char c) { return c > ' ' && c < 0x7F && c != '<' && c != '&'; });
    if (tag.empty() || tag.size() > 256 || !plain) {
      return Error{ErrorCode::corrupt, "the object store gives no ETag for a part of " + key_};
    }
    parts_ += "<Part><PartNumber>";
    parts_ += std::to_string(number_);
    parts_ += "</PartNumber><ETag>";
    parts_ += tag;
    parts_ += "</ETag></Part>";
    return Done{};
  }

  Result<TransportReply> finish(bool only_new) {
    std::string body = "<CompleteMultipartUpload>";
    body += parts_;
    body += "</CompleteMultipartUpload>";
    const S3Client::Call call{.method = "POST",
                              .key = key_,
                              .query = {{"uploadId", id_}},
                              .headers = condition(only_new),
                              .body = body};
    WY_TRY(TransportReply reply, client_->send(call));
    if (reply.status == 501 && only_new) {
      WY_TRY(reply, send_unless_there(*client_, call));
    }
    // An attempt whose answer was lost may have finished it: then there is no such upload.
    if (reply.status == 200 || reply.status == 404 || reply.status == 412) return reply;
    return client_->fault(call, reply);
  }

  void give_up() {
    const auto reply =
        client_->send({.method = "DELETE", .key = key_, .query = {{"uploadId", id_}}});
    if (!reply) log::warn("backup.upload_left", {{"why", reply.error().message}});
  }

 private:
  Upload(S3Client& client, std::string key, std::string id)
      : client_(&client), key_(std::move(key)), id_(std::move(id)) {}
  S3Client* client_;
  std::string key_, id_, parts_;
  std::int64_t number_ = 0;
};

Status send_parts(Upload& upload, const std::string& key, const S3Source& source) {
  const std::int64_t wanted =
      std::max<std::int64_t>(kPieceSize, (source.size + kPartsMax - 1) / kPartsMax);
  store::DigestWriter digest;
  std::string piece;
  for (std::int64_t at = 0; at < source.size; at += wanted) {
    piece.resize(static_cast<std::size_t>(std::min(wanted, source.size - at)));
    const std::size_t size = piece.size();
    WY_RETURN_IF_ERROR(source.read(at, piece));
    if (piece.size() != size) return changed(key);
    digest.add(piece);
    WY_RETURN_IF_ERROR(upload.add(piece));
  }
  return to_hex(digest.finish()) == source.sha256 ? Status(Done{}) : changed(key);
}

Status put_in_parts(S3Client& client, const std::string& key, const S3Source& source,
                    bool only_new) {
  WY_TRY(Upload upload, Upload::begin(client, key, source));
  const Status sent = send_parts(upload, key, source);
  if (!sent) {
    upload.give_up();
    return sent;
  }
  const auto finished = upload.finish(only_new);
  if (!finished) {
    upload.give_up();
    return finished.error();
  }
  if (finished->status == 200 && !is_completed(finished->body)) {
    upload.give_up();
    return Error{ErrorCode::unavailable, "the object store did not put together " + key};
  }
  const S3Client::Call look{.method = "HEAD", .key = key};
  if (finished->status == 412) {
    upload.give_up();
    return compare(client, key, source);
  }
  WY_TRY(const TransportReply there, client.send(look));
  if (there.status != 200) return client.fault(look, there);
  if (there.header(kHashHeader) == source.sha256 &&
      there.header("content-length") == std::to_string(source.size)) {
    return Done{};
  }
  return Error{ErrorCode::unavailable, "the object store has taken other bytes for " + key};
}

}  // namespace

Status s3_upload(S3Client& client, const std::string& key, const S3Source& source, bool only_new) {
  const bool small = source.size <= static_cast<std::int64_t>(kPieceSize);
  Status sent = small ? put_whole(client, key, source, only_new)
                      : put_in_parts(client, key, source, only_new);
  // To callers not_found would mean the source.
  if (!sent && sent.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::unavailable, sent.error().message};
  }
  return sent;
}

}  // namespace wenyuan::backup
