#include "llm/model.h"

#include "llm/bert.h"
#include "llm/llama.h"

namespace wenyuan::llm {
namespace {

Error unknown_architecture(const Gguf& file, std::string_view wanted) {
  return Error{ErrorCode::unsupported_media, "the architecture \"" + file.architecture() +
                                                 "\" is not one that we can run as " +
                                                 std::string(wanted)};
}

}  // namespace

Result<std::unique_ptr<Decoder>> Decoder::load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads) {
  if (file->architecture() != "llama") return unknown_architecture(*file, "a generator (llama)");
  return LlamaDecoder::load(std::move(file), threads);
}

Result<std::unique_ptr<Encoder>> Encoder::load(std::shared_ptr<const Gguf> file,
                                               compute::ThreadPool& threads) {
  if (file->architecture() != "bert") return unknown_architecture(*file, "an embedder (bert)");
  return BertEncoder::load(std::move(file), threads);
}

}  // namespace wenyuan::llm
