#include "llm/engine_bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "compute/thread_pool.h"
#include "llm/decoder/transformer.h"
#include "llm/gguf.h"
#include "llm/model.h"

namespace wenyuan::llm {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr const char* kOperatorNames[kOperatorCount] = {
    "embedding", "attention input", "attention", "attention output",
    "router",    "feed forward",    "experts",   "logits"};

// Any tokens will do: the time does not depend on which.
std::vector<TokenId> some_tokens(std::size_t count, std::size_t vocabulary) {
  std::vector<TokenId> tokens;
  std::uint32_t state = 12345;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525U + 1013904223U;
    tokens.push_back(static_cast<TokenId>((state >> 8) % vocabulary));
  }
  return tokens;
}

struct Measured {
  std::vector<double> seconds;
  OperatorTimes times{};
};

void print(const char* what, std::size_t tokens, Measured& measured) {
  std::sort(measured.seconds.begin(), measured.seconds.end());
  const auto rate = [&](double seconds) { return static_cast<double>(tokens) / seconds; };
  std::printf("%s %zu: best %.1f, median %.1f tokens/s of", what, tokens,
              rate(measured.seconds.front()), rate(measured.seconds[measured.seconds.size() / 2]));
  for (const double seconds : measured.seconds) std::printf(" %.2f", rate(seconds));
  std::printf("\n");
  const Seconds all = std::chrono::nanoseconds(
      std::accumulate(measured.times.begin(), measured.times.end(), std::chrono::nanoseconds(0)));
  for (std::size_t i = 0; i < kOperatorCount; ++i) {
    const Seconds own = measured.times[i];
    if (own.count() <= 0) continue;
    std::printf("  %-16s %9.2f ms %5.1f %%\n", kOperatorNames[i], 1e3 * own.count(),
                100 * own.count() / all.count());
  }
}

class Bench {
 public:
  Bench(const BenchOptions& options, Transformer& decoder)
      : options_(options),
        decoder_(decoder),
        tokens_(some_tokens(options.depth + options.prompt + options.tokens,
                            decoder.vocabulary_size())) {}

  Status run() {
    Measured prompts;
    Measured writing;
    for (std::size_t round = 0; round <= options_.rounds; ++round) {
      WY_TRY(const auto sequence, decoder_.new_sequence(decoder_.context_length()));
      const std::span<const TokenId> tokens(tokens_);
      if (options_.depth > 0) {
        WY_RETURN_IF_ERROR(measure(*sequence, tokens.first(options_.depth), false, nullptr));
      }
      // The first round only warms up.
      if (options_.prompt > 0) {
        WY_RETURN_IF_ERROR(measure(*sequence, tokens.subspan(options_.depth, options_.prompt),
                                   false, round == 0 ? nullptr : &prompts));
      }
      if (sequence->truncate(options_.depth) != options_.depth) {
        return Error{
            ErrorCode::invalid_argument,
            "the window of this model's attention has left what lies at the depth: measure "
            "prompt and decode apart"};
      }
      if (options_.tokens > 0) {
        WY_RETURN_IF_ERROR(measure(*sequence, tokens.last(options_.tokens), true,
                                   round == 0 ? nullptr : &writing));
      }
    }
    if (options_.prompt > 0) print("prompt", options_.prompt, prompts);
    if (options_.tokens > 0) print("decode", options_.tokens, writing);
    return Done{};
  }

 private:
  Status measure(Sequence& sequence, std::span<const TokenId> tokens, bool one_by_one,
                 Measured* measured) {
    decoder_.reset_times();
    const auto began = Clock::now();
    const std::size_t step = one_by_one ? 1 : tokens.size();
    for (std::size_t at = 0; at < tokens.size(); at += step) {
      const auto logits = decoder_.append(sequence, tokens.subspan(at, step), {});
      if (!logits) return logits.error();
    }
    if (measured == nullptr) return Done{};
    measured->seconds.push_back(Seconds(Clock::now() - began).count());
    measured->times = decoder_.times();
    return Done{};
  }

  const BenchOptions& options_;
  Transformer& decoder_;
  std::vector<TokenId> tokens_;
};

Result<LoadOptions> load_options(const BenchOptions& options) {
  using compute::InstructionSet;
  LoadOptions how;
  WY_TRY(how.cache, key_value_type(options.cache));
  if (options.kernels == "best") return how;
  for (const InstructionSet set :
       {InstructionSet::plain, InstructionSet::avx2, InstructionSet::avx512, InstructionSet::amx}) {
    if (!compute::is_supported(set) || options.kernels != compute::kernels(set).name) continue;
    how.kernels = &compute::kernels(set);
    return how;
  }
  return Error{ErrorCode::invalid_argument, "there are no kernels " + options.kernels + " here"};
}

}  // namespace

Status run_bench(const BenchOptions& options) {
  const auto began = Clock::now();
  WY_TRY(Gguf opened, Gguf::open(options.model));
  const auto file = std::make_shared<const Gguf>(std::move(opened));
  compute::ThreadPool threads(options.threads);
  WY_TRY(const LoadOptions how, load_options(options));
  WY_TRY(const auto decoder, Decoder::load(file, threads, how));
  std::printf("%s: loaded in %.2f s, %s kernels, %zu thread(s), cache %s, depth %zu\n",
              options.model.filename().c_str(), Seconds(Clock::now() - began).count(),
              how.kernels->name, options.threads, options.cache.c_str(), options.depth);
  if (options.depth + std::max(options.prompt, options.tokens) > decoder->context_length()) {
    return Error{
        ErrorCode::invalid_argument,
        "the model's context holds " + std::to_string(decoder->context_length()) + " tokens"};
  }
  WY_RETURN_IF_ERROR(Bench(options, static_cast<Transformer&>(*decoder)).run());
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  std::printf("most memory resident: %ld MiB\n", usage.ru_maxrss / 1024);
  return Done{};
}

}  // namespace wenyuan::llm
