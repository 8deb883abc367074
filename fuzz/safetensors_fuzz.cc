// Any bytes as a part of a Hugging Face directory: a safetensors file, a config.json or a
// tokenizer.json. Refused with a reason, or read whole.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "llm/hf_parameters.h"
#include "llm/hf_tensors.h"
#include "llm/hf_tokenizer.h"
#include "llm/json_file.h"
#include "llm/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace wenyuan::llm;  // NOLINT: a program of one file

void read_tensors(std::span<const std::uint8_t> bytes) {
  const auto views = parse_safetensors(bytes);
  if (!views) {
    WY_ASSERT(!views.error().message.empty());
    return;
  }
  for (const auto& [name, view] : *views) {
    WY_ASSERT(view.name == name);
    std::vector<float> values(view.element_count());
    read_elements(view, 0, values);
    if (view.element_count() == 0) continue;
    const SourceTensor source(view);
    std::vector<float> row(source.columns());
    source.read(source.rows() - 1, 1, row);
  }
}

void read_config(std::string_view text) {
  auto content = parse_json_object(text, "config.json");
  if (!content) return;
  const auto config = HfConfig::create(*std::move(content));
  if (!config) return;
  const auto metadata = hf_parameters(*config);
  WY_ASSERT(metadata || !metadata.error().message.empty());
}

void read_tokenizer(std::string_view text) {
  auto content = parse_json_object(text, "tokenizer.json");
  if (!content) return;
  const auto config = HfConfig::create({{"architectures", {"LlamaForCausalLM"}}});
  WY_ASSERT(config);
  HfTokenizerFiles files;
  files.tokenizer = *std::move(content);
  files.tokenizer_config = files.tokenizer;
  files.generation_config = files.tokenizer;
  const auto metadata = hf_tokenizer(files, *config, 64, "");
  WY_ASSERT(metadata || !metadata.error().message.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 3) {
    case 0: read_tensors({data + 1, size - 1}); break;
    case 1: read_config(text); break;
    default: read_tokenizer(text); break;
  }
  return 0;
}
