// DocumentFilter as SQL.
#pragma once

#include <span>
#include <string>

#include "store/content_store.h"

namespace wenyuan::store {

// Conditions on "documents AS d JOIN collections AS c ON c.id = d.collection_id", for what the
// filter and these labels let through. Parameters are numbered from 1 in the order of
// bind_filter(). An attribute is the document's, or else its collection's.
std::string filter_sql(const DocumentFilter& filter);

// Binds them; gives the number of the next parameter.
int bind_filter(Statement& statement, std::span<const LabelId> labels,
                const DocumentFilter& filter);

// invalid_argument for a bad attribute.
Status check_filter(const DocumentFilter& filter);

}  // namespace wenyuan::store
