// A row of the table chunks, and the forms in which its parts are kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/era.h"
#include "store/database.h"
#include "store/document_keys.h"

namespace wenyuan::store {

// The columns that read_chunk_row() expects first.
std::string chunk_columns(Era era = Era::present);
constexpr int kChunkColumnCount = 15;
// Where they come from: chunks as k, their documents as d, their versions as v.
std::string chunk_tables(Era era = Era::present);
// Without the vector.
Result<Chunk> read_chunk_row(const Statement& statement, DocumentKeys& keys);
// Whether the document's key is lost, so that nothing of the row can be read.
bool is_lost(const Statement& statement, const DocumentKeys& keys);
// The vector that stands in column `at` of the row that was just read; empty for none.
Result<std::vector<float>> read_vector(const Statement& statement, DocumentKeys& keys, int at);

struct ChunkPlace {
  std::int64_t document_number = 0;
  std::int64_t version = 1;
  std::int64_t ordinal = 0;
};
// Under the key of its version.
Result<ChunkId> insert_chunk(Transaction& tx, const DocumentKey& key, const ChunkPlace& place,
                             const Chunk& chunk, Era era = Era::present);
// As it lies in the row; empty for no vector.
std::string seal_vector(const DocumentKey& key, const ChunkPlace& place,
                        std::span<const float> vector);

}  // namespace wenyuan::store
