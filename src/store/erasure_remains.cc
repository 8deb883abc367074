#include "store/erasure_remains.h"

namespace wenyuan::store {
namespace {

// Gives a row when something is left of a document, or of a collection; ids tell them apart.
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
    {"the collection is in the database", "SELECT 1 FROM collections WHERE id = ?"},
    {"a document of the collection is in the database",
     "SELECT 1 FROM documents WHERE collection_id = ?"},
    {"the collection's key is in the database", "SELECT 1 FROM wrapped_keys WHERE id = ?"},
};

}  // namespace

Result<std::vector<std::string>> erasure_remains(Snapshot& snapshot, const Erasure& erasure) {
  std::vector<std::string> remains;
  for (const Question& question : kQuestions) {
    WY_TRY(auto statement, snapshot.prepare(question.sql));
    WY_TRY(const bool found, statement.bind(1, erasure.erased_id).step());
    if (found) remains.emplace_back(question.what);
  }
  std::vector<ChunkId> ranges = erasure.past_chunks;
  if (erasure.first_chunk != 0) {
    ranges.insert(ranges.end(), {erasure.first_chunk, erasure.last_chunk});
  }
  WY_TRY(auto chunks, snapshot.prepare("SELECT 1 FROM chunks WHERE id BETWEEN ?1 AND ?2 UNION ALL "
                                       "SELECT 1 FROM past_chunks WHERE id BETWEEN ?1 AND ?2"));
  for (std::size_t at = 0; at + 1 < ranges.size(); at += 2) {
    chunks.reset();
    WY_TRY(const bool found, chunks.bind(1, ranges[at]).bind(2, ranges[at + 1]).step());
    if (!found) continue;
    remains.emplace_back("its chunks are in the database");
    break;
  }
  return remains;
}

Result<std::vector<std::pair<LabelId, Era>>> places_with_chunks(Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT DISTINCT label_id, 0 FROM documents WHERE first_chunk > 0 "
                          "UNION SELECT DISTINCT d.label_id, 1 FROM document_versions AS v "
                          "JOIN documents AS d ON d.number = v.document WHERE v.first_chunk > 0"));
  std::vector<std::pair<LabelId, Era>> places;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return places;
    places.emplace_back(statement.integer(0), statement.integer(1) != 0 ? Era::past : Era::present);
  }
}

}  // namespace wenyuan::store
