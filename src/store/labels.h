// Labels of documents: finding, making, leaving them, and the changes that follow.
#pragma once

#include <string>

#include "store/content_store.h"
#include "store/document_row.h"

namespace wenyuan::store {

// What the label of a document with these attributes is made of: the access-relevant ones, the
// document's over the collection's.
Attributes access_relevant(const Attributes& collection, const Attributes& document,
                           const AccessAttributes& access);

// Enters the label for this key, making it (and raising the epoch) when there is none. One more
// document counts towards it.
Result<LabelId> enter_label(Transaction& tx, const std::string& collection_id,
                            const Attributes& attributes, const std::string& document_id);
// One document fewer; the last takes the label and its changes with it (and raises the epoch).
Status leave_label(Transaction& tx, LabelId label);

// Gives the row (not yet saved) the label that its attributes and own_label ask for. Chunks move:
// a remove for the old label and an add for the new one, in this commit.
Status relabel(Transaction& tx, DocumentRow& row, const Attributes& collection_attributes,
               const AccessAttributes& access);

// The same for all documents of a collection, with the attributes given here.
Status relabel_collection(Transaction& tx, const Collection& collection,
                          const AccessAttributes& access);

// One entry of the replay log, for the row's chunks of now; nothing when it has none.
Status record_change(Transaction& tx, const DocumentRow& row, bool added);

// The chunks of one superseded version; `first` and `last` are 0 when it has none.
struct PastRange {
  std::int64_t version = 0;
  ChunkId first = 0;
  ChunkId last = 0;
};
// Of those whose text is kept, by version.
Result<std::vector<PastRange>> past_ranges(Snapshot& snapshot, const DocumentRow& row);
Status record_past_change(Transaction& tx, const DocumentRow& row, const PastRange& range,
                          bool added);
// For all of them.
Status record_past_changes(Transaction& tx, const DocumentRow& row, bool added);

// The row's chunks from `first` to `last` are still there, but are to be indexed anew.
Status record_renewal(Transaction& tx, const DocumentRow& row, ChunkId first, ChunkId last);

}  // namespace wenyuan::store
