// Records with what proves them, page by page.
#pragma once

#include <cstdint>
#include <vector>

#include "audit/export_line.h"
#include "audit/log.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

struct ExportQuery {
  Query filter;            // limits and order do not count
  std::int64_t first = 1;  // numbers of records
  std::int64_t last = 0;   // at most `size`
  std::int64_t size = 0;   // of the tree that the proofs are for
  bool proofs = true;
  const Vault* vault = nullptr;  // opens personal texts; null: they stay sealed
};
bool is_filtered(const Query& query);

// Lines in order, from `query.first`; an empty page is the end. Go on with first = the last line's
// number + 1.
Result<std::vector<ExportLine>> export_page(store::Snapshot& snapshot, const ExportQuery& query,
                                            int limit);

}  // namespace wenyuan::audit
