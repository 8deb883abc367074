// A question as the keyword index reads it: words and quoted phrases.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::index {

constexpr std::size_t kQuerySizeMax = 16 * 1024;  // bytes
constexpr std::size_t kQueryTermsMax = 32;
constexpr std::size_t kPhraseTermsMax = 32;

struct KeywordQuery {
  // Each term and how often it stands in the question; those of phrases too.
  std::map<std::string, std::uint32_t> terms;
  // The terms of each "quoted phrase", in order; of one or more words.
  std::vector<std::vector<std::string>> phrases;
};

// Any text is a question: only pairs of double quotes mean something. Stop words are left out of
// `terms` unless there is nothing else. invalid_argument for an empty text, too_large above the
// limit.
Result<KeywordQuery> parse_keyword_query(std::string_view text);

// What BM25 needs to know about all searched texts together.
struct CorpusStatistics {
  std::uint64_t chunk_count = 0;
  std::uint64_t length_sum = 0;
  std::map<std::string, std::uint64_t> chunks_with;  // for each term of the query
};

struct WeightedTerm {
  std::string text;
  double weight = 0;
};

// The terms that occur, at most kQueryTermsMax: the rarest, equally rare ones in order of their
// bytes.
std::vector<WeightedTerm> weigh_terms(const KeywordQuery& query,
                                      const CorpusStatistics& statistics);

}  // namespace wenyuan::index
