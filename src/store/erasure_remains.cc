#include "store/erasure_remains.h"

namespace wenyuan::store {
namespace {

// Gives a row when something is left of a document.
struct Question {
  std::string_view what;
  std::string_view sql;
};
constexpr Question kQuestions[] = {
    {"the document is in the database", "SELECT 1 FROM documents WHERE id = ?"},
    {"a change that adds its chunks is in the replay log",
     "SELECT 1 FROM changes WHERE document_id = ? AND added = 1"},
    {"a job of it is in the database", "SELECT 1 FROM jobs WHERE document_id = ?"},
    {"a remembered answer names it",
     "SELECT 1 FROM idempotency_keys WHERE instr(documents, ' ' || ? || ' ') > 0"},
};

}  // namespace

Result<std::vector<std::string>> erasure_remains(Snapshot& snapshot, const Erasure& erasure) {
  std::vector<std::string> remains;
  for (const Question& question : kQuestions) {
    WY_TRY(auto statement, snapshot.prepare(question.sql));
    WY_TRY(const bool found, statement.bind(1, erasure.document_id).step());
    if (found) remains.emplace_back(question.what);
  }
  if (erasure.first_chunk == 0) return remains;
  WY_TRY(auto chunks, snapshot.prepare("SELECT 1 FROM chunks WHERE id BETWEEN ? AND ?"));
  WY_TRY(const bool found, chunks.bind(1, erasure.first_chunk).bind(2, erasure.last_chunk).step());
  if (found) remains.emplace_back("its chunks are in the database");
  return remains;
}

}  // namespace wenyuan::store
