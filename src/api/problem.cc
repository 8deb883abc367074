#include "api/problem.h"

namespace wenyuan::api {
namespace {

constexpr std::string_view kNotFound = "There is no such thing, or it is not for you to know.";

int http_status(ErrorCode code, bool precondition_failed) {
  switch (code) {
    case ErrorCode::invalid_argument: return 400;
    case ErrorCode::unauthenticated: return 401;
    case ErrorCode::forbidden: return 403;
    case ErrorCode::not_found: return 404;
    case ErrorCode::conflict: return precondition_failed ? 412 : 409;
    case ErrorCode::too_large: return 413;
    case ErrorCode::unsupported_media: return 415;
    case ErrorCode::rate_limited: return 429;
    case ErrorCode::unavailable: return 503;
    case ErrorCode::cancelled: return 503;
    case ErrorCode::corrupt: return 500;
    case ErrorCode::internal: return 500;
  }
  return 500;
}

std::string_view title(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
  }
}

// OpenAI's clients choose their exception by the status, and show these.
std::string_view openai_type(int status) {
  if (status == 401) return "authentication_error";
  if (status == 403) return "permission_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

}  // namespace

Problem to_problem(const Error& error, FieldErrors errors, bool precondition_failed) {
  Problem problem;
  problem.status = http_status(error.code, precondition_failed);
  problem.code = error.code == ErrorCode::cancelled ? ErrorCode::unavailable : error.code;
  problem.detail = error.code == ErrorCode::not_found ? std::string(kNotFound) : error.message;
  // A sign-in that lacks its second factor names the field.
  if (error.code == ErrorCode::invalid_argument || error.code == ErrorCode::unauthenticated) {
    problem.errors = std::move(errors);
  }
  if (problem.status == 503) problem.retry_after = std::chrono::seconds(2);
  if (problem.status == 429) problem.retry_after = std::chrono::seconds(1);
  return problem;
}

Problem to_problem(int status, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.detail = std::move(detail);
  switch (status) {
    case 404: problem.code = ErrorCode::not_found; break;
    case 413: problem.code = ErrorCode::too_large; break;
    case 415: problem.code = ErrorCode::unsupported_media; break;
    case 503:
      problem.code = ErrorCode::unavailable;
      problem.retry_after = std::chrono::seconds(2);
      break;
    default: problem.code = status < 500 ? ErrorCode::invalid_argument : ErrorCode::internal;
  }
  return problem;
}

Json to_json(const Problem& problem, std::string_view request_id, ErrorStyle style) {
  Json json;
  if (style == ErrorStyle::openai) {
    const bool one_field = problem.errors.size() == 1 && problem.errors.front().pointer.size() > 1;
    json["error"] = {
        {"message", problem.detail},
        {"type", openai_type(problem.status)},
        {"param", one_field ? Json(problem.errors.front().pointer.substr(1)) : Json(nullptr)},
        {"code", name(problem.code)}};
    return json;
  }
  json["type"] = "urn:wenyuan:problem:" + std::string(name(problem.code));
  json["title"] = title(problem.status);
  json["status"] = problem.status;
  json["detail"] = problem.detail;
  json["code"] = name(problem.code);
  json["request_id"] = request_id;
  if (!problem.errors.empty()) {
    json["errors"] = Json::array();
    for (const FieldError& error : problem.errors) {
      json["errors"].push_back({{"pointer", error.pointer}, {"detail", error.detail}});
    }
  }
  return json;
}

http::Response to_response(const Problem& problem, std::string_view request_id, ErrorStyle style) {
  http::Response response = http::make_response(
      problem.status, style == ErrorStyle::openai ? "application/json" : "application/problem+json",
      to_text(to_json(problem, request_id, style)));
  response.headers.set("Cache-Control", "no-store");
  if (problem.status == 401) response.headers.set("WWW-Authenticate", "Bearer realm=\"wenyuan\"");
  if (problem.retry_after) {
    response.headers.set("Retry-After", std::to_string(problem.retry_after->count()));
  }
  return response;
}

}  // namespace wenyuan::api
