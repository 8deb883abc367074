#include "store/content_access.h"

namespace wenyuan::store {

Error no_such_document() { return Error{ErrorCode::not_found, "no such document"}; }
Error no_such_collection() { return Error{ErrorCode::not_found, "no such collection"}; }

Status check_writing(Snapshot& snapshot, const Permit& permit) {
  if (permit.action() == Action::read) {
    return Error{ErrorCode::forbidden, "this permit is for reading only"};
  }
  return snapshot.accept(permit);
}

Status check_managing(Snapshot& snapshot, const Permit& permit) {
  if (permit.action() != Action::manage) {
    return Error{ErrorCode::forbidden, "this permit is not for managing"};
  }
  return snapshot.accept(permit);
}

namespace {

// What decides whether it may be seen, and nothing else: a hidden document is told from one that is
// not there before any time is spent on it.
struct Standing {
  LabelId label_id = 0;
  std::string collection_id;
};

Result<Standing> standing(Snapshot& snapshot, const std::string& document_id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT label_id, collection_id FROM documents WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, document_id).step());
  if (!found) return no_such_document();
  return Standing{statement.integer(0), statement.text(1)};
}

Result<bool> is_open_for_writing(Transaction& tx, const Permit& permit, const Standing& document) {
  if (permit.covers(document.label_id)) return true;
  if (!permit.covers_collection(document.collection_id)) return false;
  WY_TRY(auto statement, tx.prepare("SELECT created_commit FROM labels WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, document.label_id).step());
  if (!found) return Error{ErrorCode::corrupt, "a document has a label that does not exist"};
  WY_TRY(const CommitNumber ours, tx.raise_commit());
  return statement.integer(0) == ours;
}

}  // namespace

Result<DocumentRow> permitted_document(Snapshot& snapshot, const Permit& permit,
                                       const std::string& id) {
  WY_RETURN_IF_ERROR(snapshot.accept(permit));
  WY_TRY(const Standing document, standing(snapshot, id));
  if (!permit.covers(document.label_id)) return no_such_document();
  return load_document(snapshot, id);
}

Result<bool> opens_for_writing(Transaction& tx, const Permit& permit, const DocumentRow& row) {
  return is_open_for_writing(tx, permit, {row.document.label_id, row.document.collection_id});
}

Result<DocumentRow> writable_document(Transaction& tx, const Permit& permit,
                                      const std::string& id) {
  WY_RETURN_IF_ERROR(check_writing(tx, permit));
  WY_TRY(const Standing document, standing(tx, id));
  WY_TRY(const bool open, is_open_for_writing(tx, permit, document));
  if (!open) return no_such_document();
  return load_document(tx, id);
}

std::string json_list(std::span<const std::int64_t> numbers) {
  std::string list = "[";
  for (const std::int64_t number : numbers) {
    if (list.size() > 1) list += ',';
    list += std::to_string(number);
  }
  return list + "]";
}

}  // namespace wenyuan::store
