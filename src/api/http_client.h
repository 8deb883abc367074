// A small HTTP client for the command line, which speaks to a running server.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::api {

struct ClientRequest {
  std::string method = "GET";
  std::string path;  // with its query
  std::string body;
  std::string content_type = "application/json";
};

struct ClientReply {
  int status = 0;
  std::string body;
};

// Thread-safe: a connection for each request.
class HttpClient {
 public:
  // `url`: "http://HOST:PORT" or "https://HOST:PORT"; invalid_argument for anything else. The
  // server's certificate is checked, against the authorities in `ca_file` (PEM) when it is given.
  static Result<HttpClient> open(const std::string& url, const std::string& key,
                                 const std::string& ca_file = {});

  // unavailable when nobody answers. Any status is a reply.
  Result<ClientReply> send(const ClientRequest& request) const;

  // The same, with the body of a 200 given piece by piece; false ends it.
  Result<ClientReply> stream(const ClientRequest& request,
                             const std::function<bool(std::string_view)>& on_bytes) const;

 private:
  HttpClient(std::string url, std::string key, std::string ca_file)
      : url_(std::move(url)), key_(std::move(key)), ca_file_(std::move(ca_file)) {}
  std::string url_;
  std::string key_;
  std::string ca_file_;
};

}  // namespace wenyuan::api
