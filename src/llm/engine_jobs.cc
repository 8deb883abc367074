#include "llm/engine_jobs.h"

#include <chrono>
#include <new>

#include "base/log.h"

namespace wenyuan::llm {

std::string result_frame(std::string_view payload) {
  if (payload.size() <= kFrameSizeMax) return encode_frame(FrameKind::result, payload);
  return error_frame({ErrorCode::too_large, "the answer has " + std::to_string(payload.size()) +
                                                " bytes; ask for less at once"});
}

std::string error_frame(const Error& error) {
  return encode_frame(FrameKind::error, encode(error));
}

bool AnswerJob::step() {
  if (exchange_.is_cancelled()) {
    exchange_.finish(error_frame({ErrorCode::cancelled, "the request was cancelled"}));
    return true;
  }
  try {
    const auto payload = work();
    if (payload && payload->empty()) return false;
    exchange_.finish(payload ? result_frame(*payload) : error_frame(payload.error()));
  } catch (const std::bad_alloc&) {
    exchange_.finish(error_frame({ErrorCode::unavailable, "the engine has no memory left"}));
  }
  return true;
}

Result<std::string> GenerateJob::work() {
  WY_TRY(Generator * generator, models_.get(model_));
  const auto began = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point first;  // piece of text
  const OnText on_text = [&](std::string_view text) {
    if (first == std::chrono::steady_clock::time_point()) first = std::chrono::steady_clock::now();
    exchange().send(text);
    return !exchange().is_cancelled();
  };
  const auto is_cancelled = [&] { return exchange().is_cancelled(); };
  const auto result = generator->generate(request_, prompt_, on_text, is_cancelled);
  const auto ms = [&](auto from, auto to) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
  };
  const auto ended = std::chrono::steady_clock::now();
  if (first == std::chrono::steady_clock::time_point()) first = ended;
  if (!result) {
    log::info("generate_ended", {{"model", model_->info.name},
                                 {"error", name(result.error().code)},
                                 {"ms", ms(began, ended)}});
    return result.error();
  }
  log::info("generated", {{"model", model_->info.name},
                          {"prompt_tokens", result->prompt_tokens},
                          {"cached_tokens", result->cached_tokens},
                          {"completion_tokens", result->completion_tokens},
                          {"first_text_ms", ms(began, first)},
                          {"ms", ms(began, ended)}});
  return encode(*result);
}

}  // namespace wenyuan::llm
