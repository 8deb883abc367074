// An engine without a model: vectors are bags of hashed words, tokens are words and CJK characters.
#pragma once

#include <atomic>
#include <cmath>
#include <functional>
#include <mutex>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "llm/engine.h"

namespace wenyuan::llm {

// Thread-safe. The same text always gets the same vector, and texts that share words similar ones.
class FakeEngine final : public Engine {
 public:
  static constexpr std::size_t kVectorSize = 64;

  explicit FakeEngine(std::string model = "fake") : model_(std::move(model)) {}

  // The next requests fail with `error`, so many of them.
  void fail(int count, Error error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    failures_left_ = count;
  }
  // Called at the beginning of each embed(); for tests that do something meanwhile.
  void on_embed(std::function<void()> hook) {
    const std::lock_guard lock(mutex_);
    on_embed_ = std::move(hook);
  }
  // What rerank() gives for a query and a passage; otherwise the cosine of their vectors.
  void set_score(std::function<float(const std::string&, const std::string&)> score) {
    score_ = std::move(score);
  }
  int embed_calls() const { return embed_calls_; }
  int count_calls() const { return count_calls_; }

  Result<std::vector<ModelInfo>> models() override {
    ModelInfo info;
    info.name = model_;
    info.kind = ModelKind::embedder;
    info.architecture = "bert";
    info.context_length = 512;
    info.vector_size = kVectorSize;
    return std::vector<ModelInfo>{info};
  }

  Result<std::vector<std::vector<float>>> embed(const std::string& model,
                                                std::span<const std::string> texts, EmbedKind,
                                                std::stop_token stop) override {
    ++embed_calls_;
    std::function<void()> hook;
    {
      const std::lock_guard lock(mutex_);
      hook = on_embed_;
    }
    if (hook) hook();
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
    WY_RETURN_IF_ERROR(check(model));
    std::vector<std::vector<float>> vectors;
    for (const std::string& text : texts) vectors.push_back(vector_of(text));
    return vectors;
  }

  Result<std::vector<float>> rerank(const std::string& model, const std::string& query,
                                    std::span<const std::string> passages,
                                    std::stop_token stop) override {
    if (stop.stop_requested()) return Error{ErrorCode::cancelled, "stopped"};
    WY_RETURN_IF_ERROR(check(model));
    const std::vector<float> wanted = vector_of(query);
    std::vector<float> scores;
    for (const std::string& passage : passages) {
      if (score_) {
        scores.push_back(score_(query, passage));
        continue;
      }
      const std::vector<float> own = vector_of(passage);
      scores.push_back(std::inner_product(own.begin(), own.end(), wanted.begin(), 0.0F));
    }
    return scores;
  }

  Result<std::vector<std::int64_t>> count_tokens(const std::string& model,
                                                 std::span<const std::string> texts) override {
    ++count_calls_;
    WY_RETURN_IF_ERROR(check(model));
    std::vector<std::int64_t> counts;
    for (const std::string& text : texts) {
      counts.push_back(static_cast<std::int64_t>(words(text).size()));
    }
    return counts;
  }

  // Says the last message, or the prompt, back.
  Result<GenerateResult> generate(const GenerateRequest& request, const OnText& on_text,
                                  std::stop_token) override {
    const std::string& text =
        request.messages.empty() ? request.prompt : request.messages.back().content;
    if (!on_text(text)) return Error{ErrorCode::cancelled, "stopped"};
    return GenerateResult();
  }

  static std::vector<float> vector_of(std::string_view text) {
    std::vector<float> vector(kVectorSize, 0);
    vector[0] = 0.01F;  // so that a text without words has a direction too
    for (const std::string& word : words(text)) {
      std::uint64_t hash = 14695981039346656037ULL;
      for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
      vector[hash % kVectorSize] += (hash >> 32) % 2 == 0 ? 1.0F : -1.0F;
    }
    float sum = 0;
    for (const float value : vector) sum += value * value;
    for (float& value : vector) value /= std::sqrt(sum);
    return vector;
  }

 private:
  static std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> found(1);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      const char32_t c = next_code_point(text, at);
      const bool part = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                        (c >= 'A' && c <= 'Z') || (c >= 0xC0 && !is_cjk(c));
      if (is_cjk(c) || (!part && !found.back().empty())) found.emplace_back();
      if (is_cjk(c) || part) found.back() += to_lower_ascii(text.substr(begin, at - begin));
      if (is_cjk(c)) found.emplace_back();
    }
    std::erase(found, std::string());
    return found;
  }

  Status check(const std::string& model) {
    const std::lock_guard lock(mutex_);
    if (failures_left_ > 0) {
      --failures_left_;
      return error_;
    }
    if (model != model_) return Error{ErrorCode::not_found, "no model " + model};
    return Done{};
  }

  const std::string model_;
  std::function<float(const std::string&, const std::string&)> score_;
  std::atomic<int> embed_calls_ = 0;
  std::atomic<int> count_calls_ = 0;
  std::mutex mutex_;
  Error error_;                     // guarded by mutex_
  int failures_left_ = 0;           // guarded by mutex_
  std::function<void()> on_embed_;  // guarded by mutex_
};

}  // namespace wenyuan::llm
