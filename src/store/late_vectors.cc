#include "store/late_vectors.h"

#include <array>

#include "base/id.h"
#include "store/chunk_row.h"
#include "store/content_store.h"
#include "store/document_row.h"
#include "store/job_store.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

// Twice the same question, so that each is a range of an index: documents without vectors, whose
// model '' sorts first, and then those with another model's.
struct Range {
  std::string_view count;
  std::string_view next;
};
constexpr std::array<Range, 2> kUnembedded = {{
    {"SELECT count(*) FROM documents WHERE chunk_count > 0 AND embedding_model < ?1 "
     "AND embedding_failed = 0",
     "SELECT d.id FROM documents AS d WHERE d.chunk_count > 0 AND d.embedding_model < ?1 "
     "AND d.embedding_failed = 0 AND NOT EXISTS (SELECT 1 FROM jobs AS j "
     "WHERE j.document_id = d.id AND j.state IN ('queued', 'running')) LIMIT 1"},
    {"SELECT count(*) FROM documents WHERE chunk_count > 0 AND embedding_model > ?1 "
     "AND embedding_failed = 0",
     "SELECT d.id FROM documents AS d WHERE d.chunk_count > 0 AND d.embedding_model > ?1 "
     "AND d.embedding_failed = 0 AND NOT EXISTS (SELECT 1 FROM jobs AS j "
     "WHERE j.document_id = d.id AND j.state IN ('queued', 'running')) LIMIT 1"},
}};

Result<std::optional<std::string>> next_document(Snapshot& snapshot, const std::string& model) {
  for (const Range& range : kUnembedded) {
    WY_TRY(auto statement, snapshot.prepare(range.next));
    WY_TRY(const bool found, statement.bind(1, model).step());
    if (found) return std::optional(statement.text(0));
  }
  return std::optional<std::string>();
}

struct Made {
  std::string by;     // all vectors
  std::string begun;  // some
};
Result<Made> made(Snapshot& snapshot, const DocumentRow& row) {
  WY_TRY(auto statement, snapshot.prepare("SELECT embedding_model, embedding_begun FROM documents "
                                          "WHERE number = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, row.number).step());
  return Made{statement.text(0), statement.text(1)};
}

Status set_made(Transaction& tx, const DocumentRow& row, const Made& made) {
  WY_TRY(auto statement, tx.prepare("UPDATE documents SET embedding_model = ?2, "
                                    "embedding_begun = ?3 WHERE number = ?1"));
  return statement.bind(1, row.number).bind(2, made.by).bind(3, made.begun).run();
}

Status begin(Transaction& tx, const DocumentRow& row, const std::string& model) {
  WY_TRY(auto clear, tx.prepare("UPDATE chunks SET vector = NULL WHERE document = ? "
                                "AND vector IS NOT NULL"));
  WY_RETURN_IF_ERROR(clear.bind(1, row.number).run());
  return set_made(tx, row, {"", model});
}

Result<bool> is_complete(Snapshot& snapshot, const DocumentRow& row) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT 1 FROM chunks WHERE document = ? AND vector IS NULL LIMIT 1"));
  WY_TRY(const bool lacking, statement.bind(1, row.number).step());
  return !lacking;
}

// The first and the last chunk that were there; 0 when none was.
Result<std::pair<ChunkId, ChunkId>> write_vectors(Transaction& tx, const DocumentRow& row,
                                                  const std::vector<ChunkVector>& vectors) {
  std::pair<ChunkId, ChunkId> written;
  DocumentKeys keys(tx);
  if (row.text_version == 0) return written;
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, row.text_version));
  WY_TRY(auto place,
         tx.prepare("SELECT version, ordinal FROM chunks WHERE id = ? AND document = ?"));
  WY_TRY(auto statement, tx.prepare("UPDATE chunks SET vector = ?2 WHERE id = ?1"));
  for (const ChunkVector& each : vectors) {
    place.reset();
    WY_TRY(const bool found, place.bind(1, each.chunk).bind(2, row.number).step());
    if (!found) continue;
    const ChunkPlace at{row.number, place.integer(0), place.integer(1)};
    statement.reset();
    statement.bind(1, each.chunk).bind_blob(2, as_bytes(seal_vector(*key, at, each.vector)));
    WY_RETURN_IF_ERROR(statement.run());
    if (written.first == 0) written.first = each.chunk;
    written.second = each.chunk;
  }
  return written;
}

Status end_job(Transaction& tx, const Job& job, JobState state, const std::string& error,
               UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE jobs SET state = ?2, error = ?3, updated_at = ?4, "
                                    "done = CASE ?2 WHEN 'done' THEN total ELSE done END "
                                    "WHERE id = ?1 AND state IN ('queued', 'running')"));
  return statement.bind(1, job.id).bind(2, name(state)).bind(3, error).bind(4, now).run();
}

}  // namespace

Result<std::int64_t> unembedded_count(Snapshot& snapshot, const std::string& model) {
  std::int64_t sum = 0;
  for (const Range& range : kUnembedded) {
    WY_TRY(auto statement, snapshot.prepare(range.count));
    WY_RETURN_IF_ERROR(statement.bind(1, model).step());
    sum += statement.integer(0);
  }
  return sum;
}

Result<bool> has_embed_work(Snapshot& snapshot, const std::string& model) {
  WY_TRY(const auto document, next_document(snapshot, model));
  return document.has_value();
}

Result<std::optional<Job>> take_embed_job(Transaction& tx, const std::string& model,
                                          UnixMillis now) {
  WY_TRY(const auto document, next_document(tx, model));
  if (!document) return std::optional<Job>();
  const std::string id = new_id("job");
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO jobs (id, kind, document_id, user_id, state, stage, done, total, "
                    "attempts, error, created_at, updated_at) "
                    "VALUES (?1, 'embed', ?2, '', 'running', '', 0, 0, 1, '', ?3, ?3)"));
  WY_RETURN_IF_ERROR(statement.bind(1, id).bind(2, *document).bind(3, now).run());
  WY_TRY(Job taken, job(tx, id));
  return std::optional(std::move(taken));
}

Result<std::vector<Chunk>> unembedded_chunks(Snapshot& snapshot, const std::string& document_id,
                                             const std::string& model, std::size_t count_max) {
  WY_TRY(const DocumentRow row, load_document(snapshot, document_id));
  WY_TRY(const Made state, made(snapshot, row));
  std::vector<Chunk> found;
  if (state.by == model) return found;
  static const std::string sql = "SELECT " + chunk_columns() + " FROM " + chunk_tables() +
                                 " WHERE k.document = ? AND (? OR k.vector IS NULL) "
                                 "ORDER BY k.ordinal LIMIT ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  statement.bind(1, row.number).bind(2, state.begun != model);
  statement.bind(3, static_cast<std::int64_t>(count_max));
  DocumentKeys keys(snapshot);
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    WY_TRY(Chunk chunk, read_chunk_row(statement, keys));
    found.push_back(std::move(chunk));
  }
}

Status put_vectors(Transaction& tx, const std::string& document_id, const std::string& model,
                   const std::vector<ChunkVector>& vectors) {
  WY_TRY(const DocumentRow row, load_document(tx, document_id));
  WY_TRY(const Made state, made(tx, row));
  if (state.by == model) return Done{};  // a newer version was finished meanwhile
  if (state.begun != model) WY_RETURN_IF_ERROR(begin(tx, row, model));
  WY_TRY(const auto written, write_vectors(tx, row, vectors));
  if (written.first == 0) return Done{};
  WY_TRY(const bool complete, is_complete(tx, row));
  if (!complete) return record_renewal(tx, row, written.first, written.second);
  WY_RETURN_IF_ERROR(set_made(tx, row, {model, ""}));
  return record_renewal(tx, row, row.first_chunk, row.last_chunk);
}

Status finish_embed_job(Transaction& tx, const Job& job, UnixMillis now) {
  return end_job(tx, job, JobState::done, "", now);
}

Status fail_embed_job(Transaction& tx, const Job& job, const std::string& error, UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE documents SET embedding_failed = 1 WHERE id = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, job.document_id).run());
  return end_job(tx, job, JobState::failed, error, now);
}

Status put_back_embed_job(Transaction& tx, const Job& job, UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE jobs SET state = 'queued', attempts = attempts - 1, "
                                    "updated_at = ?2 WHERE id = ?1 AND state = 'running'"));
  return statement.bind(1, job.id).bind(2, now).run();
}

Status retry_embedding(Transaction& tx) {
  WY_TRY(auto statement,
         tx.prepare("UPDATE documents SET embedding_failed = 0 WHERE embedding_failed = 1"));
  return statement.run();
}

Status forget_vectors(Transaction& tx, const std::string& model) {
  WY_TRY(
      auto statement,
      tx.prepare("UPDATE chunks SET vector = NULL WHERE vector IS NOT NULL AND document IN "
                 "(SELECT number FROM documents WHERE ?1 IN (embedding_model, embedding_begun))"));
  WY_RETURN_IF_ERROR(statement.bind(1, model).run());
  WY_TRY(auto past, tx.prepare("UPDATE past_chunks SET vector = NULL WHERE vector IS NOT NULL "
                               "AND (document, version) IN (SELECT document, version "
                               "FROM document_versions WHERE embedding_model = ?1)"));
  WY_RETURN_IF_ERROR(past.bind(1, model).run());
  WY_TRY(auto versions, tx.prepare("UPDATE document_versions SET embedding_model = '' "
                                   "WHERE embedding_model = ?1"));
  WY_RETURN_IF_ERROR(versions.bind(1, model).run());
  WY_TRY(auto documents, tx.prepare("UPDATE documents SET embedding_model = '', "
                                    "embedding_begun = '' "
                                    "WHERE ?1 IN (embedding_model, embedding_begun)"));
  return documents.bind(1, model).run();
}

}  // namespace wenyuan::store
