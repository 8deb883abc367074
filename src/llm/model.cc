#include "llm/model.h"

#include "llm/bert.h"
#include "llm/bert_cross_encoder.h"
#include "llm/decoder/architectures.h"
#include "llm/decoder/transformer.h"

namespace wenyuan::llm {
namespace {

Error unknown_architecture(const Gguf& file, std::string_view wanted) {
  return Error{ErrorCode::unsupported_media, "the architecture \"" + file.architecture() +
                                                 "\" is not one that we can run as " +
                                                 std::string(wanted)};
}

}  // namespace

Result<std::unique_ptr<Decoder>> Decoder::load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options) {
  for (const DecoderArchitecture& architecture : decoder_architectures()) {
    if (file->architecture() != architecture.name) continue;
    LoadOptions with_threads = options;
    with_threads.threads = &threads;
    WY_TRY(DecoderParts parts, architecture.load(WeightLoader(*file, with_threads)));
    return std::unique_ptr<Decoder>(std::make_unique<Transformer>(std::move(file), std::move(parts),
                                                                  threads, *options.kernels));
  }
  return unknown_architecture(*file, "a generator");
}

Result<std::unique_ptr<Encoder>> Encoder::load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads,
                                               const LoadOptions& options) {
  if (!is_bert(*file)) return unknown_architecture(*file, "an embedder");
  return BertEncoder::load(std::move(file), threads, options);
}

Result<std::unique_ptr<CrossEncoder>> CrossEncoder::load(std::shared_ptr<const Gguf> file,
                                                         compute::ThreadPool& threads,
                                                         const LoadOptions& options) {
  if (!is_bert(*file)) return unknown_architecture(*file, "a reranker");
  return BertCrossEncoder::load(std::move(file), threads, options);
}

}  // namespace wenyuan::llm
