#include "app/remote.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

Result<json> to_json(Result<api::ClientReply> reply) {
  if (!reply) return std::move(reply).error();
  if (reply->status < 200 || reply->status > 299) return problem_of(*reply);
  json value = json::parse(reply->body, nullptr, false);
  if (value.is_discarded()) {
    return Error{ErrorCode::internal, "the server's answer is not JSON"};
  }
  return value;
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400: return ErrorCode::invalid_argument;
    case 401: return ErrorCode::unauthenticated;
    case 403: return ErrorCode::forbidden;
    case 404: return ErrorCode::not_found;
    case 409: return ErrorCode::conflict;
    case 413: return ErrorCode::too_large;
    case 415: return ErrorCode::unsupported_media;
    case 429: return ErrorCode::rate_limited;
    case 503: return ErrorCode::unavailable;
    default: return ErrorCode::internal;
  }
}

}  // namespace

void add_remote_flags(CLI::App& command, RemoteFlags& flags) {
  command.add_option("--url", flags.url, "Address of the server")
      ->envname("WENYUAN_URL")
      ->capture_default_str();
  command.add_option("--key", flags.key, "API key")->envname("WENYUAN_KEY");
  command.add_option("--ca", flags.ca_file, "Authorities that vouch for the server (PEM)")
      ->envname("WENYUAN_CA");
  command.add_flag("--json", flags.json, "Print the server's answer as it is");
}

Result<Remote> Remote::open(const RemoteFlags& flags) {
  WY_TRY(api::HttpClient client, api::HttpClient::open(flags.url, flags.key, flags.ca_file));
  return Remote(std::move(client));
}

Result<json> Remote::get(const std::string& path) const {
  return to_json(client_.send({.method = "GET", .path = path, .body = ""}));
}

Result<json> Remote::post(const std::string& path, const json& body) const {
  return post(path, body.dump(), "application/json");
}

Result<json> Remote::post(const std::string& path, const std::string& body,
                          const std::string& content_type) const {
  return to_json(
      client_.send({.method = "POST", .path = path, .body = body, .content_type = content_type}));
}

Error problem_of(const api::ClientReply& reply) {
  const json problem = json::parse(reply.body, nullptr, false);
  std::string detail = "the server answered " + std::to_string(reply.status);
  if (problem.is_object() && problem.contains("detail") && problem["detail"].is_string()) {
    detail = problem["detail"].get<std::string>();
  }
  return Error{code_of(reply.status), detail};
}

std::string percent_encoded(const std::string& text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kDigits[byte >> 4];
      encoded += kDigits[byte & 15U];
    }
  }
  return encoded;
}

}  // namespace wenyuan::app
