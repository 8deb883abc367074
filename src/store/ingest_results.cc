#include "base/text.h"
#include "store/chunk_row.h"
#include "store/content_access.h"
#include "store/content_store.h"
#include "store/document_text.h"
#include "store/labels.h"
#include "store/past_versions.h"

namespace wenyuan::store {
namespace {

Status check(const Processed& processed) {
  if (!is_utf8(processed.text)) {
    return Error{ErrorCode::invalid_argument, "the extracted text is not UTF-8"};
  }
  const auto size = static_cast<std::int64_t>(code_point_count(processed.text));
  for (const Chunk& chunk : processed.chunks) {
    const Location& location = chunk.location;
    if (location.char_start < 0 || location.char_end < location.char_start ||
        location.char_end > size) {
      return Error{ErrorCode::invalid_argument, "a chunk lies outside the text"};
    }
    if (chunk.vector.size() != processed.chunks.front().vector.size() ||
        chunk.vector.empty() != processed.embedding_model.empty()) {
      return Error{ErrorCode::invalid_argument, "chunks have vectors of different sizes"};
    }
  }
  return Done{};
}

struct JobEnd {
  JobState state = JobState::done;
  std::string error;
};

Status end_job_of_version(Transaction& tx, const DocumentRow& row, std::int64_t version,
                          const JobEnd& end, UnixMillis now) {
  WY_TRY(auto statement,
         tx.prepare("UPDATE jobs SET state = ?4, error = ?5, updated_at = ?1, "
                    "done = CASE ?4 WHEN 'done' THEN total ELSE done END "
                    "WHERE state IN ('queued', 'running') AND id = (SELECT job_id "
                    "FROM document_versions WHERE document = ?2 AND version = ?3)"));
  statement.bind(1, now).bind(2, row.number).bind(3, version);
  return statement.bind(4, name(end.state)).bind(5, end.error).run();
}

// All of the document's but those of older versions, whose texts go to the past. What makes vectors
// for an older version's chunks goes on when the newest version has failed. How far a
// job has come is stored now and then; where it ended does not depend on that.
Status end_jobs(Transaction& tx, const DocumentRow& row, JobState state, const std::string& error,
                UnixMillis now) {
  if (state == JobState::done) {
    WY_TRY(auto ends,
           tx.prepare(
               "UPDATE jobs SET stage = 'index', total = ?2 WHERE id = ?1 AND kind = 'ingest'"));
    WY_RETURN_IF_ERROR(ends.bind(1, row.document.job_id).bind(2, row.document.chunk_count).run());
  }
  WY_TRY(auto statement, tx.prepare("UPDATE jobs SET state = ?2, error = ?3, updated_at = ?4, "
                                    "done = CASE ?2 WHEN 'done' THEN total ELSE done END "
                                    "WHERE document_id = ?1 AND state IN ('queued', 'running') "
                                    "AND (?2 = 'done' OR kind = 'ingest') "
                                    "AND id NOT IN (SELECT job_id FROM document_versions "
                                    "WHERE document = ?5 AND version < ?6)"));
  statement.bind(1, row.document.id).bind(2, name(state)).bind(3, error).bind(4, now);
  return statement.bind(5, row.number).bind(6, row.document.version).run();
}

Status replace_chunks(Transaction& tx, DocumentRow& row, const Processed& processed) {
  WY_RETURN_IF_ERROR(record_change(tx, row, false));
  WY_RETURN_IF_ERROR(supersede_text(tx, row));
  WY_TRY(auto clear, tx.prepare("DELETE FROM chunks WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, row.number).run());
  row.first_chunk = 0;
  row.last_chunk = 0;
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, row.document.version));
  std::int64_t ordinal = 0;
  for (const Chunk& chunk : processed.chunks) {
    const ChunkPlace place{row.number, row.document.version, ordinal++};
    WY_TRY(row.last_chunk, insert_chunk(tx, *key, place, chunk));
    if (row.first_chunk == 0) row.first_chunk = row.last_chunk;
  }
  row.document.chunk_count = static_cast<std::int64_t>(processed.chunks.size());
  WY_ASSERT(row.document.chunk_count == 0 ||
            row.last_chunk - row.first_chunk + 1 == row.document.chunk_count);
  return Done{};
}

Status note_version(Transaction& tx, const DocumentRow& row, const std::string& embedding_model) {
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, row.document.version));
  WY_TRY(auto version, tx.prepare("UPDATE document_versions SET title = ?3, media_type = ?4 "
                                  "WHERE document = ?1 AND version = ?2"));
  WY_RETURN_IF_ERROR(
      version.bind(1, row.number)
          .bind(2, row.document.version)
          .bind_blob(3, as_bytes(key->seal({"title", row.document.version}, row.document.title)))
          .bind(4, row.document.media_type)
          .run());
  WY_TRY(auto model, tx.prepare("UPDATE documents SET embedding_model = ?, embedding_begun = '', "
                                "embedding_failed = 0 WHERE number = ?"));
  return model.bind(1, embedding_model).bind(2, row.number).run();
}

}  // namespace

Status finish_document(Transaction& tx, const std::string& document_id, const Processed& processed,
                       UnixMillis now) {
  WY_TRY(DocumentRow row, load_document(tx, document_id));
  WY_RETURN_IF_ERROR(check(processed));
  WY_RETURN_IF_ERROR(tx.raise_commit());
  if (processed.version != 0 && processed.version != row.document.version) {
    WY_RETURN_IF_ERROR(put_past_version(tx, row, processed));
    return end_job_of_version(tx, row, processed.version, {}, now);
  }
  WY_RETURN_IF_ERROR(replace_chunks(tx, row, processed));
  WY_TRY(row.text_size, put_text(tx, row, processed.text));
  WY_RETURN_IF_ERROR(put_layout(tx, row, processed.layout));
  Document& document = row.document;
  row.text_version = document.version;
  if (!processed.media_type.empty()) document.media_type = processed.media_type;
  if (document.title.empty()) document.title = processed.title;
  if (document.title.empty()) document.title = document.file_name;
  document.page_count = processed.page_count;
  document.state = DocumentState::ready;
  document.error.clear();
  document.updated_at = now;
  WY_RETURN_IF_ERROR(save_document(tx, row));
  WY_RETURN_IF_ERROR(note_version(tx, row, processed.embedding_model));
  WY_RETURN_IF_ERROR(record_change(tx, row, true));
  return end_jobs(tx, row, JobState::done, "", now);
}

Status fail_document(Transaction& tx, const std::string& document_id, const std::string& error,
                     UnixMillis now, std::int64_t version) {
  WY_TRY(DocumentRow row, load_document(tx, document_id));
  if (version != 0 && version != row.document.version) {
    return end_job_of_version(tx, row, version, {JobState::failed, error}, now);
  }
  WY_RETURN_IF_ERROR(tx.raise_commit());
  row.document.state = DocumentState::failed;
  row.document.error = error;
  if (row.document.title.empty()) row.document.title = row.document.file_name;
  row.document.updated_at = now;
  WY_RETURN_IF_ERROR(save_document(tx, row));
  return end_jobs(tx, row, JobState::failed, error, now);
}

Result<Document> document_for_ingest(Snapshot& snapshot, const std::string& id,
                                     const std::string& job_id) {
  WY_TRY(DocumentRow row, load_document(snapshot, id));
  Document& document = row.document;
  WY_TRY(
      auto statement,
      snapshot.prepare("SELECT version, sha256, size_bytes, media_type, title, key_secret "
                       "FROM document_versions WHERE document = ? AND job_id = ? AND version < ?"));
  statement.bind(1, row.number).bind(2, job_id).bind(3, document.version);
  WY_TRY(const bool older, statement.step());
  if (!older) return std::move(document);
  DocumentKeys keys(snapshot);
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key, statement.integer(5)));
  document.version = statement.integer(0);
  document.sha256 = statement.text(1);
  document.size_bytes = statement.integer(2);
  document.media_type = statement.text(3);
  WY_TRY(document.title, key->open({kTitleField.name, document.version}, statement.blob(4)));
  return std::move(document);
}

}  // namespace wenyuan::store
