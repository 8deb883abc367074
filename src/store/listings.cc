#include "store/chunk_row.h"
#include "store/content_access.h"
#include "store/content_store.h"
#include "store/cursor.h"
#include "store/document_filter.h"

namespace wenyuan::store {
namespace {

constexpr int kPageSizeMax = 200;

Status check_page(const Page& page) {
  if (page.limit >= 1 && page.limit <= kPageSizeMax) return Done{};
  return Error{ErrorCode::invalid_argument, "limit is from 1 to 200"};
}

std::string_view by_id(Era era) {
  static const std::string present = "SELECT " + chunk_columns(Era::present) + " FROM " +
                                     chunk_tables(Era::present) + " WHERE k.id = ?";
  static const std::string past =
      "SELECT " + chunk_columns(Era::past) + " FROM " + chunk_tables(Era::past) + " WHERE k.id = ?";
  return era == Era::past ? past : present;
}

// Of a past version all vectors are one model's.
std::string vector_column(Era era) {
  return era == Era::past ? ", CASE WHEN ?4 <> '' AND ?4 = v.embedding_model THEN k.vector END "
                          : ", CASE WHEN ?4 <> '' AND ?4 IN (d.embedding_model, d.embedding_begun) "
                            "THEN k.vector END ";
}

Result<Chunk> chunk_with_vector(const Statement& statement, DocumentKeys& keys) {
  WY_TRY(Chunk chunk, read_chunk_row(statement, keys));
  WY_TRY(chunk.vector, read_vector(statement, keys, kChunkColumnCount));
  return chunk;
}

}  // namespace

Result<Listing<Document>> documents(Snapshot& snapshot, const Permit& permit,
                                    const DocumentFilter& filter, const Page& page) {
  WY_RETURN_IF_ERROR(snapshot.accept(permit));
  WY_RETURN_IF_ERROR(check_page(page));
  WY_RETURN_IF_ERROR(check_filter(filter));
  WY_TRY(const std::int64_t after, read_cursor(snapshot, "documents", page.cursor));
  const std::string sql = "SELECT " + document_columns() +
                          " FROM documents AS d JOIN collections AS c ON c.id = d.collection_id "
                          "WHERE " +
                          filter_sql(filter) + " AND d.number > ? ORDER BY d.number LIMIT ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  const int next = bind_filter(statement, permit.labels(), filter);
  statement.bind(next, after).bind(next + 1, page.limit + 1);
  Listing<Document> listing;
  DocumentKeys keys(snapshot);
  for (std::int64_t last = 0;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return listing;
    if (listing.items.size() == static_cast<std::size_t>(page.limit)) {
      WY_TRY(listing.next_cursor, make_cursor(snapshot, "documents", last));
      return listing;
    }
    auto row = read_document_row(statement, keys);
    if (!row && is_erased(row.error())) continue;
    if (!row) return std::move(row).error();
    last = row->number;
    listing.items.push_back(shown(*std::move(row)));
  }
}

Result<Listing<Chunk>> chunks(Snapshot& snapshot, const Permit& permit,
                              const std::string& document_id, const Page& page,
                              std::int64_t version) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, document_id));
  WY_RETURN_IF_ERROR(check_page(page));
  const std::int64_t wanted = version == 0 ? row.text_version : version;
  const Era era = wanted == row.text_version ? Era::present : Era::past;
  std::string list = "chunks of " + document_id;
  if (version != 0) list += " version " + std::to_string(version);
  WY_TRY(const std::int64_t begin, read_cursor(snapshot, list, page.cursor));
  const std::string sql = "SELECT " + chunk_columns(era) + " FROM " + chunk_tables(era) +
                          " WHERE k.document = ? AND k.version = ? AND k.ordinal >= ? "
                          "ORDER BY k.ordinal LIMIT ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  statement.bind(1, row.number).bind(2, wanted).bind(3, begin).bind(4, page.limit + 1);
  Listing<Chunk> listing;
  DocumentKeys keys(snapshot);
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return listing;
    WY_TRY(Chunk chunk, read_chunk_row(statement, keys));
    if (listing.items.size() == static_cast<std::size_t>(page.limit)) {
      WY_TRY(listing.next_cursor, make_cursor(snapshot, list, chunk.ordinal));
      return listing;
    }
    listing.items.push_back(std::move(chunk));
  }
}

Result<std::vector<ChunkId>> chunk_ids(Snapshot& snapshot, const Permit& permit,
                                       const DocumentFilter& filter) {
  WY_RETURN_IF_ERROR(snapshot.accept(permit));
  WY_RETURN_IF_ERROR(check_filter(filter));
  const std::string sql =
      "SELECT d.first_chunk, d.last_chunk FROM documents AS d JOIN collections AS c "
      "ON c.id = d.collection_id WHERE " +
      filter_sql(filter) + " AND d.first_chunk > 0 ORDER BY d.first_chunk";
  WY_TRY(auto statement, snapshot.prepare(sql));
  bind_filter(statement, permit.labels(), filter);
  std::vector<ChunkId> ids;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return ids;
    // A document's chunks are added in one transaction of the one writer: no id between is
    // another's.
    for (ChunkId id = statement.integer(0); id <= statement.integer(1); ++id) ids.push_back(id);
  }
}

Result<std::vector<Chunk>> chunks_by_id(Snapshot& snapshot, const Permit& permit,
                                        std::span<const ChunkId> ids, bool with_past) {
  WY_RETURN_IF_ERROR(snapshot.accept(permit));
  WY_TRY(auto present, snapshot.prepare(by_id(Era::present)));
  WY_TRY(auto past, snapshot.prepare(by_id(Era::past)));
  DocumentKeys keys(snapshot);
  std::vector<Chunk> found;
  found.reserve(ids.size());
  for (const ChunkId id : ids) {
    present.reset();
    past.reset();
    WY_TRY(const bool is_present, present.bind(1, id).step());
    bool is_past = false;
    if (!is_present && with_past) {
      WY_TRY(is_past, past.bind(1, id).step());
    }
    if (!is_present && !is_past) continue;
    const Statement& row = is_past ? past : present;
    auto chunk = read_chunk_row(row, keys);
    if (!chunk && is_left_out(chunk.error(), row, keys)) continue;
    if (!chunk) return std::move(chunk).error();
    if (permit.covers(chunk->label_id)) found.push_back(*std::move(chunk));
  }
  return found;
}

Result<std::vector<Chunk>> chunks_for_index(Snapshot& snapshot, LabelId label,
                                            const ChunkRange& range, const std::string& model,
                                            Era era) {
  const std::string sql = "SELECT " + chunk_columns(era) + vector_column(era) + "FROM " +
                          chunk_tables(era) +
                          " WHERE k.id >= ?1 AND k.id <= ?2 AND d.label_id = ?3 ORDER BY k.id";
  WY_TRY(auto statement, snapshot.prepare(sql));
  statement.bind(1, range.first).bind(2, range.last).bind(3, label);
  statement.bind(4, model);
  DocumentKeys keys(snapshot);
  std::vector<Chunk> found;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    // Fewer than count_max only at the end: callers go on behind the last.
    if (!row || found.size() == range.count_max) return found;
    auto chunk = chunk_with_vector(statement, keys);
    if (!chunk && is_left_out(chunk.error(), statement, keys)) continue;
    if (!chunk) return std::move(chunk).error();
    found.push_back(*std::move(chunk));
  }
}

}  // namespace wenyuan::store
