#include "store/chunk_check.h"

#include "base/text.h"
#include "store/chunk_row.h"

namespace wenyuan::store {
namespace {

// Empty when nothing is.
std::string wrong_with(const Statement& statement, DocumentKeys& keys) {
  const auto chunk = read_chunk_row(statement, keys);
  if (!chunk) return chunk.error().message;
  const auto vector = read_vector(statement, keys, kChunkColumnCount);
  if (!vector) return vector.error().message;
  const auto size = static_cast<std::int64_t>(code_point_count(chunk->text));
  if (size == chunk->location.char_end - chunk->location.char_start) return "";
  return "a chunk is not as long as its place says";
}

Status look_through(Snapshot& snapshot, Era era, std::size_t count_max,
                    std::vector<BadChunk>& bad) {
  const std::string sql =
      "SELECT " + chunk_columns(era) + ", k.vector FROM " + chunk_tables(era) + " ORDER BY k.id";
  WY_TRY(Statement statement, snapshot.prepare(sql));
  DocumentKeys keys(snapshot);
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found || bad.size() >= count_max) return Done{};
    std::string what = wrong_with(statement, keys);
    if (!what.empty() && has_key(statement, keys)) {
      bad.push_back({std::move(what), statement.text(1), era});
    }
  }
}

}  // namespace

Result<std::vector<BadChunk>> find_bad_chunks(Snapshot& snapshot, std::size_t count_max) {
  std::vector<BadChunk> bad;
  WY_RETURN_IF_ERROR(look_through(snapshot, Era::present, count_max, bad));
  WY_RETURN_IF_ERROR(look_through(snapshot, Era::past, count_max, bad));
  return bad;
}

}  // namespace wenyuan::store
