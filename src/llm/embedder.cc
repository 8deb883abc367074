#include "llm/embedder.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "llm/memory_need.h"

namespace wenyuan::llm {
namespace {

// Tokens of one call of the encoder, as if all its texts were as long as the longest.
constexpr std::size_t kStepTokensMax = 1024;

// A text that is too long loses its end, but keeps the special token that stands there.
void cut(std::vector<TokenId>& tokens, std::size_t size_max) {
  if (tokens.size() <= size_max) return;
  tokens[size_max - 1] = tokens.back();
  tokens.resize(size_max);
}

}  // namespace

EmbedWork embed_work(const OpenModel& model, const EmbedRequest& request) {
  const std::string& prefix =
      request.kind == EmbedKind::query ? model.query_prefix : model.passage_prefix;
  EmbedWork work;
  work.texts.reserve(request.texts.size());
  for (const std::string& text : request.texts) {
    work.texts.push_back(model.tokenizer->encode(prefix + text, {}));
  }
  work.order.resize(work.texts.size());
  std::iota(work.order.begin(), work.order.end(), std::size_t{0});
  std::stable_sort(work.order.begin(), work.order.end(), [&](std::size_t a, std::size_t b) {
    return work.texts[a].size() < work.texts[b].size();
  });
  work.vectors.resize(work.texts.size());
  return work;
}

Result<std::unique_ptr<Embedder>> Embedder::load(std::shared_ptr<const OpenModel> model,
                                                 compute::ThreadPool& threads,
                                                 const LoadOptions& options) {
  WY_TRY(auto encoder, Encoder::load(model->file, threads, options));
  WY_ASSERT(encoder->context_length() > 0);
  return std::unique_ptr<Embedder>(new Embedder(std::move(model), std::move(encoder)));
}

std::int64_t Embedder::memory_need(const OpenModel& model, const LoadOptions& /*options*/) {
  return llm::memory_need(*model.file, 0);
}

Status Embedder::step(EmbedWork& work) {
  std::vector<std::vector<TokenId>> batch;
  std::size_t end = work.done;
  for (; end < work.order.size(); ++end) {
    std::vector<TokenId>& tokens = work.texts[work.order[end]];
    cut(tokens, encoder_->context_length());
    if (!batch.empty() && (batch.size() + 1) * tokens.size() > kStepTokensMax) break;
    batch.push_back(std::move(tokens));
  }
  WY_TRY(auto vectors, encoder_->encode(batch));
  WY_ASSERT(vectors.size() == batch.size());
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    work.vectors[work.order[work.done + i]] = std::move(vectors[i]);
  }
  work.done = end;
  return Done{};
}

}  // namespace wenyuan::llm
