#include "index/highlight.h"

#include <set>
#include <string>

#include "index/analyzer.h"

namespace wenyuan::index {
namespace {

using Ranges = std::vector<std::pair<std::int64_t, std::int64_t>>;

// What to look for: stems, and pairs of characters or, without any, single ones.
struct Wanted {
  std::set<std::string, std::less<>> words;
  std::set<std::string, std::less<>> characters;
  std::set<std::string, std::less<>> pairs;

  bool has(const Term& term) const {
    switch (term.kind) {
      case TermKind::word: return words.contains(term.text);
      case TermKind::character: return pairs.empty() && characters.contains(term.text);
      case TermKind::pair: return pairs.contains(term.text);
    }
    return false;
  }
};

Wanted wanted_of(std::string_view query, const Analyzer& analyzer) {
  Wanted wanted;
  std::set<std::string, std::less<>> stop_words;
  for (Term& term : analyzer.terms(query)) {
    switch (term.kind) {
      case TermKind::word:
        (term.stop ? stop_words : wanted.words).insert(std::move(term.text));
        break;
      case TermKind::character: wanted.characters.insert(std::move(term.text)); break;
      case TermKind::pair: wanted.pairs.insert(std::move(term.text)); break;
    }
  }
  // As the search does: a question of nothing but stop words is about them.
  if (wanted.words.empty() && wanted.characters.empty()) wanted.words = std::move(stop_words);
  return wanted;
}

}  // namespace

Ranges highlights(std::string_view query, std::string_view text) {
  const Analyzer analyzer;
  const Wanted wanted = wanted_of(query, analyzer);
  Ranges ranges;
  for (const Term& term : analyzer.terms(text)) {
    if (!wanted.has(term)) continue;
    // Pairs overlap, and runs of them become one; so do characters that touch.
    if (!ranges.empty() && term.kind != TermKind::word && ranges.back().second >= term.start) {
      ranges.back().second = std::max<std::int64_t>(ranges.back().second, term.end);
    } else if (ranges.empty() || ranges.back().second <= term.start) {
      ranges.emplace_back(term.start, term.end);
    }
  }
  return ranges;
}

}  // namespace wenyuan::index
