// What every content function asks first: does this permit open that?
#pragma once

#include <span>
#include <string>

#include "base/permit.h"
#include "store/document_row.h"

namespace wenyuan::store {

// The same words whether the thing is absent or hidden.
Error no_such_document();
Error no_such_collection();

// forbidden for a permit to read, conflict for a stale one.
Status check_writing(Snapshot& snapshot, const Permit& permit);
// The same, but only manage will do.
Status check_managing(Snapshot& snapshot, const Permit& permit);

// The document, when the permit (current, of any action) covers its label.
Result<DocumentRow> permitted_document(Snapshot& snapshot, const Permit& permit,
                                       const std::string& id);

// For writing. A document with a label that this unit has itself made is open too when the permit
// covers its collection: the permit cannot know such a label yet.
Result<bool> opens_for_writing(Transaction& tx, const Permit& permit, const DocumentRow& row);
Result<DocumentRow> writable_document(Transaction& tx, const Permit& permit, const std::string& id);

// A JSON array, for "IN (SELECT value FROM json_each(?))": one SQL text for lists of any length.
std::string json_list(std::span<const std::int64_t> numbers);

}  // namespace wenyuan::store
