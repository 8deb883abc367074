#include <algorithm>
#include <optional>

#include "base/id.h"
#include "base/text.h"
#include "store/blob_rows.h"
#include "store/content_access.h"
#include "store/content_store.h"
#include "store/document_keys.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

constexpr std::size_t kTitleSizeMax = 2048;
constexpr std::size_t kExternalIdSizeMax = 1024;
constexpr std::size_t kMediaTypeSizeMax = 255;

Status check_text(std::string_view what, std::string_view text, std::size_t size_max) {
  if (text.size() <= size_max && is_utf8(text)) return Done{};
  return Error{ErrorCode::invalid_argument,
               std::string(what) + " is at most " + std::to_string(size_max) + " bytes of UTF-8"};
}

Status check_new(const NewDocument& document) {
  WY_RETURN_IF_ERROR(check_text("title", document.title, kTitleSizeMax));
  WY_RETURN_IF_ERROR(check_text("external_id", document.external_id, kExternalIdSizeMax));
  WY_RETURN_IF_ERROR(check_text("media_type", document.media_type, kMediaTypeSizeMax));
  const auto digest = from_hex(document.blob_sha256);
  if (!digest || digest->size() != 32 ||
      to_lower_ascii(document.blob_sha256) != document.blob_sha256) {
    return Error{ErrorCode::invalid_argument, "blob_sha256 is not a SHA-256 in hex"};
  }
  const bool turned = document.effective_from && document.effective_until &&
                      *document.effective_until <= *document.effective_from;
  if (turned) {
    return Error{ErrorCode::invalid_argument, "effective_until is not later than effective_from"};
  }
  return check_attributes(document.attributes);
}

// The oldest document that this upload could be meant for, among those that the permit opens.
Result<std::optional<DocumentRow>> find_same(Transaction& tx, const Permit& permit,
                                             const NewDocument& wanted) {
  static const std::string by_external_id =
      "SELECT " + document_columns() +
      " FROM documents AS d WHERE d.collection_id = ? AND d.external_id = ? "
      "AND d.external_id <> '' ORDER BY d.number";
  static const std::string by_content =
      "SELECT " + document_columns() +
      " FROM documents AS d WHERE d.collection_id = ? AND d.sha256 = ? "
      "AND d.external_id = '' AND d.state <> 'failed' ORDER BY d.number";
  const bool named = !wanted.external_id.empty();
  WY_TRY(auto statement, tx.prepare(named ? by_external_id : by_content));
  statement.bind(1, wanted.collection_id).bind(2, named ? wanted.external_id : wanted.blob_sha256);
  DocumentKeys keys(tx);
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return std::optional<DocumentRow>();
    WY_TRY(DocumentRow row, read_document_row(statement, keys));
    if (row.document.unreadable) continue;  // the same again is a new document, which can be read
    WY_TRY(const bool open, opens_for_writing(tx, permit, row));
    if (open) return std::optional(std::move(row));
  }
}

Status insert_row(Transaction& tx, DocumentRow& row) {
  const Document& document = row.document;
  WY_TRY(row.key, make_document_key(tx, row.key_owner()));
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO documents (id, collection_id, label_id, own_label, title, "
                    "external_id, media_type, sha256, size_bytes, version, text_version, state, "
                    "error, job_id, attributes, chunk_count, first_chunk, last_chunk, text_size, "
                    "page_count, embedding_model, created_at, updated_at, file_name, key_secret, "
                    "wrapped_key) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, 0, ?10, '', '', "
                    "?11, 0, 0, 0, 0, 0, '', ?12, ?12, ?13, ?14, ?15) "
                    "RETURNING number"));
  WY_RETURN_IF_ERROR(statement.bind(1, document.id)
                         .bind(2, document.collection_id)
                         .bind(3, document.label_id)
                         .bind_blob(4, as_bytes(key->seal(kTitleField, document.title)))
                         .bind(5, document.external_id)
                         .bind(6, document.media_type)
                         .bind(7, document.sha256)
                         .bind(8, document.size_bytes)
                         .bind(9, document.version)
                         .bind(10, name(document.state))
                         .bind(11, encode_attributes(document.attributes))
                         .bind(12, document.created_at)
                         .bind_blob(13, as_bytes(key->seal(kFileNameField, document.file_name)))
                         .bind(14, row.key.secret)
                         .bind_blob(15, as_bytes(row.key.wrapped))
                         .step());
  row.number = statement.integer(0);
  return Done{};
}

// The job for the row's newest version, and the version's own row. Those of older versions that
// still wait go on: their texts are for searches as of the time when they held.
Status queue_version(Transaction& tx, DocumentRow& row, const NewDocument& wanted, UnixMillis now) {
  Document& document = row.document;
  WY_TRY(auto older, tx.prepare("UPDATE jobs SET state = 'done', stage = 'superseded', "
                                "updated_at = ? WHERE document_id = ? AND state = 'queued' "
                                "AND kind = 'embed'"));
  WY_RETURN_IF_ERROR(older.bind(1, now).bind(2, document.id).run());
  document.job_id = new_id("job");
  WY_TRY(auto job, tx.prepare("INSERT INTO jobs (id, kind, document_id, user_id, state, stage, "
                              "done, total, attempts, error, created_at, updated_at) "
                              "VALUES (?1, 'ingest', ?2, ?3, 'queued', '', 0, 0, 0, '', ?4, ?4)"));
  WY_RETURN_IF_ERROR(
      job.bind(1, document.job_id).bind(2, document.id).bind(3, wanted.user_id).bind(4, now).run());
  DocumentKeys keys(tx);
  WY_TRY(const SecretNumber secret, make_version_secret(tx));
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key, secret));
  WY_TRY(auto version,
         tx.prepare("INSERT INTO document_versions (document, version, sha256, size_bytes, title, "
                    "media_type, job_id, created_at, effective_from, effective_until, key_secret) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  version.bind(11, secret).bind(9, wanted.effective_from.value_or(now));
  if (wanted.effective_until) {
    version.bind(10, *wanted.effective_until);
  } else {
    version.bind_null(10);
  }
  WY_RETURN_IF_ERROR(
      version.bind(1, row.number)
          .bind(2, document.version)
          .bind(3, document.sha256)
          .bind(4, document.size_bytes)
          .bind_blob(5, as_bytes(key->seal({"title", document.version}, document.title)))
          .bind(6, document.media_type)
          .bind(7, document.job_id)
          .bind(8, now)
          .run());
  return save_document(tx, row);
}

Result<Document> add_first_version(Transaction& tx, const NewDocument& wanted,
                                   const Attributes& collection_attributes,
                                   const AccessAttributes& access, UnixMillis now) {
  DocumentRow row;
  Document& document = row.document;
  document.id = new_id("doc");
  document.collection_id = wanted.collection_id;
  document.title = wanted.title;
  document.file_name = wanted.file_name;
  document.external_id = wanted.external_id;
  document.media_type = wanted.media_type;
  document.sha256 = wanted.blob_sha256;
  document.size_bytes = wanted.size_bytes;
  document.attributes = wanted.attributes;
  document.created_at = now;
  document.updated_at = now;
  WY_TRY(document.label_id,
         enter_label(tx, wanted.collection_id,
                     access_relevant(collection_attributes, wanted.attributes, access), ""));
  WY_RETURN_IF_ERROR(insert_row(tx, row));
  WY_RETURN_IF_ERROR(queue_version(tx, row, wanted, now));
  return document;
}

Result<Document> add_next_version(Transaction& tx, DocumentRow row, const NewDocument& wanted,
                                  const Attributes& collection_attributes,
                                  const AccessAttributes& access, UnixMillis now) {
  Document& document = row.document;
  const bool retitled = !wanted.title.empty() && wanted.title != document.title;
  if (retitled) WY_RETURN_IF_ERROR(record_change(tx, row, false));
  if (retitled) document.title = wanted.title;
  if (retitled) WY_RETURN_IF_ERROR(record_change(tx, row, true));
  document.media_type = wanted.media_type;
  document.sha256 = wanted.blob_sha256;
  document.size_bytes = wanted.size_bytes;
  document.attributes = wanted.attributes;
  document.version += 1;
  document.state = row.text_version > 0 ? DocumentState::processing : DocumentState::queued;
  document.error.clear();
  document.updated_at = now;
  WY_RETURN_IF_ERROR(relabel(tx, row, collection_attributes, access));
  WY_RETURN_IF_ERROR(queue_version(tx, row, wanted, now));
  return document;
}

}  // namespace

Result<Added> add_document(Transaction& tx, const Permit& permit, const NewDocument& wanted,
                           const AccessAttributes& access, UnixMillis now) {
  WY_RETURN_IF_ERROR(check_writing(tx, permit));
  if (!permit.covers_collection(wanted.collection_id)) return no_such_collection();
  WY_TRY(const Collection parent, collection(tx, wanted.collection_id));
  WY_RETURN_IF_ERROR(check_new(wanted));
  WY_TRY(auto same, find_same(tx, permit, wanted));
  if (same && same->document.sha256 == wanted.blob_sha256 &&
      same->document.state != DocumentState::failed) {
    return Added{std::move(same->document), true};
  }
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_RETURN_IF_ERROR(name_blob(tx, wanted.blob_sha256, wanted.size_bytes, now));
  if (same) {
    WY_TRY(Document document,
           add_next_version(tx, *std::move(same), wanted, parent.attributes, access, now));
    return Added{std::move(document), false};
  }
  WY_TRY(Document document, add_first_version(tx, wanted, parent.attributes, access, now));
  return Added{std::move(document), false};
}

Result<Document> update_document(Transaction& tx, const Permit& permit, const Document& wanted,
                                 const AccessAttributes& access, UnixMillis now) {
  WY_TRY(DocumentRow row, writable_document(tx, permit, wanted.id));
  if (row.document.unreadable) return Error{ErrorCode::corrupt, row.unreadable};
  WY_RETURN_IF_ERROR(check_text("title", wanted.title, kTitleSizeMax));
  WY_RETURN_IF_ERROR(check_attributes(wanted.attributes));
  WY_RETURN_IF_ERROR(tx.raise_commit());
  if (row.document.title != wanted.title) {
    // Titles are searched with each chunk, so the chunks are to be indexed anew.
    WY_RETURN_IF_ERROR(record_change(tx, row, false));
    row.document.title = wanted.title;
    WY_RETURN_IF_ERROR(record_change(tx, row, true));
  }
  row.document.attributes = wanted.attributes;
  row.document.updated_at = now;
  WY_TRY(const Collection parent, collection(tx, row.document.collection_id));
  WY_RETURN_IF_ERROR(relabel(tx, row, parent.attributes, access));
  WY_RETURN_IF_ERROR(save_document(tx, row));
  return row.document;
}

Result<Document> document(Snapshot& snapshot, const Permit& permit, const std::string& id) {
  WY_TRY(DocumentRow row, permitted_document(snapshot, permit, id));
  return shown(std::move(row));
}

Result<std::vector<DocumentVersion>> versions(Snapshot& snapshot, const Permit& permit,
                                              const std::string& document_id) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, document_id));
  WY_TRY(auto statement, snapshot.prepare("SELECT version, sha256, size_bytes, title, media_type, "
                                          "created_at, effective_from, effective_until, "
                                          "key_secret FROM document_versions WHERE document = ? "
                                          "ORDER BY version DESC"));
  statement.bind(1, row.number);
  DocumentKeys keys(snapshot);
  std::vector<DocumentVersion> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key, statement.integer(8)));
    WY_TRY(std::string title, key->open({"title", statement.integer(0)}, statement.blob(3)));
    DocumentVersion version{.version = statement.integer(0),
                            .sha256 = statement.text(1),
                            .size_bytes = statement.integer(2),
                            .title = std::move(title),
                            .media_type = statement.text(4),
                            .created_at = statement.integer(5),
                            .effective_from = statement.integer(6)};
    if (!statement.is_null(7)) version.effective_until = statement.integer(7);
    all.push_back(std::move(version));
  }
}

Result<DocumentVersion> version_at(Snapshot& snapshot, const Permit& permit,
                                   const std::string& document_id, UnixMillis time) {
  WY_TRY(const auto all, versions(snapshot, permit, document_id));
  for (const DocumentVersion& each : all) {
    const bool ended = each.effective_until && *each.effective_until <= time;
    if (each.effective_from <= time && !ended) return each;
  }
  return no_such_document();
}

Result<DocumentVersion> version_numbered(Snapshot& snapshot, const Permit& permit,
                                         const std::string& document_id, std::int64_t version) {
  WY_TRY(const auto all, versions(snapshot, permit, document_id));
  for (const DocumentVersion& each : all) {
    if (each.version == version) return each;
  }
  return no_such_document();
}

}  // namespace wenyuan::store
