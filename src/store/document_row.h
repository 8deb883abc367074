// A row of the table documents: the document, and what only the store needs of it.
#pragma once

#include <optional>
#include <string>

#include "base/document.h"
#include "store/database.h"
#include "store/document_keys.h"

namespace wenyuan::store {

struct DocumentRow {
  std::int64_t number = 0;
  Document document;
  std::string unreadable;  // why, when the document is
  bool own_label = false;
  std::int64_t text_version = 0;  // 0: no text and no chunks yet
  ChunkId first_chunk = 0;        // 0: none
  ChunkId last_chunk = 0;
  std::int64_t text_size = 0;  // code points
  StoredKey key;

  KeyOwner key_owner() const { return {document.id, document.collection_id}; }
};

// The columns that read_document_row() expects first, from "documents AS d".
std::string document_columns();
// One of which the key, the title or the file name does not open is unreadable, and there: it can
// be listed and erased. not_found when it was erased after this view was taken.
Result<DocumentRow> read_document_row(const Statement& statement, DocumentKeys& keys);
// As it is shown: the reason for being unreadable is its error.
Document shown(DocumentRow row);

// not_found when there is none; asks for no permit.
Result<DocumentRow> load_document(Snapshot& snapshot, const std::string& id);

// The key that the texts of one of its versions are sealed under; valid as DocumentKeys says.
// not_found when there is no such version.
Result<const DocumentKey*> version_key(Snapshot& snapshot, DocumentKeys& keys,
                                       const DocumentRow& row, std::int64_t version);

// Writes every field of the row that can change after it was added; of one that is unreadable not
// the title.
Status save_document(Transaction& tx, const DocumentRow& row);

}  // namespace wenyuan::store
