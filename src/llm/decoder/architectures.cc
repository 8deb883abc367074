#include "llm/decoder/architectures.h"

#include <array>

namespace wenyuan::llm {

std::span<const DecoderArchitecture> decoder_architectures() {
  static constexpr std::array kArchitectures = {
      DecoderArchitecture{"llama", load_llama},
      DecoderArchitecture{"qwen2", load_qwen2},
      DecoderArchitecture{"qwen2moe", load_qwen2moe},
      DecoderArchitecture{"qwen3", load_qwen3},
      DecoderArchitecture{"qwen3moe", load_qwen3moe},
      DecoderArchitecture{"olmoe", load_olmoe},
      DecoderArchitecture{"granite", load_granite},
      DecoderArchitecture{"granitemoe", load_granite},
      DecoderArchitecture{"gemma3", load_gemma3},
      DecoderArchitecture{"deepseek2", load_deepseek2},
  };
  return kArchitectures;
}

}  // namespace wenyuan::llm
