#include "api/http_client.h"

#include <httplib.h>

namespace wenyuan::api {
namespace {

constexpr time_t kConnectSeconds = 5;
constexpr time_t kReadSeconds = 600;  // a long answer on a slow machine

httplib::Client connect(const std::string& url, const std::string& ca_file) {
  httplib::Client client(url);
  if (!ca_file.empty()) client.set_ca_cert_path(ca_file);
  client.enable_server_certificate_verification(true);
  client.set_connection_timeout(kConnectSeconds);
  client.set_read_timeout(kReadSeconds);
  client.set_write_timeout(kReadSeconds);
  return client;
}

httplib::Request to_httplib(const ClientRequest& request, const std::string& key) {
  httplib::Request wire;
  wire.method = request.method;
  wire.path = request.path;
  wire.body = request.body;
  if (!request.body.empty()) wire.set_header("Content-Type", request.content_type);
  if (!key.empty()) wire.set_header("Authorization", "Bearer " + key);
  return wire;
}

Error no_answer(const std::string& url, httplib::Error error) {
  return Error{ErrorCode::unavailable, "no answer from " + url + ": " + httplib::to_string(error) +
                                           " (is the server running? see wenyuan serve --help)"};
}

}  // namespace

Result<HttpClient> HttpClient::open(const std::string& url, const std::string& key,
                                    const std::string& ca_file) {
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  if (!known || url.size() > 300) {
    return Error{ErrorCode::invalid_argument,
                 "the server's address is http://HOST:PORT or https://HOST:PORT, not " + url};
  }
  return HttpClient(url.ends_with('/') ? url.substr(0, url.size() - 1) : url, key, ca_file);
}

Result<ClientReply> HttpClient::send(const ClientRequest& request) const {
  httplib::Client client = connect(url_, ca_file_);
  const httplib::Result result = client.send(to_httplib(request, key_));
  if (!result) return no_answer(url_, result.error());
  return ClientReply{result->status, result->body};
}

Result<ClientReply> HttpClient::stream(
    const ClientRequest& request, const std::function<bool(std::string_view)>& on_bytes) const {
  httplib::Client client = connect(url_, ca_file_);
  httplib::Request wire = to_httplib(request, key_);
  ClientReply reply;
  wire.response_handler = [&](const httplib::Response& response) {
    reply.status = response.status;
    return true;
  };
  wire.content_receiver = [&](const char* data, std::size_t size, std::uint64_t, std::uint64_t) {
    if (reply.status == 200) return on_bytes(std::string_view(data, size));
    reply.body.append(data, size);
    return true;
  };
  const httplib::Result result = client.send(wire);
  if (!result && reply.status == 0) return no_answer(url_, result.error());
  return reply;
}

}  // namespace wenyuan::api
