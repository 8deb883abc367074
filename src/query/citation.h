// Makes citations: exact places in documents, each compared with the stored text.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/layout.h"
#include "base/permit.h"
#include "base/result.h"
#include "query/answer.h"
#include "query/evidence.h"
#include "store/database.h"

namespace wenyuan::query {

// Not thread-safe; lives for one answer. The references outlive it.
class CitationMaker {
 public:
  CitationMaker(store::Database& database, const Permit& permit,
                const std::vector<SearchHit>& passages)
      : database_(database), permit_(permit), passages_(passages) {}

  // The citation of a sentence, verified. corrupt when the stored text is another, conflict when
  // the permit is stale, not_found when the document is gone.
  Result<Citation> cite(const Sentence& sentence, int marker);

 private:
  // Of the version that the chunk is of.
  Result<const std::vector<TextBox>*> layout(const Chunk& chunk);

  store::Database& database_;
  const Permit& permit_;
  const std::vector<SearchHit>& passages_;
  std::map<std::pair<std::string, std::int64_t>, std::vector<TextBox>> layouts_;
};

}  // namespace wenyuan::query
