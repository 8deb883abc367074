#include "backup/s3_client.h"

#include <algorithm>
#include <array>

#include "backup/manifest.h"
#include "backup/s3_answers.h"
#include "base/id.h"
#include "base/log.h"
#include "base/metrics.h"

namespace wenyuan::backup {
namespace {

constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kPauseMax{5000};
constexpr std::chrono::seconds kLastRequests{10};

metrics::Counter& retries() {
  static metrics::Counter& counter = metrics::counter(
      "wenyuan_backup_retries_total", "Requests to the object store that had to be sent again.");
  return counter;
}

// "host" or "host:port", as the library that sends it writes it.
std::string host_of(const std::string& origin) {
  std::string host = origin.substr(origin.find("://") + 3);
  const bool tls = origin.starts_with("https://");
  const std::string usual = tls ? ":443" : ":80";
  if (host.ends_with(usual)) host.resize(host.size() - usual.size());
  return host;
}

bool may_pass(int status, const std::string& code) {
  if (status >= 500) return status != 501;
  // What arrived was not what was sent, or it took too long, or two came at once.
  return status == 429 || status == 408 || code == "RequestTimeout" || code == "BadDigest" ||
         code == "XAmzContentSHA256Mismatch" || code == "XAmzContentChecksumMismatch" ||
         code == "ConditionalRequestConflict" || code == "OperationAborted" || code == "SlowDown";
}

std::string words(const TransportReply& reply, const S3Fault& found) {
  std::string text = "status ";
  text += std::to_string(reply.status);
  if (!found.code.empty()) {
    text += " ";
    text += found.code;
  }
  return text;
}

}  // namespace

S3Client::S3Client(const S3Options& options, std::unique_ptr<Transport> transport,
                   const Clock& clock)
    : options_(options),
      transport_(std::move(transport)),
      clock_(clock),
      host_(host_of(s3_origin(options))) {}

Result<TransportReply> S3Client::send_once(const Call& call) {
  WY_TRY(const S3Credentials credentials, options_.credentials());
  const UnixMillis now = clock_.now();
  S3Message message;
  message.method = call.method;
  message.path = "/";
  if (options_.path_style) {
    message.path += options_.address.bucket;
    message.path += '/';
  }
  message.path += call.key;
  message.query = call.query;
  message.payload_sha256 = sha256_of(call.body);
  message.headers = call.headers;
  message.headers.emplace_back("host", host_);
  message.headers.emplace_back("x-amz-date", s3_time(now));
  message.headers.emplace_back("x-amz-content-sha256", message.payload_sha256);
  if (!credentials.session_token.empty()) {
    message.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  TransportRequest request;
  request.method = call.method;
  request.target = uri_encoded(message.path, true);
  if (!call.query.empty()) request.target += "?" + canonical_query(call.query);
  request.headers = message.headers;
  request.headers.emplace_back("authorization",
                               s3_authorization(message, credentials, options_.region, now));
  request.body = call.body;
  request.reply_max = call.reply_max;
  return transport_->send(request);
}

Result<TransportReply> S3Client::send(const Call& call) {
  for (int attempt = 1;; ++attempt) {
    if (!has_time()) return Error{ErrorCode::unavailable, "there is no time for " + host_};
    auto reply = send_once(call);
    const bool away = !reply && reply.error().code == ErrorCode::unavailable;
    if (!reply && !away) return reply;
    if (reply && reply->status < 400) return reply;
    if (reply && !may_pass(reply->status, parse_fault(reply->body).code)) return reply;
    const Error why = reply ? fault(call, *reply) : reply.error();
    if (attempt == kAttempts || !pause(attempt)) return why;
    retries().add();
    log::debug("backup.again", {{"why", why.message}, {"attempt", attempt}});
  }
}

// Longer each time, and not for everybody at the same moment. False when there is no time.
bool S3Client::pause(int attempt) {
  std::array<std::uint8_t, 1> random{};
  random_bytes(random);
  std::chrono::milliseconds time = std::min(options_.pause * (1 << (attempt - 1)), kPauseMax);
  time += time * random[0] / 512;
  std::unique_lock lock(mutex_);
  hurried_.wait_for(lock, time, [this] { return !patient_; });
  return patient_;
}

bool S3Client::has_time() {
  const std::lock_guard lock(mutex_);
  return patient_ || std::chrono::steady_clock::now() < deadline_;
}

void S3Client::be_patient(bool patient) {
  const std::lock_guard lock(mutex_);
  if (patient_ && !patient) deadline_ = std::chrono::steady_clock::now() + kLastRequests;
  patient_ = patient;
  hurried_.notify_all();
}

Error S3Client::fault(const Call& call, const TransportReply& reply) const {
  const S3Fault found = parse_fault(reply.body);
  std::string what = call.method;
  what += " s3://";
  what += options_.address.bucket;
  if (!call.key.empty()) what += "/" + call.key;
  what += " at ";
  what += host_;
  what += ": ";
  what += words(reply, found);
  std::string_view region = reply.header("x-amz-bucket-region");
  if (region.empty()) region = found.region;
  if (reply.status == 301 || reply.status == 307 || found.code == "AuthorizationHeaderMalformed") {
    what += ": is the bucket in another region";
    if (!region.empty() && region.size() <= 64) what += ", " + std::string(region);
    what += "?";
    return Error{ErrorCode::invalid_argument, std::move(what)};
  }
  if (found.code == "RequestTimeTooSkewed") what += ": is the clock of this machine right?";
  if (found.code == "NoSuchBucket") return Error{ErrorCode::invalid_argument, std::move(what)};
  if (reply.status == 404) return Error{ErrorCode::not_found, std::move(what)};
  if (reply.status == 401 || reply.status == 403) {
    return Error{ErrorCode::forbidden, std::move(what)};
  }
  if (reply.status == 409 || reply.status == 412) {
    return Error{ErrorCode::conflict, std::move(what)};
  }
  return Error{ErrorCode::unavailable, std::move(what)};
}

}  // namespace wenyuan::backup
