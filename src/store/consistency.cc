#include "store/consistency.h"

#include "store/chunk_check.h"
#include "store/consistency_rules.h"
#include "store/unreadable.h"

namespace wenyuan::store {
namespace {

constexpr std::size_t kProblemsMax = 100;

Status collect(Snapshot& snapshot, const ConsistencyRule& rule,
               std::vector<std::string>& problems) {
  WY_TRY(Statement statement, snapshot.prepare(rule.sql));
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found || problems.size() >= kProblemsMax) return Done{};
    problems.push_back(std::string(rule.what) + ": " + statement.text(0));
  }
}

Status check_sqlite(Snapshot& snapshot, std::vector<std::string>& problems) {
  WY_TRY(Statement integrity, snapshot.prepare("PRAGMA integrity_check(20)"));
  for (;;) {
    WY_TRY(const bool found, integrity.step());
    if (!found) break;
    if (integrity.text(0) != "ok") problems.push_back("SQLite: " + integrity.text(0));
  }
  WY_TRY(Statement keys, snapshot.prepare("PRAGMA foreign_key_check"));
  WY_TRY(const bool broken, keys.step());
  if (broken) problems.push_back("SQLite: a broken foreign key in " + keys.text(0));
  return Done{};
}

Status check_chunks(Snapshot& snapshot, std::vector<std::string>& problems) {
  WY_TRY(const std::vector<BadChunk> bad, find_bad_chunks(snapshot, kProblemsMax));
  for (const BadChunk& each : bad) problems.push_back(each.what + ": " + each.document_id);
  WY_TRY(const std::vector<BadChunk> texts, find_bad_texts(snapshot, kProblemsMax));
  for (const BadChunk& each : texts) problems.push_back(each.what);
  return Done{};
}

Status check_documents(Snapshot& snapshot, Consistency& result) {
  WY_TRY(const auto unreadable, unreadable_documents(snapshot));
  for (const UnreadableDocument& each : unreadable) {
    if (each.lost) {
      result.unreadable.push_back(each.id);
    } else if (result.problems.size() < kProblemsMax) {
      result.problems.push_back("document " + each.id + ": " + each.why);
    }
  }
  return Done{};
}

Result<std::int64_t> count(Snapshot& snapshot, std::string_view sql) {
  WY_TRY(Statement statement, snapshot.prepare(sql));
  WY_TRY([[maybe_unused]] const bool found, statement.step());
  return statement.integer(0);
}

}  // namespace

Result<Consistency> check_consistency(Snapshot& snapshot) {
  Consistency result;
  WY_RETURN_IF_ERROR(check_sqlite(snapshot, result.problems));
  for (const ConsistencyRule& rule : kConsistencyRules)
    WY_RETURN_IF_ERROR(collect(snapshot, rule, result.problems));
  WY_RETURN_IF_ERROR(check_documents(snapshot, result));
  WY_RETURN_IF_ERROR(check_chunks(snapshot, result.problems));
  WY_TRY(result.documents, count(snapshot, "SELECT COUNT(*) FROM documents"));
  WY_TRY(result.chunks, count(snapshot,
                              "SELECT (SELECT COUNT(*) FROM chunks) + "
                              "(SELECT COUNT(*) FROM past_chunks)"));
  WY_TRY(Statement blobs, snapshot.prepare("SELECT sha256 FROM blobs ORDER BY sha256"));
  for (;;) {
    WY_TRY(const bool found, blobs.step());
    if (!found) return result;
    result.blob_names.push_back(blobs.text(0));
  }
}

}  // namespace wenyuan::store
