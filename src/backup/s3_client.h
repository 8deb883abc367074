// Sends signed requests to one bucket, again when a fault may pass.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backup/http_transport.h"
#include "backup/s3_options.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::backup {

using S3Headers = std::vector<std::pair<std::string, std::string>>;

// Thread-safe.
class S3Client {
 public:
  S3Client(const S3Options& options, std::unique_ptr<Transport> transport, const Clock& clock);

  struct Call {
    std::string method = "GET";
    std::string key{};  // of an object; empty: the bucket itself
    std::vector<std::pair<std::string, std::string>> query{};
    S3Headers headers{};  // names in small letters
    std::string_view body{};
    std::size_t reply_max = std::size_t{8} << 20;
  };
  // A reply may be any that will not change by asking again; unavailable when the last attempt
  // failed too.
  Result<TransportReply> send(const Call& call);

  // Why a reply is none that was hoped for, in words for an administrator.
  Error fault(const Call& call, const TransportReply& reply) const;

  // Without patience nothing is sent twice, and after ten seconds nothing at all.
  void be_patient(bool patient);

 private:
  Result<TransportReply> send_once(const Call& call);
  bool pause(int attempt);
  bool has_time();

  const S3Options options_;
  const std::unique_ptr<Transport> transport_;
  const Clock& clock_;
  std::string host_;
  std::mutex mutex_;
  std::condition_variable hurried_;
  bool patient_ = true;                             // guarded by mutex_
  std::chrono::steady_clock::time_point deadline_;  // guarded by mutex_; without patience
};

}  // namespace wenyuan::backup
