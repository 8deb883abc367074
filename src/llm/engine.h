// What the rest of the server asks of models: vectors for texts, answers for prompts.
//
// Implemented by EngineClient (the local wenyuan-engine process over a Unix socket).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/chat_template.h"

namespace wenyuan::llm {

enum class ModelKind { generator, embedder, reranker };
std::string_view name(ModelKind kind);  // on the wire

struct ModelInfo {
  std::string name;  // file name without ".gguf"
  ModelKind kind = ModelKind::generator;
  std::string architecture;  // "llama", "bert"
  std::int64_t size_bytes = 0;
  std::int64_t context_length = 0;
  std::int64_t vector_size = 0;  // embedders only
  std::string sha256;            // hex; empty when not in a manifest
};

enum class EmbedKind { query, passage };  // models like E5 want different prefixes

struct GenerateRequest {
  std::string model;
  // On whose behalf. What was computed for one scope is never used for another, so that nobody can
  // tell from the time an answer takes what somebody else has asked.
  std::string cache_scope;
  std::vector<ChatMessage> messages;  // or:
  std::string prompt;                 // raw text, when messages is empty
  std::int32_t tokens_max = 512;
  float temperature = 0;  // 0 is greedy
  float top_p = 1;
  std::int32_t top_k = 0;  // 0 is off
  float repeat_penalty = 1;
  std::uint64_t seed = 0;
  std::vector<std::string> stop;  // texts at which to stop; they are not part of the answer
};

enum class FinishReason { stop, length };

struct GenerateResult {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t cached_tokens = 0;
  FinishReason finish = FinishReason::stop;
};

// Called with each piece of text, always whole UTF-8. False asks to stop (the result is then
// cancelled).
using OnText = std::function<bool(std::string_view)>;

// Thread-safe. Errors: unavailable (the engine is down, restarting or full: retry), not_found (no
// such model), invalid_argument, too_large (prompt over the context), cancelled.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual Result<std::vector<ModelInfo>> models() = 0;
  // One unit vector for each text. Texts beyond the model's context are cut.
  virtual Result<std::vector<std::vector<float>>> embed(const std::string& model,
                                                        std::span<const std::string> texts,
                                                        EmbedKind kind, std::stop_token stop) = 0;
  // For each passage how well it answers the query: higher is better. Scores of different queries,
  // or models, cannot be compared. Passages beyond the model's context are cut.
  virtual Result<std::vector<float>> rerank(const std::string& model, const std::string& query,
                                            std::span<const std::string> passages,
                                            std::stop_token stop) = 0;
  // Tokens of each text, without the special ones around it.
  virtual Result<std::vector<std::int64_t>> count_tokens(const std::string& model,
                                                         std::span<const std::string> texts) = 0;
  virtual Result<GenerateResult> generate(const GenerateRequest& request, const OnText& on_text,
                                          std::stop_token stop) = 0;
};

}  // namespace wenyuan::llm
