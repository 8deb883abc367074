// The tokenizer files of a Hugging Face directory as the metadata of a GGUF file.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "llm/gguf_writer.h"
#include "llm/hf_config.h"

namespace wenyuan::llm {

// What a directory says about its tokenizer; missing files are empty objects.
struct HfTokenizerFiles {
  nlohmann::json tokenizer;          // tokenizer.json
  nlohmann::json tokenizer_config;   // tokenizer_config.json over special_tokens_map.json
  nlohmann::json generation_config;  // generation_config.json
  std::string chat_template;         // from wherever it is

  // not_found when there is no tokenizer.json.
  static Result<HfTokenizerFiles> read(const std::filesystem::path& folder);
};

// Everything below "tokenizer.". `rows` tokens have embeddings; those without a text get one that
// nothing matches. `pre` names the pre-tokenizer; empty: found by its patterns.
Result<GgufMetadata> hf_tokenizer(const HfTokenizerFiles& files, const HfConfig& config,
                                  std::uint64_t rows, const std::string& pre);

}  // namespace wenyuan::llm
