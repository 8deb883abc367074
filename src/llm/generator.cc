#include "llm/generator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "llm/memory_need.h"
#include "llm/sampler.h"
#include "llm/text_stream.h"

namespace wenyuan::llm {
namespace {

Error cancelled() { return Error{ErrorCode::cancelled, "the request was cancelled"}; }

SamplerOptions sampling(const GenerateRequest& request) {
  SamplerOptions options;
  options.temperature = request.temperature;
  options.top_k = request.top_k;
  options.top_p = request.top_p;
  options.repeat_penalty = request.repeat_penalty;
  options.seed = request.seed;
  return options;
}

std::size_t common_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  const auto [at, ignored] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<std::size_t>(at - a.begin());
}

}  // namespace

Result<std::vector<TokenId>> prompt_tokens(const OpenModel& model, const GenerateRequest& request) {
  std::vector<TokenId> tokens;
  if (request.messages.empty()) {
    tokens = model.tokenizer->encode(request.prompt, {});
  } else {
    WY_TRY(tokens, model.chat->render(*model.tokenizer, request.messages));
  }
  if (tokens.empty()) return Error{ErrorCode::invalid_argument, "the prompt has no tokens"};
  if (std::cmp_greater_equal(tokens.size(), model.info.context_length)) {
    return Error{ErrorCode::too_large, "the prompt has " + std::to_string(tokens.size()) +
                                           " tokens; the context of " + model.info.name +
                                           " holds " + std::to_string(model.info.context_length) +
                                           ", the answer included"};
  }
  return tokens;
}

Result<std::unique_ptr<Generator>> Generator::load(std::shared_ptr<const OpenModel> model,
                                                   compute::ThreadPool& threads,
                                                   const LoadOptions& options) {
  WY_TRY(auto decoder, Decoder::load(model->file, threads, options));
  if (decoder->vocabulary_size() < model->tokenizer->size()) {
    return Error{ErrorCode::corrupt,
                 "its vocabulary has " + std::to_string(model->tokenizer->size()) +
                     " tokens, its weights are for " + std::to_string(decoder->vocabulary_size())};
  }
  return std::unique_ptr<Generator>(
      new Generator(std::move(model), std::move(decoder), options.cache));
}

std::int64_t Generator::memory_need(const OpenModel& model, const LoadOptions& options) {
  const auto usual = static_cast<std::int64_t>(kUsualSize);
  return llm::memory_need(*model.file, std::min(model.info.context_length, usual), options.cache);
}

Result<GenerateResult> Generator::generate(const GenerateRequest& request,
                                           std::span<const TokenId> prompt, const OnText& on_text,
                                           const std::function<bool()>& is_cancelled) {
  const std::size_t context = decoder_->context_length();
  if (prompt.size() >= context) {
    return Error{ErrorCode::too_large, "the prompt has " + std::to_string(prompt.size()) +
                                           " tokens; the context holds " + std::to_string(context)};
  }
  const auto count_max = static_cast<std::int64_t>(
      std::min(static_cast<std::size_t>(request.tokens_max), context - prompt.size()));
  WY_TRY(const std::size_t cached,
         prepare(request.cache_scope, prompt, prompt.size() + static_cast<std::size_t>(count_max)));
  GenerateResult result;
  result.prompt_tokens = static_cast<std::int64_t>(prompt.size());
  result.cached_tokens = static_cast<std::int64_t>(cached);
  WY_TRY(std::span<const float> logits, append(prompt.subspan(cached), is_cancelled));

  Sampler sampler(sampling(request));
  for (const TokenId token : prompt) sampler.accept(token);
  TextStream stream(request.stop);
  for (;;) {
    const TokenId token = sampler.sample(logits);
    if (!std::isfinite(logits[static_cast<std::size_t>(token)])) {
      return Error{ErrorCode::corrupt, "the model computes no finite numbers; its file is damaged"};
    }
    if (model_->tokenizer->is_end(token)) break;
    sampler.accept(token);
    ++result.completion_tokens;
    const std::string text = stream.push(model_->tokenizer->piece(token));
    if (!text.empty() && !on_text(text)) return cancelled();
    if (stream.is_stopped()) break;
    if (result.completion_tokens == count_max) {
      result.finish = FinishReason::length;
      break;
    }
    if (is_cancelled()) return cancelled();
    WY_TRY(logits, append(std::span(&token, 1), is_cancelled));
  }
  const std::string rest = stream.finish();
  if (!rest.empty() && !on_text(rest)) return cancelled();
  return result;
}

Result<std::size_t> Generator::prepare(const std::string& scope, std::span<const TokenId> prompt,
                                       std::size_t size_max) {
  WY_RETURN_IF_ERROR(check_room(size_max));
  if (!sequence_) {
    // A sequence takes memory as it grows, so it may as well have room for all.
    WY_TRY(sequence_, decoder_->new_sequence(decoder_->context_length()));
    tokens_.clear();
  }
  if (scope != scope_) tokens_.clear();
  scope_ = scope;
  // The last token is computed in any case: its logits are what comes next.
  const std::size_t kept =
      sequence_->truncate(std::min(common_prefix(tokens_, prompt), prompt.size() - 1));
  tokens_.resize(kept);
  return kept;
}

Status Generator::check_room(std::size_t size_max) {
  if (size_max <= roomy_size_) return Done{};
  const auto more = static_cast<std::int64_t>(size_max - std::min(size_max, tokens_.size()));
  WY_RETURN_IF_ERROR(check_memory(
      model_->info.name, sequence_memory_need(*model_->file, more, cache_), memory_available()));
  roomy_size_ = size_max;
  return Done{};
}

Result<std::span<const float>> Generator::append(std::span<const TokenId> tokens,
                                                 const CancelCheck& is_cancelled) {
  auto logits = decoder_->append(*sequence_, tokens, is_cancelled);
  // What was finished before an end may be of use to the next prompt.
  const std::size_t grown = std::min(sequence_->size() - tokens_.size(), tokens.size());
  tokens_.insert(tokens_.end(), tokens.begin(),
                 tokens.begin() + static_cast<std::ptrdiff_t>(grown));
  if (!logits && logits.error().code != ErrorCode::cancelled) {
    sequence_.reset();  // nobody knows what it holds now
    tokens_.clear();
  }
  return logits;
}

}  // namespace wenyuan::llm
