// Finds the name that GGUF files give to a tokenizer.json's way of cutting texts.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "base/result.h"

namespace wenyuan::llm {

// True when the object or one nested in it has this "type".
bool has_component(const nlohmann::json& tokenizer, const char* part, std::string_view type);
// The first such object, or null.
const nlohmann::json* find_component(const nlohmann::json& tokenizer, const char* part,
                                     std::string_view type);

// For byte-level BPE: a value of tokenizer.ggml.pre. unsupported_media, with the pattern, for one
// that we do not know.
Result<std::string> hf_pretokenizer(const nlohmann::json& tokenizer);

}  // namespace wenyuan::llm
