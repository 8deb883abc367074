// A running server, as the client commands use it.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <string>

#include "api/http_client.h"
#include "base/result.h"

namespace wenyuan::app {

struct RemoteFlags {
  std::string url = "http://127.0.0.1:8080";
  std::string key;
  std::string ca_file;
  bool json = false;
};

// --url, --key, --ca and --json, with WENYUAN_URL, WENYUAN_KEY and WENYUAN_CA behind them.
void add_remote_flags(CLI::App& command, RemoteFlags& flags);

class Remote {
 public:
  static Result<Remote> open(const RemoteFlags& flags);

  // The JSON of a 2xx answer; a problem becomes an Error with its detail.
  Result<nlohmann::json> get(const std::string& path) const;
  Result<nlohmann::json> post(const std::string& path, const nlohmann::json& body) const;
  Result<nlohmann::json> post(const std::string& path, const std::string& body,
                              const std::string& content_type) const;
  const api::HttpClient& http() const { return client_; }

 private:
  explicit Remote(api::HttpClient client) : client_(std::move(client)) {}
  api::HttpClient client_;
};

// The Error of an answer that is not 2xx.
Error problem_of(const api::ClientReply& reply);

// Everything but letters, digits, '-', '.', '_' and '~' as %XX.
std::string percent_encoded(const std::string& text);

}  // namespace wenyuan::app
