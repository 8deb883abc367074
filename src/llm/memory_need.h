// How much memory a model will take, and whether it is there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "compute/attention.h"
#include "llm/gguf.h"

namespace wenyuan::llm {

// An estimate from the file's size and shape, with keys and values for `tokens` tokens; `cache` as
// in LoadOptions.
std::int64_t memory_need(const Gguf& file, std::int64_t tokens,
                         std::optional<compute::KeyValueType> cache = {});

// The part of it that grows with the tokens.
std::int64_t sequence_memory_need(const Gguf& file, std::int64_t tokens,
                                  std::optional<compute::KeyValueType> cache = {});

// Bytes that may still be used, by the machine's and the control group's account; nothing is known
// to be in the way when both are silent. `root` is "/" outside tests.
std::int64_t memory_available(const std::filesystem::path& root = "/");

// unavailable, with both numbers, when `need` is over `available`.
Status check_memory(const std::string& model, std::int64_t need, std::int64_t available);

}  // namespace wenyuan::llm
