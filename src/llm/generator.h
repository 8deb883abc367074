// Generates text with one loaded decoder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "compute/thread_pool.h"
#include "llm/engine.h"
#include "llm/model.h"
#include "llm/model_registry.h"

namespace wenyuan::llm {

// The tokens that the request's messages or prompt become. too_large, with the numbers, when they
// leave no room in the context for an answer.
Result<std::vector<TokenId>> prompt_tokens(const OpenModel& model, const GenerateRequest& request);

// Keeps the keys and values of its last request, and computes only what the next prompt does not
// share with it. One thread at a time.
class Generator {
 public:
  static Result<std::unique_ptr<Generator>> load(std::shared_ptr<const OpenModel> model,
                                                 compute::ThreadPool& threads,
                                                 const LoadOptions& options = {});
  // Bytes that load() and one request of usual length take.
  static std::int64_t memory_need(const OpenModel& model, const LoadOptions& options = {});

  const OpenModel& model() const { return *model_; }

  // `prompt` comes from prompt_tokens(). `is_cancelled` is asked between tokens and between pieces
  // of the prompt.
  Result<GenerateResult> generate(const GenerateRequest& request, std::span<const TokenId> prompt,
                                  const OnText& on_text, const std::function<bool()>& is_cancelled);

 private:
  // Tokens of a sequence for which load() finds memory.
  static constexpr std::size_t kUsualSize = 4096;

  Generator(std::shared_ptr<const OpenModel> model, std::unique_ptr<Decoder> decoder,
            std::optional<compute::KeyValueType> cache)
      : model_(std::move(model)), decoder_(std::move(decoder)), cache_(cache) {}

  // Returns how many tokens of the prompt are in sequence_ already.
  Result<std::size_t> prepare(const std::string& scope, std::span<const TokenId> prompt,
                              std::size_t size_max);
  Status check_room(std::size_t size_max);
  Result<std::span<const float>> append(std::span<const TokenId> tokens,
                                        const CancelCheck& is_cancelled);

  std::shared_ptr<const OpenModel> model_;
  std::unique_ptr<Decoder> decoder_;
  std::unique_ptr<Sequence> sequence_;          // of decoder_; null until needed and after an error
  std::vector<TokenId> tokens_;                 // what sequence_ holds
  std::string scope_;                           // for whom it was computed
  std::optional<compute::KeyValueType> cache_;  // what load() was told
  std::size_t roomy_size_ = kUsualSize;         // there was memory for so many tokens
};

}  // namespace wenyuan::llm
