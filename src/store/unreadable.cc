#include "store/unreadable.h"

#include <array>

#include "store/document_row.h"
#include "store/key_ring.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

// Of the columns of a document and the secret of its newest version (0: none); empty when it can be
// read, or was erased after this view was taken.
Result<std::string> why_unreadable(const Statement& statement, SecretNumber version_secret,
                                   DocumentKeys& keys) {
  const auto row = read_document_row(statement, keys);
  if (row && row->document.unreadable) return row->unreadable;
  Error error;
  if (row) {
    const auto key = keys.open(row->key_owner(), row->key, version_secret);
    if (key) return std::string();
    error = key.error();
  } else {
    error = row.error();
  }
  if (is_erased(error)) return std::string();
  if (error.code != ErrorCode::corrupt) return error;
  return error.message;
}

Result<bool> is_lost(Snapshot& snapshot, std::array<SecretNumber, 2> numbers) {
  WY_TRY(const ErasureSecrets* const secrets, snapshot.keys().secrets());
  for (const SecretNumber each : numbers) {
    if (each <= 0) continue;
    WY_TRY(const SecretState state, secrets->state(each));
    if (state == SecretState::lost) return true;
  }
  return false;
}

struct NameColumn {
  Field field;
  std::string_view select;
  std::string_view clear;
};
constexpr NameColumn kNameColumns[] = {
    {kTitleField,
     "SELECT id, collection_id, key_secret, wrapped_key, title FROM documents WHERE number = ?",
     "UPDATE documents SET title = x'' WHERE number = ?"},
    {kFileNameField,
     "SELECT id, collection_id, key_secret, wrapped_key, file_name FROM documents WHERE number = ?",
     "UPDATE documents SET file_name = x'' WHERE number = ?"},
};

// Whether it does not open although the document's key does.
Result<bool> is_damaged(Transaction& tx, const NameColumn& column, std::int64_t number) {
  WY_TRY(auto statement, tx.prepare(column.select));
  WY_TRY(const bool found, statement.bind(1, number).step());
  if (!found) return false;
  DocumentKeys keys(tx);
  const auto key = keys.open({statement.text(0), statement.text(1)},
                             {statement.integer(2), std::string(as_text(statement.blob(3)))});
  return key && !(*key)->open(column.field, statement.blob(4));
}

// Titles are searched with each chunk, so the chunks are to be indexed anew.
Status empty_name(Transaction& tx, const NameColumn& column, const std::string& document_id) {
  WY_TRY(const DocumentRow row, load_document(tx, document_id));
  WY_RETURN_IF_ERROR(record_change(tx, row, false));
  WY_TRY(auto statement, tx.prepare(column.clear));
  WY_RETURN_IF_ERROR(statement.bind(1, row.number).run());
  return record_change(tx, row, true);
}

}  // namespace

Result<std::vector<UnreadableDocument>> unreadable_documents(Snapshot& snapshot) {
  static const std::string sql =
      "SELECT " + document_columns() +
      ", ifnull(v.key_secret, 0) FROM documents AS d LEFT JOIN document_versions AS v "
      "ON v.document = d.number AND v.version = d.version ORDER BY d.number";
  WY_TRY(auto statement, snapshot.prepare(sql));
  DocumentKeys keys(snapshot);
  std::vector<UnreadableDocument> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    const SecretNumber version_secret = statement.integer(26);
    WY_TRY(std::string why, why_unreadable(statement, version_secret, keys));
    if (why.empty()) continue;
    WY_TRY(const bool lost, is_lost(snapshot, {statement.integer(24), version_secret}));
    all.push_back({statement.integer(0), statement.text(1), std::move(why), lost});
  }
}

Result<std::vector<std::string>> empty_unopened_names(Transaction& tx) {
  WY_TRY(const std::vector<UnreadableDocument> unreadable, unreadable_documents(tx));
  std::vector<std::string> done;
  for (const UnreadableDocument& each : unreadable) {
    for (const NameColumn& column : kNameColumns) {
      WY_TRY(const bool damaged, is_damaged(tx, column, each.number));
      if (!damaged) continue;
      WY_RETURN_IF_ERROR(tx.raise_commit());
      WY_RETURN_IF_ERROR(empty_name(tx, column, each.id));
      done.push_back("emptied: the " + std::string(column.field.name) + " of " + each.id +
                     " did not open");
    }
  }
  return done;
}

}  // namespace wenyuan::store
