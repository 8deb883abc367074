#include "llm/importance_measure.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "llm/model.h"
#include "llm/tokenizer.h"

namespace wenyuan::llm {
namespace {

using Sums = std::map<std::string, std::unique_ptr<compute::InputStatistics>>;

LoadOptions summing_into(Sums& sums) {
  LoadOptions options;
  options.statistics = [&sums](const std::string& tensor, std::size_t inputs, std::size_t parts) {
    auto& own = sums[tensor];
    if (own == nullptr) own = std::make_unique<compute::InputStatistics>(inputs, parts);
    return own.get();
  };
  return options;
}

ImportanceMatrix matrix_of(const Sums& sums) {
  ImportanceMatrix matrix;
  for (const auto& [tensor, own] : sums) {
    std::vector<float> squares, counts;
    for (const double square : own->squares()) squares.push_back(static_cast<float>(square));
    for (const std::uint64_t count : own->counts()) counts.push_back(static_cast<float>(count));
    matrix.add(tensor, std::move(squares), std::move(counts));
  }
  return matrix;
}

}  // namespace

Result<Measured> measure_importance(const std::shared_ptr<const Gguf>& file, std::string_view text,
                                    compute::ThreadPool& threads, const MeasureOptions& options) {
  WY_TRY(const auto tokenizer, Tokenizer::create(*file));
  Sums sums;
  WY_TRY(const auto decoder, Decoder::load(file, threads, summing_into(sums)));
  const std::size_t size = std::min(options.chunk_tokens, decoder->context_length());
  const std::vector<TokenId> tokens = tokenizer->encode(text, {.add_special = true});
  const std::size_t chunks = std::min(tokens.size() / size, options.chunks_max);
  if (chunks == 0) {
    return Error{ErrorCode::invalid_argument, "the text has " + std::to_string(tokens.size()) +
                                                  " tokens; at least " + std::to_string(size) +
                                                  " are needed"};
  }
  WY_TRY(const auto sequence, decoder->new_sequence(size));
  for (std::size_t at = 0; at < chunks; ++at) {
    if (options.on_chunk) options.on_chunk(at, chunks);
    sequence->truncate(0);
    auto logits = decoder->append(*sequence, std::span(tokens).subspan(at * size, size));
    if (!logits) return std::move(logits).error();
  }
  return Measured{matrix_of(sums), chunks};
}

}  // namespace wenyuan::llm
