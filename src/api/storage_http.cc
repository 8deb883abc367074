#include "api/storage_http.h"

#include <httplib.h>

#include <mutex>
#include <vector>

#include "auth/identity/http_exchange.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

using backup::TransportReply;
using backup::TransportRequest;

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

class StorageHttp final : public backup::Transport {
 public:
  StorageHttp(const StorageHttpOptions& options, std::string origin, auth::EgressPolicy policy)
      : options_(options), origin_(std::move(origin)), policy_(std::move(policy)) {}

  Result<TransportReply> send(const TransportRequest& request) override {
    if (!policy_.permits(origin_ + "/") || !request.target.starts_with('/') ||
        has_line_break(request.target)) {
      return Error{ErrorCode::forbidden, "requests go to " + origin_ + " alone"};
    }
    WY_TRY(httplib::Request wire, to_httplib(request));
    TransportReply reply;
    bool too_large = false;
    wire.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
      too_large = reply.body.size() + size > request.reply_max;
      if (!too_large) reply.body.append(data, size);
      return !too_large;
    };
    std::unique_ptr<httplib::Client> client = take();
    const httplib::Result result = client->send(wire);
    if (too_large) {
      return Error{ErrorCode::too_large, "the answer of " + origin_ + " is longer than it may be"};
    }
    if (!result) {
      return Error{ErrorCode::unavailable,
                   "no answer from " + origin_ + ": " + httplib::to_string(result.error())};
    }
    reply.status = result->status;
    for (const auto& [name, value] : result->headers) {
      reply.headers.emplace_back(to_lower_ascii(name), value);
    }
    give_back(std::move(client));
    return reply;
  }

 private:
  static Result<httplib::Request> to_httplib(const TransportRequest& request) {
    httplib::Request wire;
    wire.method = request.method;
    wire.path = request.target;
    wire.body = request.body;
    for (const auto& [name, value] : request.headers) {
      if (has_line_break(name) || has_line_break(value)) {
        return Error{ErrorCode::invalid_argument, "a header would hold a line break"};
      }
      wire.set_header(name, value);
    }
    // Bytes are compared by their hash, and pieces are asked for by their place.
    wire.set_header("Accept-Encoding", "identity");
    return wire;
  }

  std::unique_ptr<httplib::Client> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto client = std::move(idle_.back());
        idle_.pop_back();
        return client;
      }
    }
    auto client = std::make_unique<httplib::Client>(origin_);
    client->set_path_encode(false);
    client->set_keep_alive(true);
    client->set_follow_location(false);
    client->set_connection_timeout(options_.connect_seconds);
    client->set_read_timeout(options_.quiet_seconds);
    client->set_write_timeout(options_.quiet_seconds);
    client->set_max_timeout(std::chrono::seconds(options_.whole_seconds));
    client->enable_server_certificate_verification(true);
    if (!options_.ca_file.empty()) client->set_ca_cert_path(options_.ca_file);
    return client;
  }

  void give_back(std::unique_ptr<httplib::Client> client) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
  }

  const StorageHttpOptions options_;
  const std::string origin_;
  const auth::EgressPolicy policy_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<httplib::Client>> idle_;  // guarded by mutex_
};

}  // namespace

Result<std::unique_ptr<backup::Transport>> open_storage_http(const StorageHttpOptions& options) {
  WY_TRY(std::string origin, auth::origin_of(options.origin));
  WY_TRY(auth::EgressPolicy policy,
         auth::EgressPolicy::allow({options.origin}, options.insecure_http));
  return std::unique_ptr<backup::Transport>(
      std::make_unique<StorageHttp>(options, std::move(origin), std::move(policy)));
}

}  // namespace wenyuan::api
