#include "store/erasure.h"

#include "store/blob_rows.h"
#include "store/content_access.h"
#include "store/content_store.h"
#include "store/document_keys.h"
#include "store/idempotency_store.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

Status count_chunks(Transaction& tx, const DocumentRow& row, Erased& erased) {
  for (const std::string_view sql :
       {"SELECT count(*), count(vector) FROM chunks WHERE document = ?",
        "SELECT count(*), count(vector) FROM past_chunks WHERE document = ?"}) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.bind(1, row.number).step());
    erased.chunks += statement.integer(0);
    erased.vectors += statement.integer(1);
  }
  WY_TRY(const std::vector<PastRange> ranges, past_ranges(tx, row));
  for (const PastRange& range : ranges) {
    if (range.first != 0)
      erased.past_chunks.insert(erased.past_chunks.end(), {range.first, range.last});
  }
  return Done{};
}

// All of them.
Status destroy_keys(Transaction& tx, const DocumentRow& row) {
  WY_TRY(auto statement, tx.prepare("SELECT key_secret FROM document_versions WHERE document = ?"));
  statement.bind(1, row.number);
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) break;
    WY_RETURN_IF_ERROR(destroy_version_secret(tx, statement.integer(0)));
  }
  return destroy_document_key(tx, row.key);
}

Result<std::vector<std::string>> count_versions(Transaction& tx, const DocumentRow& row,
                                                Erased& erased) {
  WY_TRY(auto statement,
         tx.prepare("SELECT sha256, size_bytes FROM document_versions WHERE document = ?"));
  statement.bind(1, row.number);
  std::vector<std::string> blobs;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return blobs;
    blobs.push_back(statement.text(0));
    erased.originals.push_back({statement.text(0), statement.integer(1)});
    erased.versions += 1;
    erased.bytes += statement.integer(1);
  }
}

// Gives how many.
Result<std::int64_t> remove_rows(Transaction& tx, std::string_view sql, std::int64_t number) {
  {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.bind(1, number).run());
  }
  WY_TRY(auto changes, tx.prepare("SELECT changes()"));
  WY_RETURN_IF_ERROR(changes.step());
  return changes.integer(0);
}

Result<Erased> erase(Transaction& tx, const DocumentRow& row) {
  Erased erased;
  erased.document_id = row.document.id;
  erased.collection_id = row.document.collection_id;
  erased.label_id = row.document.label_id;
  erased.sha256 = row.document.sha256;
  erased.first_chunk = row.first_chunk;
  erased.last_chunk = row.last_chunk;
  erased.key_secret = row.key.secret;
  WY_TRY(erased.commit, tx.raise_commit());
  WY_RETURN_IF_ERROR(count_chunks(tx, row, erased));
  WY_TRY(auto blobs, count_versions(tx, row, erased));
  WY_RETURN_IF_ERROR(record_change(tx, row, false));
  WY_RETURN_IF_ERROR(record_past_changes(tx, row, false));
  WY_RETURN_IF_ERROR(destroy_keys(tx, row));
  WY_TRY(erased.answers, forget_answers(tx, row.document.id));
  for (const char* const sql :
       {"DELETE FROM chunks WHERE document = ?", "DELETE FROM document_texts WHERE document = ?",
        "DELETE FROM document_layouts WHERE document = ?",
        "DELETE FROM past_chunks WHERE document = ?", "DELETE FROM past_texts WHERE document = ?",
        "DELETE FROM past_layouts WHERE document = ?",
        "DELETE FROM document_versions WHERE document = ?",
        "DELETE FROM jobs WHERE document_id = (SELECT id FROM documents WHERE number = ?)",
        "DELETE FROM documents WHERE number = ?"}) {
    WY_TRY(const std::int64_t rows, remove_rows(tx, sql, row.number));
    erased.rows += rows;
  }
  erased.rows += erased.answers;
  WY_RETURN_IF_ERROR(leave_label(tx, row.document.label_id));
  WY_TRY(erased.unnamed_blobs, drop_unnamed(tx, std::move(blobs)));
  for (const std::string& sha256 : erased.unnamed_blobs) {
    if (sha256 == erased.sha256) erased.blob_removed = true;
  }
  return erased;
}

// What erasing needs and nothing that is sealed or could be damaged: what cannot be read can be
// erased. `value` is a column's; of several documents the first.
template <class Value>
Result<std::optional<DocumentRow>> find_row(Transaction& tx, std::string_view column,
                                            const Value& value) {
  std::string sql =
      "SELECT number, id, collection_id, label_id, sha256, first_chunk, last_chunk, key_secret "
      "FROM documents WHERE ";
  sql += column;
  sql += " = ? ORDER BY number LIMIT 1";
  WY_TRY(auto statement, tx.prepare(sql));
  WY_TRY(const bool found, statement.bind(1, value).step());
  if (!found) return std::optional<DocumentRow>();
  DocumentRow row;
  row.number = statement.integer(0);
  row.document.id = statement.text(1);
  row.document.collection_id = statement.text(2);
  row.document.label_id = statement.integer(3);
  row.document.sha256 = statement.text(4);
  row.first_chunk = statement.integer(5);
  row.last_chunk = statement.integer(6);
  row.key.secret = statement.integer(7);
  return std::optional(std::move(row));
}

}  // namespace

Status erase_keyless(Transaction& tx, std::int64_t number) {
  WY_TRY(const auto row, find_row(tx, "number", number));
  if (row) WY_RETURN_IF_ERROR(erase(tx, *row));
  return Done{};
}

Result<Erased> remove_document(Transaction& tx, const Permit& permit, const std::string& id) {
  WY_RETURN_IF_ERROR(check_writing(tx, permit));
  WY_TRY(const auto row, find_row(tx, "id", id));
  if (!row) return no_such_document();
  WY_TRY(const bool open, opens_for_writing(tx, permit, *row));
  if (!open) return no_such_document();
  return erase(tx, *row);
}

Result<std::vector<Erased>> remove_collection(Transaction& tx, const Permit& permit,
                                              const std::string& id) {
  WY_RETURN_IF_ERROR(check_managing(tx, permit));
  if (!permit.covers_collection(id)) return no_such_collection();
  WY_RETURN_IF_ERROR(collection(tx, id));
  std::vector<Erased> erased;
  for (;;) {
    WY_TRY(const auto row, find_row(tx, "collection_id", id));
    if (!row) break;
    WY_TRY(Erased each, erase(tx, *row));
    erased.push_back(std::move(each));
  }
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_TRY(auto statement, tx.prepare("DELETE FROM collections WHERE id = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, id).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return erased;
}

}  // namespace wenyuan::store
