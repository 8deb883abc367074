#include <algorithm>

#include "store/content_access.h"
#include "store/content_store.h"
#include "store/document_filter.h"

namespace wenyuan::store {
namespace {

// Of "documents AS d" and "document_versions AS v": the versions that held at a moment (two
// parameters) and have a text, the newest first.
constexpr std::string_view kHeld =
    "v.document = d.number AND v.effective_from <= ? "
    "AND (v.effective_until IS NULL OR v.effective_until > ?) "
    "AND (v.version = d.text_version OR v.text_size IS NOT NULL) ";

}  // namespace

Result<std::int64_t> text_version_at(Snapshot& snapshot, const Permit& permit,
                                     const std::string& document_id, UnixMillis time) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, document_id));
  static const std::string sql =
      "SELECT v.version FROM documents AS d JOIN document_versions AS v ON " + std::string(kHeld) +
      "WHERE d.number = ? ORDER BY v.version DESC LIMIT 1";
  WY_TRY(auto statement, snapshot.prepare(sql));
  WY_TRY(const bool found, statement.bind(1, time).bind(2, time).bind(3, row.number).step());
  if (!found) return no_such_document();
  return statement.integer(0);
}

Result<std::vector<ChunkId>> chunk_ids_as_of(Snapshot& snapshot, const Permit& permit,
                                             std::span<const LabelId> labels,
                                             const DocumentFilter& filter, UnixMillis time) {
  WY_RETURN_IF_ERROR(snapshot.accept(permit));
  WY_RETURN_IF_ERROR(check_filter(filter));
  std::vector<LabelId> open;
  std::copy_if(labels.begin(), labels.end(), std::back_inserter(open),
               [&](LabelId label) { return permit.covers(label); });
  // Document by document, so that the first row of each is the newest version that held.
  const std::string sql =
      "SELECT d.number, CASE WHEN v.version = d.text_version THEN d.first_chunk "
      "ELSE v.first_chunk END, CASE WHEN v.version = d.text_version THEN d.last_chunk "
      "ELSE v.last_chunk END FROM documents AS d JOIN collections AS c ON c.id = d.collection_id "
      "CROSS JOIN document_versions AS v WHERE " +
      filter_sql(filter) + " AND " + std::string(kHeld) + "ORDER BY d.number, v.version DESC";
  WY_TRY(auto statement, snapshot.prepare(sql));
  const int next = bind_filter(statement, open, filter);
  statement.bind(next, time).bind(next + 1, time);
  std::vector<ChunkId> ids;
  for (std::int64_t last = 0;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) break;
    if (statement.integer(0) == last) continue;
    last = statement.integer(0);
    if (statement.integer(1) == 0) continue;
    for (ChunkId id = statement.integer(1); id <= statement.integer(2); ++id) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace wenyuan::store
