// How an error is said over HTTP.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "api/json.h"
#include "base/error.h"

namespace wenyuan::api {

// RFC 9457, or as clients of OpenAI's API expect it.
enum class ErrorStyle { problem, openai };

struct Problem {
  int status = 500;
  ErrorCode code = ErrorCode::internal;
  std::string detail;
  FieldErrors errors;
  std::optional<std::chrono::seconds> retry_after;
};

// `precondition_failed` makes a conflict 412 instead of 409.
Problem to_problem(const Error& error, FieldErrors errors, bool precondition_failed);
// For what the server refuses by itself.
Problem to_problem(int http_status, std::string detail);

// What does not exist and what may not be seen give the same bytes, apart from the request's id.
Json to_json(const Problem& problem, std::string_view request_id, ErrorStyle style);
http::Response to_response(const Problem& problem, std::string_view request_id, ErrorStyle style);

}  // namespace wenyuan::api
