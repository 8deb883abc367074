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
// Whether anything of the row can be read: not when its document is unreadable, or was erased after
// this view was taken.
bool has_key(const Statement& statement, DocumentKeys& keys);
// After an error of reading the row: whether readers of many rows go on without it. They do when it
// has no key, or is damaged, which the log is told.
bool is_left_out(const Error& error, const Statement& statement, DocumentKeys& keys);
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
