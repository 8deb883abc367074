#include "store/past_versions.h"

#include "store/chunk_row.h"
#include "store/content_access.h"
#include "store/document_text.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

struct KnownVersion {
  std::string title;
  bool kept = false;  // its text
};

Result<KnownVersion> known_version(Transaction& tx, const DocumentKey& key, const DocumentRow& row,
                                   std::int64_t version) {
  WY_TRY(auto statement, tx.prepare("SELECT title, text_size FROM document_versions "
                                    "WHERE document = ? AND version = ?"));
  WY_TRY(const bool found, statement.bind(1, row.number).bind(2, version).step());
  if (!found) return no_such_document();
  KnownVersion known;
  WY_TRY(known.title, key.open({kTitleField.name, version}, statement.blob(0)));
  known.kept = !statement.is_null(1);
  return known;
}

Result<PastRange> put_past_chunks(Transaction& tx, const DocumentKey& key, const DocumentRow& row,
                                  const Processed& processed) {
  PastRange range{processed.version, 0, 0};
  std::int64_t ordinal = 0;
  for (const Chunk& chunk : processed.chunks) {
    const ChunkPlace place{row.number, processed.version, ordinal++};
    WY_TRY(range.last, insert_chunk(tx, key, place, chunk, Era::past));
    if (range.first == 0) range.first = range.last;
  }
  return range;
}

struct PastRow {
  PastRange range;
  std::int64_t text_size = 0;
  std::string embedding_model;
};

Status save_past_row(Transaction& tx, const DocumentRow& row, const PastRow& past) {
  WY_TRY(auto statement,
         tx.prepare("UPDATE document_versions SET first_chunk = ?3, last_chunk = ?4, "
                    "text_size = ?5, embedding_model = ?6 WHERE document = ?1 AND version = ?2"));
  return statement.bind(1, row.number)
      .bind(2, past.range.version)
      .bind(3, past.range.first)
      .bind(4, past.range.last)
      .bind(5, past.text_size)
      .bind(6, past.embedding_model)
      .run();
}

Status describe(Transaction& tx, const DocumentKey& key, const DocumentRow& row,
                const Processed& processed, std::string title) {
  if (title.empty()) title = processed.title;
  if (title.empty()) title = row.document.file_name;
  WY_TRY(auto statement, tx.prepare("UPDATE document_versions SET title = ?3, media_type = "
                                    "CASE ?4 WHEN '' THEN media_type ELSE ?4 END "
                                    "WHERE document = ?1 AND version = ?2"));
  const std::string sealed = key.seal({kTitleField.name, processed.version}, title);
  return statement.bind(1, row.number)
      .bind(2, processed.version)
      .bind_blob(3, as_bytes(sealed))
      .bind(4, processed.media_type)
      .run();
}

Result<std::string> model_of_vectors(Transaction& tx, const DocumentRow& row) {
  WY_TRY(auto statement, tx.prepare("SELECT embedding_model FROM documents WHERE number = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, row.number).step());
  return statement.text(0);
}

}  // namespace

Status supersede_text(Transaction& tx, const DocumentRow& row) {
  const std::int64_t version = row.text_version;
  if (version == 0 || version == row.document.version) return Done{};
  PastRow past{{version, row.first_chunk, row.last_chunk}, row.text_size, {}};
  WY_TRY(past.embedding_model, model_of_vectors(tx, row));
  WY_RETURN_IF_ERROR(save_past_row(tx, row, past));
  // Vectors that some chunks have and others not yet are worth nothing.
  for (const std::string_view sql :
       {"INSERT INTO past_chunks (id, document, version, ordinal, page, char_start, char_end, "
        "content, vector) SELECT c.id, c.document, c.version, c.ordinal, c.page, c.char_start, "
        "c.char_end, c.content, CASE d.embedding_model WHEN '' THEN NULL ELSE c.vector END "
        "FROM chunks AS c JOIN documents AS d ON d.number = c.document WHERE c.document = ?1 "
        "AND c.version = ?2 ORDER BY c.id",
        "INSERT INTO past_texts (document, version, piece, text) "
        "SELECT document, ?2, piece, text FROM document_texts WHERE document = ?1",
        "INSERT INTO past_layouts (document, version, layout) "
        "SELECT document, ?2, layout FROM document_layouts WHERE document = ?1"}) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.bind(1, row.number).bind(2, version).run());
  }
  return record_past_change(tx, row, past.range, true);
}

Status put_past_version(Transaction& tx, const DocumentRow& row, const Processed& processed) {
  const std::int64_t version = processed.version;
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, version));
  WY_TRY(KnownVersion known, known_version(tx, *key, row, version));
  if (known.kept) return Done{};
  PastRow past;
  WY_TRY(past.range, put_past_chunks(tx, *key, row, processed));
  WY_TRY(past.text_size, put_past_text(tx, row, version, processed.text));
  WY_RETURN_IF_ERROR(put_past_layout(tx, row, version, processed.layout));
  past.embedding_model = processed.embedding_model;
  WY_RETURN_IF_ERROR(save_past_row(tx, row, past));
  WY_RETURN_IF_ERROR(describe(tx, *key, row, processed, std::move(known.title)));
  return record_past_change(tx, row, past.range, true);
}

Status forget_past_texts(Transaction& tx, const DocumentRow& row) {
  for (const std::string_view sql :
       {"DELETE FROM past_chunks WHERE document = ?", "DELETE FROM past_texts WHERE document = ?",
        "DELETE FROM past_layouts WHERE document = ?",
        "UPDATE document_versions SET first_chunk = 0, last_chunk = 0, text_size = NULL, "
        "embedding_model = '' WHERE document = ? AND text_size IS NOT NULL"}) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.bind(1, row.number).run());
  }
  return Done{};
}

}  // namespace wenyuan::store
