#include "api/outgoing_http.h"

#include <httplib.h>

namespace wenyuan::api {
namespace {

constexpr std::size_t kReplySizeMax = std::size_t{1} << 20;

bool has_line_break(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

// What follows scheme, host and port; "/" when there is nothing.
std::string target_of(const std::string& url) {
  const std::size_t start = url.find_first_of("/?#", url.find("://") + 3);
  if (start == std::string::npos) return "/";
  std::string target = url.substr(start, url.find('#', start) - start);
  return target.starts_with('/') ? target : "/" + target;
}

Result<httplib::Request> to_httplib(const auth::OutgoingRequest& request) {
  httplib::Request wire;
  wire.method = request.method;
  wire.path = target_of(request.url);
  wire.body = request.body;
  if (!request.content_type.empty()) wire.set_header("Content-Type", request.content_type);
  for (const auto& [name, value] : request.headers) {
    if (has_line_break(name) || has_line_break(value)) {
      return Error{ErrorCode::invalid_argument, "a header to a provider would hold a line break"};
    }
    wire.set_header(name, value);
  }
  return wire;
}

}  // namespace

Result<auth::OutgoingReply> OutgoingHttp::send(const auth::OutgoingRequest& request) {
  WY_TRY(const std::string origin, auth::origin_of(request.url));
  WY_TRY(httplib::Request wire, to_httplib(request));
  httplib::Client client(origin);
  if (!client.is_valid()) return Error{ErrorCode::unavailable, "no connection to " + origin};
  client.set_connection_timeout(options_.connect_seconds);
  client.set_read_timeout(options_.read_seconds);
  client.set_write_timeout(options_.read_seconds);
  client.set_follow_location(false);
  if (!options_.ca_file.empty()) client.set_ca_cert_path(options_.ca_file);
  auth::OutgoingReply reply;
  bool too_large = false;
  wire.response_handler = [&](const httplib::Response& response) {
    reply.status = response.status;
    reply.content_type = response.get_header_value("Content-Type");
    return true;
  };
  wire.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    too_large = reply.body.size() + size > kReplySizeMax;
    if (!too_large) reply.body.append(data, size);
    return !too_large;
  };
  const httplib::Result result = client.send(wire);
  if (too_large) return Error{ErrorCode::too_large, "the answer of " + origin + " is over 1 MiB"};
  if (!result) {
    return Error{ErrorCode::unavailable,
                 "no answer from " + origin + ": " + httplib::to_string(result.error())};
  }
  reply.status = result->status;
  return reply;
}

}  // namespace wenyuan::api
