#include "store/content_access.h"
#include "store/content_store.h"

namespace wenyuan::store {
namespace {

Status read_changes(Statement& statement, LabelId label, std::vector<Change>& into) {
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return Done{};
    into.push_back({.commit = statement.integer(0),
                    .label = label,
                    .added = statement.integer(1) != 0,
                    .document_id = statement.text(2),
                    .first_chunk = statement.integer(3),
                    .last_chunk = statement.integer(4)});
  }
}

}  // namespace

Result<CommitNumber> last_change(Snapshot& snapshot, LabelId label, Era era) {
  WY_TRY(auto statement,
         snapshot.prepare(era == Era::past ? "SELECT last_past_change FROM labels WHERE id = ?"
                                           : "SELECT last_change FROM labels WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, label).step());
  return found ? statement.integer(0) : 0;
}

Result<std::int64_t> change_count(Snapshot& snapshot, std::span<const LabelId> labels) {
  WY_TRY(auto statement, snapshot.prepare("SELECT ifnull(sum(change_count), 0) FROM labels "
                                          "WHERE id IN (SELECT value FROM json_each(?))"));
  WY_RETURN_IF_ERROR(statement.bind(1, json_list(labels)).step());
  return statement.integer(0);
}

Result<std::vector<Change>> changes(Snapshot& snapshot, LabelId label, CommitNumber after,
                                    std::size_t count_max, Era era) {
  const bool past = era == Era::past;
  std::vector<Change> found;
  WY_TRY(auto statement,
         snapshot.prepare("SELECT commit_number, added, document_id, first_chunk, last_chunk "
                          "FROM changes WHERE label_id = ? AND commit_number > ? AND past = ? "
                          "ORDER BY commit_number, number LIMIT ?"));
  statement.bind(1, label).bind(2, after).bind(3, past);
  statement.bind(4, static_cast<std::int64_t>(count_max));
  WY_RETURN_IF_ERROR(read_changes(statement, label, found));
  if (found.empty() || found.size() < count_max) return found;
  // The limit may have cut the last commit; the caller goes on behind it, so it must be whole.
  const CommitNumber last = found.back().commit;
  while (!found.empty() && found.back().commit == last) found.pop_back();
  WY_TRY(auto whole,
         snapshot.prepare("SELECT commit_number, added, document_id, first_chunk, last_chunk "
                          "FROM changes WHERE label_id = ? AND commit_number = ? AND past = ? "
                          "ORDER BY number"));
  whole.bind(1, label).bind(2, last).bind(3, past);
  WY_RETURN_IF_ERROR(read_changes(whole, label, found));
  return found;
}

}  // namespace wenyuan::store
