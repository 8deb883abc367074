// The numbers of a Hugging Face config.json as the metadata of a GGUF file.
#pragma once

#include "base/result.h"
#include "llm/gguf_writer.h"
#include "llm/hf_config.h"

namespace wenyuan::llm {

// Everything below "<architecture>.". unsupported_media for a variant that the architecture's GGUF
// form has no words for: it would be computed wrongly.
Result<GgufMetadata> hf_parameters(const HfConfig& config);

}  // namespace wenyuan::llm
