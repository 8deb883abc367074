// Finds the sentences of passages that best answer a question.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/search.h"

namespace wenyuan::query {

// A sentence of a passage, ready to be quoted.
struct Sentence {
  std::size_t passage = 0;      // which passage, from 0
  std::int64_t char_start = 0;  // code points of the passage's text, end exclusive
  std::int64_t char_end = 0;
  std::string text;             // exactly that part of it
  std::set<std::string> terms;  // as the keyword search sees them
  double score = 0;             // higher is better evidence
  double coverage = 0;          // share of the question's term weight that it holds, 0 to 1
  double cosine = 0;            // to the question; 0 without an embedding model
};

// The passages' sentences in reading order, without scores. Long ones are cut at clauses.
std::vector<Sentence> split_passages(const std::vector<SearchHit>& passages);

// Fills the scores. `vectors` holds one vector for each sentence, or is empty; `question_vector`
// likewise.
void score_sentences(std::vector<Sentence>& sentences, std::string_view question,
                     const std::vector<std::vector<float>>& vectors,
                     const std::vector<float>& question_vector);

// The best sentences within `chars_max` code points together, at most `count_max`, best first;
// neighbours of one passage are joined into one. Each is still an exact part of its passage.
std::vector<Sentence> select_quotes(const std::vector<Sentence>& sentences,
                                    const std::vector<SearchHit>& passages, std::int64_t chars_max,
                                    std::size_t count_max);

}  // namespace wenyuan::query
