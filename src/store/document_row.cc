#include "store/document_row.h"

#include "store/content_access.h"

namespace wenyuan::store {

std::string document_columns() {
  return "d.number, d.id, d.collection_id, d.label_id, d.own_label, d.title, d.external_id, "
         "d.media_type, d.sha256, d.size_bytes, d.version, d.text_version, d.state, d.error, "
         "d.job_id, d.attributes, d.chunk_count, d.first_chunk, d.last_chunk, d.text_size, "
         "d.page_count, d.created_at, d.updated_at, d.file_name, d.key_secret, d.wrapped_key";
}

namespace {

Status open_names(const Statement& statement, DocumentKeys& keys, DocumentRow& row) {
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
  WY_TRY(row.document.file_name, key->open(kFileNameField, statement.blob(23)));
  WY_TRY(row.document.title, key->open(kTitleField, statement.blob(5)));
  return Done{};
}

}  // namespace

Result<DocumentRow> read_document_row(const Statement& statement, DocumentKeys& keys) {
  DocumentRow row;
  Document& document = row.document;
  row.number = statement.integer(0);
  document.id = statement.text(1);
  document.collection_id = statement.text(2);
  document.label_id = statement.integer(3);
  row.own_label = statement.integer(4) != 0;
  document.external_id = statement.text(6);
  document.media_type = statement.text(7);
  document.sha256 = statement.text(8);
  document.size_bytes = statement.integer(9);
  document.version = statement.integer(10);
  row.text_version = statement.integer(11);
  const auto state = document_state(statement.text(12));
  if (!state) return Error{ErrorCode::corrupt, "a document has an unknown state"};
  document.state = *state;
  document.error = statement.text(13);
  document.job_id = statement.text(14);
  WY_TRY(document.attributes, decode_attributes(statement.text(15)));
  document.chunk_count = statement.integer(16);
  row.first_chunk = statement.integer(17);
  row.last_chunk = statement.integer(18);
  row.text_size = statement.integer(19);
  document.page_count = statement.integer(20);
  document.created_at = statement.integer(21);
  document.updated_at = statement.integer(22);
  row.key = {statement.integer(24), std::string(as_text(statement.blob(25)))};
  const Status opened = open_names(statement, keys, row);
  if (opened) return row;
  if (opened.error().code != ErrorCode::corrupt) return opened.error();
  document.unreadable = true;
  row.unreadable = opened.error().message;
  return row;
}

Document shown(DocumentRow row) {
  if (row.document.unreadable) row.document.error = std::move(row.unreadable);
  return std::move(row.document);
}

Result<DocumentRow> load_document(Snapshot& snapshot, const std::string& id) {
  static const std::string sql =
      "SELECT " + document_columns() + " FROM documents AS d WHERE d.id = ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return no_such_document();
  DocumentKeys keys(snapshot);
  return read_document_row(statement, keys);
}

Result<const DocumentKey*> version_key(Snapshot& snapshot, DocumentKeys& keys,
                                       const DocumentRow& row, std::int64_t version) {
  WY_TRY(auto statement, snapshot.prepare("SELECT key_secret FROM document_versions "
                                          "WHERE document = ? AND version = ?"));
  WY_TRY(const bool found, statement.bind(1, row.number).bind(2, version).step());
  if (!found) return no_such_document();
  return keys.open(row.key_owner(), row.key, statement.integer(0));
}

Status save_document(Transaction& tx, const DocumentRow& row) {
  const Document& document = row.document;
  WY_TRY(
      auto statement,
      tx.prepare("UPDATE documents SET label_id = ?2, own_label = ?3, title = ifnull(?4, title), "
                 "media_type = ?5, sha256 = ?6, size_bytes = ?7, version = ?8, "
                 "text_version = ?9, state = ?10, error = ?11, job_id = ?12, attributes = ?13, "
                 "chunk_count = ?14, first_chunk = ?15, last_chunk = ?16, text_size = ?17, "
                 "page_count = ?18, updated_at = ?19 WHERE number = ?1"));
  if (document.unreadable) {
    statement.bind_null(4);  // it stays as it is
  } else {
    DocumentKeys keys(tx);
    WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
    statement.bind_blob(4, as_bytes(key->seal(kTitleField, document.title)));
  }
  return statement.bind(1, row.number)
      .bind(2, document.label_id)
      .bind(3, row.own_label)
      .bind(5, document.media_type)
      .bind(6, document.sha256)
      .bind(7, document.size_bytes)
      .bind(8, document.version)
      .bind(9, row.text_version)
      .bind(10, name(document.state))
      .bind(11, document.error)
      .bind(12, document.job_id)
      .bind(13, encode_attributes(document.attributes))
      .bind(14, document.chunk_count)
      .bind(15, row.first_chunk)
      .bind(16, row.last_chunk)
      .bind(17, row.text_size)
      .bind(18, document.page_count)
      .bind(19, document.updated_at)
      .run();
}

}  // namespace wenyuan::store
