#include "store/consistency.h"

namespace wenyuan::store {
namespace {

constexpr std::size_t kProblemsMax = 100;

// A query that gives one row, with a name, for each thing that is wrong.
struct Rule {
  std::string_view what;
  std::string_view sql;
};

constexpr Rule kRules[] = {
    {"a document's chunk count is not the number of its chunks",
     "SELECT id FROM documents d WHERE chunk_count <> "
     "(SELECT COUNT(*) FROM chunks c WHERE c.document = d.number)"},
    {"a document's chunks are not in its range",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.id < d.first_chunk OR c.id > d.last_chunk"},
    {"a ready document has no text",
     "SELECT id FROM documents d WHERE state = 'ready' AND chunk_count > 0 AND NOT EXISTS "
     "(SELECT 1 FROM document_texts t WHERE t.document = d.number)"},
    {"a chunk is not as long as its place says",
     "SELECT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE length(c.text) <> c.char_end - c.char_start"},
    {"a label's document count is wrong",
     "SELECT CAST(id AS TEXT) FROM labels l WHERE document_count <> "
     "(SELECT COUNT(*) FROM documents d WHERE d.label_id = l.id)"},
    {"a document with chunks has no change that adds them",
     "SELECT id FROM documents d WHERE chunk_count > 0 AND NOT EXISTS "
     "(SELECT 1 FROM changes c WHERE c.document_id = d.id AND c.label_id = d.label_id "
     "AND c.added = 1 AND c.first_chunk <= d.first_chunk AND c.last_chunk >= d.last_chunk)"},
    {"a chunk lacks its vector",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.vector IS NULL AND d.embedding_model <> ''"},
    {"a vector is of no model",
     "SELECT DISTINCT d.id FROM chunks c JOIN documents d ON d.number = c.document "
     "WHERE c.vector IS NOT NULL AND d.embedding_model = '' AND d.embedding_begun = ''"},
    {"a queued document has no open job",
     "SELECT id FROM documents d WHERE state IN ('queued', 'processing') AND NOT EXISTS "
     "(SELECT 1 FROM jobs j WHERE j.id = d.job_id AND j.state IN ('queued', 'running'))"},
};

Status collect(Snapshot& snapshot, const Rule& rule, std::vector<std::string>& problems) {
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

Result<std::int64_t> count(Snapshot& snapshot, std::string_view sql) {
  WY_TRY(Statement statement, snapshot.prepare(sql));
  WY_TRY([[maybe_unused]] const bool found, statement.step());
  return statement.integer(0);
}

}  // namespace

Result<Consistency> check_consistency(Snapshot& snapshot) {
  Consistency result;
  WY_RETURN_IF_ERROR(check_sqlite(snapshot, result.problems));
  for (const Rule& rule : kRules) WY_RETURN_IF_ERROR(collect(snapshot, rule, result.problems));
  WY_TRY(result.documents, count(snapshot, "SELECT COUNT(*) FROM documents"));
  WY_TRY(result.chunks, count(snapshot, "SELECT COUNT(*) FROM chunks"));
  WY_TRY(Statement blobs, snapshot.prepare("SELECT sha256 FROM blobs ORDER BY sha256"));
  for (;;) {
    WY_TRY(const bool found, blobs.step());
    if (!found) return result;
    result.blob_names.push_back(blobs.text(0));
  }
}

}  // namespace wenyuan::store
