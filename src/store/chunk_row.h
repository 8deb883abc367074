// A row of the table chunks, and the forms in which its parts are kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/document.h"
#include "store/database.h"

namespace wenyuan::store {

// The columns that read_chunk_row() expects first, from "chunks AS k" and "documents AS d".
std::string chunk_columns();
constexpr int kChunkColumnCount = 13;
// Without the vector.
Result<Chunk> read_chunk_row(const Statement& statement);

struct ChunkPlace {
  std::int64_t document_number = 0;
  std::int64_t version = 1;
  std::int64_t ordinal = 0;
};
Result<ChunkId> insert_chunk(Transaction& tx, const ChunkPlace& place, const Chunk& chunk);

// Float16; empty for no vector.
std::string encode_vector(std::span<const float> vector);
std::vector<float> decode_vector(std::span<const std::uint8_t> bytes);

}  // namespace wenyuan::store
