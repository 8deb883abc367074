// An object store in memory, which can fail, cut, change and forget.
#pragma once

#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backup/http_transport.h"
#include "backup/manifest.h"
#include "base/text.h"

namespace wenyuan::backup {

// What all transports to it share. Path-style, one bucket, which is named "bucket".
struct Bucket {
  struct Object {
    std::string bytes, sha256;
  };
  std::mutex mutex;
  std::map<std::string, Object> objects;
  std::map<std::string, std::map<int, std::string>> uploads;
  std::map<std::string, std::string> upload_hashes;
  std::size_t page_size = 3;
  std::vector<TransportRequest> requests;  // without bodies
  // Asked before a request is done: an answer instead.
  std::function<std::optional<Result<TransportReply>>(const TransportRequest&)> instead;
  // Asked after it is done.
  std::function<void(const TransportRequest&, Result<TransportReply>&)> spoil;
};

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<Bucket> bucket) : bucket_(std::move(bucket)) {}

  Result<TransportReply> send(const TransportRequest& request) override {
    const std::lock_guard lock(bucket_->mutex);
    bucket_->requests.push_back(request);
    bucket_->requests.back().body = {};
    if (header(request, "authorization").empty() ||
        header(request, "x-amz-content-sha256") != sha256_of(request.body)) {
      return TransportReply{403, {}, "<Error><Code>SignatureDoesNotMatch</Code></Error>"};
    }
    if (bucket_->instead) {
      if (auto answer = bucket_->instead(request)) return *std::move(answer);
    }
    Result<TransportReply> reply = answer(request);
    if (bucket_->spoil) bucket_->spoil(request, reply);
    if (reply && reply->body.size() > request.reply_max) {
      return Error{ErrorCode::too_large, "too long"};
    }
    return reply;
  }

  static std::string header(const TransportRequest& request, std::string_view name) {
    for (const auto& [known, value] : request.headers) {
      if (known == name) return value;
    }
    return {};
  }

 private:
  using Query = std::map<std::string, std::string>;

  static std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '%') {
        plain += text[at];
        continue;
      }
      plain += static_cast<char>(from_hex(to_lower_ascii(text.substr(at + 1, 2)))->front());
      at += 2;
    }
    return plain;
  }

  static Query query_of(std::string_view target) {
    Query query;
    const std::size_t mark = target.find('?');
    if (mark == std::string_view::npos) return query;
    for (const std::string_view part : split(target.substr(mark + 1), '&')) {
      const std::size_t equals = std::min(part.find('='), part.size());
      query[decoded(part.substr(0, equals))] =
          equals == part.size() ? std::string() : decoded(part.substr(equals + 1));
    }
    return query;
  }

  TransportReply answer(const TransportRequest& request) {
    const std::string path = decoded(request.target.substr(0, request.target.find('?')));
    const std::string key = path.size() > 8 ? path.substr(8) : std::string();  // "/bucket/"
    Query query = query_of(request.target);
    if (!path.starts_with("/bucket")) return {404, {}, "<Error><Code>NoSuchBucket</Code></Error>"};
    if (key.empty()) return list(query);
    if (request.method == "PUT" && query.contains("partNumber")) {
      int number = 0;
      const std::string& text = query["partNumber"];
      std::from_chars(text.data(), text.data() + text.size(), number);
      bucket_->uploads.at(query["uploadId"])[number] = std::string(request.body);
      return {200, {{"etag", "\"" + text + "\""}}, ""};
    }
    if (request.method == "POST") return upload(request, key, query);
    if (request.method == "PUT") return put(request, key, std::string(request.body));
    if (request.method == "DELETE" && query.contains("uploadId")) {
      bucket_->uploads.erase(query["uploadId"]);
      return {204, {}, ""};
    }
    if (request.method == "DELETE") {
      bucket_->objects.erase(key);
      return {204, {}, ""};
    }
    return get(request, key);
  }

  TransportReply put(const TransportRequest& request, const std::string& key, std::string bytes) {
    if (!header(request, "if-none-match").empty() && bucket_->objects.contains(key)) {
      return {412, {}, "<Error><Code>PreconditionFailed</Code></Error>"};
    }
    bucket_->objects[key] = {std::move(bytes), header(request, "x-amz-meta-sha256")};
    return {200, {{"etag", "\"x\""}}, ""};
  }

  TransportReply upload(const TransportRequest& request, const std::string& key, Query& query) {
    if (query.contains("uploads")) {
      const std::string id = std::to_string(bucket_->upload_hashes.size());
      bucket_->uploads[id];
      bucket_->upload_hashes[id] = header(request, "x-amz-meta-sha256");
      return {200,
              {},
              "<InitiateMultipartUploadResult><UploadId>" + id +
                  "</UploadId></InitiateMultipartUploadResult>"};
    }
    const std::string id = query["uploadId"];
    if (!bucket_->uploads.contains(id)) {
      return {404, {}, "<Error><Code>NoSuchUpload</Code></Error>"};
    }
    std::string bytes;
    for (const auto& [number, part] : bucket_->uploads[id]) bytes += part;
    TransportReply reply = put(request, key, std::move(bytes));
    if (reply.status != 200) return reply;
    bucket_->objects[key].sha256 = bucket_->upload_hashes[id];
    bucket_->uploads.erase(id);
    reply.body = "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>";
    return reply;
  }

  TransportReply get(const TransportRequest& request, const std::string& key) {
    const auto found = bucket_->objects.find(key);
    if (found == bucket_->objects.end()) {
      return {404, {}, "<Error><Code>NoSuchKey</Code></Error>"};
    }
    const std::string& bytes = found->second.bytes;
    TransportReply reply{200, {{"etag", "\"" + found->second.sha256 + "\""}}, bytes};
    reply.headers.emplace_back("x-amz-meta-sha256", found->second.sha256);
    reply.headers.emplace_back("content-length", std::to_string(bytes.size()));
    if (request.method == "HEAD") reply.body.clear();
    const std::string range = header(request, "range");
    if (range.empty()) return reply;
    std::size_t from = 0, to = 0;
    const std::size_t dash = range.find('-');
    std::from_chars(range.data() + 6, range.data() + dash, from);
    std::from_chars(range.data() + dash + 1, range.data() + range.size(), to);
    if (from >= bytes.size()) return {416, {}, "<Error><Code>InvalidRange</Code></Error>"};
    to = std::min(to, bytes.size() - 1);
    reply.status = 206;
    reply.body = bytes.substr(from, to - from + 1);
    reply.headers.emplace_back("content-range", "bytes " + std::to_string(from) + "-" +
                                                    std::to_string(to) + "/" +
                                                    std::to_string(bytes.size()));
    return reply;
  }

  TransportReply list(Query& query) {
    const std::string prefix = query["prefix"];
    const std::string after = std::max(query["start-after"], query["continuation-token"]);
    const bool by_folder = !query["delimiter"].empty();
    std::string xml = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"urn:x\">";
    std::string last;
    std::size_t count = 0;
    bool more = false;
    for (const auto& [key, object] : bucket_->objects) {
      if (!key.starts_with(prefix) || key <= after) continue;
      const std::size_t slash = by_folder ? key.find('/', prefix.size()) : std::string::npos;
      const std::string name = key.substr(0, slash == std::string::npos ? slash : slash + 1);
      if (name == last || (slash != std::string::npos && name == after)) continue;
      if (slash != std::string::npos && after.starts_with(name)) continue;
      if (count++ == bucket_->page_size) {
        more = true;
        break;
      }
      last = name;
      if (slash == std::string::npos) {
        xml += "<Contents><Key>" + key + "</Key><Size>" + std::to_string(object.bytes.size()) +
               "</Size></Contents>";
      } else {
        xml += "<CommonPrefixes><Prefix>" + name + "</Prefix></CommonPrefixes>";
      }
    }
    if (more) {
      xml += "<IsTruncated>true</IsTruncated><NextContinuationToken>" + last +
             "</NextContinuationToken>";
    }
    return {200, {}, xml + "</ListBucketResult>"};
  }

  std::shared_ptr<Bucket> bucket_;
};

}  // namespace wenyuan::backup
