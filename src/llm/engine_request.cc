#include "llm/engine_request.h"

#include <cmath>

#include "base/text.h"
#include "llm/engine_protocol.h"

namespace wenyuan::llm {
namespace {

constexpr float kTemperatureMax = 10;
constexpr float kRepeatPenaltyMax = 10;

Error invalid(std::string message) {
  return Error{ErrorCode::invalid_argument, std::move(message)};
}

Status check_text(std::string_view text, std::size_t size_max, const std::string& what) {
  if (text.size() > size_max) {
    return Error{ErrorCode::too_large, what + " has " + std::to_string(text.size()) +
                                           " bytes; the limit is " + std::to_string(size_max)};
  }
  if (!is_utf8(text)) return invalid(what + " is not valid UTF-8");
  return Done{};
}

Status check_count(std::size_t count, std::size_t count_max, const std::string& what) {
  if (count <= count_max) return Done{};
  return Error{ErrorCode::too_large,
               std::to_string(count) + " " + what + "; the limit is " + std::to_string(count_max)};
}

Status check_sampling(const GenerateRequest& request) {
  if (request.tokens_max < 1) return invalid("tokens_max must be at least 1");
  if (!(request.temperature >= 0 && request.temperature <= kTemperatureMax)) {
    return invalid("temperature must be from 0 to 10");
  }
  if (!(request.top_p > 0 && request.top_p <= 1)) {
    return invalid("top_p must be above 0 and at most 1");
  }
  if (request.top_k < 0) return invalid("top_k must not be negative");
  if (!(request.repeat_penalty > 0 && request.repeat_penalty <= kRepeatPenaltyMax)) {
    return invalid("repeat_penalty must be above 0 and at most 10");
  }
  return Done{};
}

}  // namespace

Status check_model_name(const std::string& model) {
  const bool is_name = !model.empty() && model.size() <= kModelNameSizeMax && model[0] != '.' &&
                       model.find('/') == std::string::npos &&
                       model.find('\0') == std::string::npos && is_utf8(model);
  if (!is_name) return invalid("this is not the name of a model");
  return Done{};
}

Status check_texts(std::span<const std::string> texts) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    WY_RETURN_IF_ERROR(check_text(texts[i], kTextSizeMax, "text " + std::to_string(i)));
  }
  return Done{};
}

Status check(const GenerateRequest& request) {
  WY_RETURN_IF_ERROR(check_model_name(request.model));
  WY_RETURN_IF_ERROR(check_count(request.messages.size(), kMessageCountMax, "messages"));
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    WY_RETURN_IF_ERROR(check_text(request.messages[i].content, kTextSizeMax,
                                  "the content of message " + std::to_string(i)));
  }
  WY_RETURN_IF_ERROR(check_text(request.prompt, kTextSizeMax, "the prompt"));
  if (request.messages.empty() && request.prompt.empty()) {
    return invalid("there are neither messages nor a prompt");
  }
  WY_RETURN_IF_ERROR(check_count(request.stop.size(), kStopCountMax, "stop texts"));
  for (const std::string& stop : request.stop) {
    if (stop.empty()) return invalid("a stop text must not be empty");
    WY_RETURN_IF_ERROR(check_text(stop, kStopSizeMax, "a stop text"));
  }
  return check_sampling(request);
}

}  // namespace wenyuan::llm
