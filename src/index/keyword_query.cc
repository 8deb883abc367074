#include "index/keyword_query.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "index/analyzer.h"
#include "index/bm25.h"

namespace wenyuan::index {
namespace {

// What stands between the first and second quote, the third and fourth, … A quote without its
// partner is just a character.
std::vector<std::string_view> quoted_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t open = text.find('"', at);
    if (open == std::string_view::npos) return parts;
    const std::size_t close = text.find('"', open + 1);
    if (close == std::string_view::npos) return parts;
    parts.push_back(text.substr(open + 1, close - open - 1));
    at = close + 1;
  }
}

}  // namespace

Result<KeywordQuery> parse_keyword_query(std::string_view text) {
  if (trim(text).empty()) return Error{ErrorCode::invalid_argument, "the query is empty"};
  if (text.size() > kQuerySizeMax) {
    return Error{ErrorCode::too_large,
                 "the query has more than " + std::to_string(kQuerySizeMax) + " bytes"};
  }
  const Analyzer analyzer;
  KeywordQuery query;
  const std::vector<Term> terms = analyzer.terms(text);
  for (const Term& term : terms) {
    if (!term.stop) ++query.terms[term.text];
  }
  if (query.terms.empty()) {
    for (const Term& term : terms) ++query.terms[term.text];
  }
  for (const std::string_view part : quoted_parts(text)) {
    std::vector<std::string> phrase;
    for (Term& term : analyzer.terms(part)) {
      if (term.kind != TermKind::pair && phrase.size() < kPhraseTermsMax) {
        phrase.push_back(std::move(term.text));
      }
    }
    if (!phrase.empty()) query.phrases.push_back(std::move(phrase));
  }
  return query;
}

std::vector<WeightedTerm> weigh_terms(const KeywordQuery& query,
                                      const CorpusStatistics& statistics) {
  std::vector<std::pair<std::uint64_t, std::string_view>> rarest;
  for (const auto& [text, count] : query.terms) {
    const auto found = statistics.chunks_with.find(text);
    if (found != statistics.chunks_with.end() && found->second > 0) {
      rarest.emplace_back(found->second, text);
    }
  }
  std::sort(rarest.begin(), rarest.end());
  if (rarest.size() > kQueryTermsMax) rarest.resize(kQueryTermsMax);
  std::vector<WeightedTerm> weighted;
  for (const auto& [chunks, text] : rarest) {
    std::string term(text);
    const std::uint32_t count = query.terms.find(term)->second;
    const double weight =
        bm25_inverse_frequency(chunks, statistics.chunk_count) * bm25_question_factor(count);
    weighted.push_back({std::move(term), weight});
  }
  return weighted;
}

}  // namespace wenyuan::index
