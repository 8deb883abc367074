#include "store/blob_rows.h"
#include "store/content_access.h"
#include "store/content_store.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

Status count_chunks(Transaction& tx, const DocumentRow& row, Erased& erased) {
  WY_TRY(auto statement,
         tx.prepare("SELECT count(*), count(vector) FROM chunks WHERE document = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, row.number).step());
  erased.chunks = statement.integer(0);
  erased.vectors = statement.integer(1);
  return Done{};
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
    erased.versions += 1;
    erased.bytes += statement.integer(1);
  }
}

Result<Erased> erase(Transaction& tx, const DocumentRow& row) {
  Erased erased;
  erased.document_id = row.document.id;
  erased.sha256 = row.document.sha256;
  WY_TRY(erased.commit, tx.raise_commit());
  WY_RETURN_IF_ERROR(count_chunks(tx, row, erased));
  WY_TRY(auto blobs, count_versions(tx, row, erased));
  WY_RETURN_IF_ERROR(record_change(tx, row, false));
  for (const char* const sql :
       {"DELETE FROM chunks WHERE document = ?", "DELETE FROM document_texts WHERE document = ?",
        "DELETE FROM document_layouts WHERE document = ?",
        "DELETE FROM document_versions WHERE document = ?",
        "DELETE FROM jobs WHERE document_id = (SELECT id FROM documents WHERE number = ?)",
        "DELETE FROM documents WHERE number = ?"}) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.bind(1, row.number).run());
  }
  WY_RETURN_IF_ERROR(leave_label(tx, row.document.label_id));
  WY_TRY(erased.unnamed_blobs, drop_unnamed(tx, std::move(blobs)));
  for (const std::string& sha256 : erased.unnamed_blobs) {
    if (sha256 == erased.sha256) erased.blob_removed = true;
  }
  return erased;
}

}  // namespace

Result<Erased> remove_document(Transaction& tx, const Permit& permit, const std::string& id) {
  WY_TRY(const DocumentRow row, writable_document(tx, permit, id));
  return erase(tx, row);
}

Result<std::vector<Erased>> remove_collection(Transaction& tx, const Permit& permit,
                                              const std::string& id) {
  WY_RETURN_IF_ERROR(check_managing(tx, permit));
  if (!permit.covers_collection(id)) return no_such_collection();
  WY_RETURN_IF_ERROR(collection(tx, id));
  static const std::string sql = "SELECT " + document_columns() +
                                 " FROM documents AS d WHERE d.collection_id = ? "
                                 "ORDER BY d.number LIMIT 1";
  std::vector<Erased> erased;
  for (;;) {
    DocumentRow row;
    {
      WY_TRY(auto statement, tx.prepare(sql));
      WY_TRY(const bool found, statement.bind(1, id).step());
      if (!found) break;
      WY_TRY(row, read_document_row(statement));
    }
    WY_TRY(Erased each, erase(tx, row));
    erased.push_back(std::move(each));
  }
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_TRY(auto statement, tx.prepare("DELETE FROM collections WHERE id = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, id).run());
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  return erased;
}

}  // namespace wenyuan::store
