#include "llm/reranker.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>

#include "llm/memory_need.h"

namespace wenyuan::llm {
namespace {

// Tokens of one call of the encoder, as if all its pairs were as long as the longest.
constexpr std::size_t kStepTokensMax = 1024;

// What stands before, between and behind two texts.
struct PairFrame {
  std::vector<TokenId> before;
  std::vector<TokenId> between;
  std::vector<TokenId> behind;

  std::size_t size() const { return before.size() + between.size() + behind.size(); }
};

// [CLS] query [SEP] passage [SEP] for BERT, <s> query </s></s> passage </s> for RoBERTa and its
// kin.
PairFrame frame_of(const OpenModel& model) {
  PairFrame frame;
  frame.before = model.tokenizer->prefix();
  const std::vector<TokenId> around = model.tokenizer->encode("", {});
  const std::size_t begin = std::min(frame.before.size(), around.size());
  frame.behind.assign(around.begin() + static_cast<std::ptrdiff_t>(begin), around.end());
  frame.between = frame.behind;
  if (model.file->text("tokenizer.ggml.model").value_or("") != "bert") {
    frame.between.insert(frame.between.end(), frame.behind.begin(), frame.behind.end());
  }
  return frame;
}

void append(std::vector<TokenId>& tokens, std::span<const TokenId> more) {
  tokens.insert(tokens.end(), more.begin(), more.end());
}

std::span<const TokenId> front(std::span<const TokenId> tokens, std::size_t size_max) {
  return tokens.first(std::min(tokens.size(), size_max));
}

TokenPair join(const PairFrame& frame, std::span<const TokenId> query,
               std::span<const TokenId> passage, std::size_t size_max) {
  const std::size_t room = size_max - std::min(size_max, frame.size());
  query = front(query, std::max(room / 2, room - std::min(room, passage.size())));
  TokenPair pair;
  append(pair.tokens, frame.before);
  append(pair.tokens, query);
  append(pair.tokens, frame.between);
  pair.second = pair.tokens.size();
  append(pair.tokens, front(passage, room - query.size()));
  append(pair.tokens, frame.behind);
  return pair;
}

}  // namespace

RerankWork rerank_work(const OpenModel& model, const RerankRequest& request) {
  const PairFrame frame = frame_of(model);
  const auto size_max = static_cast<std::size_t>(model.info.context_length);
  const EncodeOptions plain{.add_special = false, .parse_special = false};
  const std::vector<TokenId> query = model.tokenizer->encode(request.query, plain);
  RerankWork work;
  work.pairs.reserve(request.passages.size());
  for (const std::string& passage : request.passages) {
    work.pairs.push_back(join(frame, query, model.tokenizer->encode(passage, plain), size_max));
  }
  work.order.resize(work.pairs.size());
  std::iota(work.order.begin(), work.order.end(), std::size_t{0});
  std::stable_sort(work.order.begin(), work.order.end(), [&](std::size_t a, std::size_t b) {
    return work.pairs[a].tokens.size() < work.pairs[b].tokens.size();
  });
  work.scores.resize(work.pairs.size());
  return work;
}

Result<std::unique_ptr<Reranker>> Reranker::load(std::shared_ptr<const OpenModel> model,
                                                 compute::ThreadPool& threads,
                                                 const LoadOptions& options) {
  WY_TRY(auto encoder, CrossEncoder::load(model->file, threads, options));
  return std::unique_ptr<Reranker>(new Reranker(std::move(model), std::move(encoder)));
}

std::int64_t Reranker::memory_need(const OpenModel& model, const LoadOptions& /*options*/) {
  return llm::memory_need(*model.file, 0);
}

Status Reranker::step(RerankWork& work) {
  std::vector<TokenPair> batch;
  std::size_t end = work.done;
  for (; end < work.order.size(); ++end) {
    TokenPair& pair = work.pairs[work.order[end]];
    if (!batch.empty() && (batch.size() + 1) * pair.tokens.size() > kStepTokensMax) break;
    batch.push_back(std::move(pair));
  }
  WY_TRY(const auto scores, encoder_->score(batch));
  WY_ASSERT(scores.size() == batch.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    work.scores[work.order[work.done + i]] = scores[i];
  }
  work.done = end;
  return Done{};
}

}  // namespace wenyuan::llm
