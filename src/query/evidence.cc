#include "query/evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/sentences.h"
#include "base/text.h"
#include "index/terms.h"

namespace wenyuan::query {
namespace {

// Longer sentences are cut at clauses: a quote is a sentence or two, not a passage.
constexpr std::int64_t kSentenceCharsMax = 240;
// Fragments ("2010 and 2013.") say nothing by themselves.
constexpr std::size_t kSentenceTermsMin = 3;
// So do headings: short, without an end, a number or a table's bar.
constexpr std::size_t kHeadingCharsMax = 30;
constexpr std::size_t kHeadingCharsMaxCjk = 14;

// A quote is a sentence or two: neighbours are not joined beyond this.
constexpr std::int64_t kQuoteCharsMax = 200;
// Weaker evidence than this share of the best is not worth a reader's time.
constexpr double kQuoteScoreShare = 0.72;

// Weights of the parts of a score, chosen on SQuAD and CMRC development questions
// (bench/README.md).
constexpr double kCoverageWeight = 0.45;
constexpr double kCosineWeight = 0.35;
constexpr double kRankWeight = 0.25;
constexpr double kNeighbourWeight = 0.15;
constexpr double kKindWeight = 0.08;

bool is_clause_end(char32_t c) {
  return c == ',' || c == ';' || c == ':' || c == U'，' || c == U'；' || c == U'：' || c == U'、';
}

// Byte ranges of at most kSentenceCharsMax code points, cut behind clauses where there are any.
std::vector<std::pair<std::size_t, std::size_t>> pieces(std::string_view text, std::size_t begin,
                                                        std::size_t end) {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  std::size_t piece = begin;
  std::size_t clause = begin;  // behind the last clause end seen
  std::int64_t chars = 0;
  for (std::size_t at = begin; at < end;) {
    const char32_t c = next_code_point(text, at);
    ++chars;
    if (is_clause_end(c)) clause = at;
    if (chars < kSentenceCharsMax) continue;
    const std::size_t cut = clause > piece ? clause : at;
    ranges.emplace_back(piece, cut);
    piece = clause = cut;
    at = cut;
    chars = 0;
  }
  if (piece < end) ranges.emplace_back(piece, end);
  return ranges;
}

bool is_heading(std::string_view text) {
  constexpr std::string_view kEnds[] = {".",  "!",  "?",  ":",  ";",  "\"", ")",
                                        "。", "！", "？", "；", "：", "”"};
  for (const std::string_view end : kEnds) {
    if (text.ends_with(end)) return false;
  }
  if (text.find_first_of("0123456789|") != std::string_view::npos) return false;
  std::size_t at = 0;
  const bool cjk = !text.empty() && is_cjk(next_code_point(text, at));
  return code_point_count(text) < (cjk ? kHeadingCharsMaxCjk : kHeadingCharsMax);
}

std::set<std::string> term_set(std::string_view text) {
  const std::vector<std::string> list = index::terms(text);
  return {list.begin(), list.end()};
}

// Weight of each term of the question: rare among the sentences counts more.
std::map<std::string, double> question_weights(const std::set<std::string>& question,
                                               const std::vector<Sentence>& sentences) {
  std::map<std::string, double> weights;
  for (const std::string& term : question) {
    const auto count = std::count_if(sentences.begin(), sentences.end(), [&](const Sentence& each) {
      return each.terms.contains(term);
    });
    weights[term] =
        std::log(1.0 + static_cast<double>(sentences.size() + 1) / static_cast<double>(count + 1));
  }
  return weights;
}

double coverage(const std::set<std::string>& terms, const std::map<std::string, double>& weights) {
  double held = 0;
  double all = 0;
  for (const auto& [term, weight] : weights) {
    all += weight;
    if (terms.contains(term)) held += weight;
  }
  return all > 0 ? held / all : 0;
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return text.find(word) != std::string_view::npos;
  });
}

// What kind of thing the question asks for, as far as its words tell.
bool asks_for_number(const std::string& question) {
  return contains_any(
      question, {"when ", "how many", "how much", "what year", "which year", "what date",
                 "how long", "how old", "how far", "what percent", "何时", "多少", "几", "哪年",
                 "哪一年", "什么时候", "多久", "多大"});
}
bool has_number(std::string_view text) {
  return text.find_first_of("0123456789") != std::string_view::npos ||
         contains_any(text, {"一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "百"});
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return 0;
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// Cosines stretched over 0 to 1: models like E5 keep them in a narrow band.
std::vector<double> stretched(const std::vector<Sentence>& sentences) {
  double low = 1;
  double high = -1;
  for (const Sentence& each : sentences) {
    low = std::min(low, each.cosine);
    high = std::max(high, each.cosine);
  }
  std::vector<double> values;
  for (const Sentence& each : sentences) {
    values.push_back(high > low ? (each.cosine - low) / (high - low) : 0);
  }
  return values;
}

bool adjacent(const Sentence& a, const Sentence& b, const std::vector<SearchHit>& passages) {
  if (a.passage != b.passage || a.char_start > b.char_start) return false;
  if (b.char_start < a.char_end) return true;
  const std::string& text = passages[a.passage].chunk.text;
  const std::size_t from = byte_offset(text, static_cast<std::size_t>(a.char_end));
  const std::size_t to = byte_offset(text, static_cast<std::size_t>(b.char_start));
  return trim(std::string_view(text).substr(from, to - from)).empty();
}

Sentence joined(const Sentence& a, const Sentence& b, const std::vector<SearchHit>& passages) {
  Sentence both = a;
  both.char_end = std::max(a.char_end, b.char_end);
  const std::string& text = passages[a.passage].chunk.text;
  const std::size_t from = byte_offset(text, static_cast<std::size_t>(both.char_start));
  const std::size_t to = byte_offset(text, static_cast<std::size_t>(both.char_end));
  both.text = text.substr(from, to - from);
  both.terms.insert(b.terms.begin(), b.terms.end());
  both.score = std::max(a.score, b.score);
  both.coverage = std::max(a.coverage, b.coverage);
  both.cosine = std::max(a.cosine, b.cosine);
  return both;
}

}  // namespace

std::vector<Sentence> split_passages(const std::vector<SearchHit>& passages) {
  std::vector<Sentence> all;
  for (std::size_t passage = 0; passage < passages.size(); ++passage) {
    const std::string& text = passages[passage].chunk.text;
    for (const auto& [begin, end] : sentences(text)) {
      for (const auto& [from, to] : pieces(text, begin, end)) {
        const std::string_view whole = std::string_view(text).substr(from, to - from);
        const std::string_view trimmed = trim(whole);
        if (trimmed.empty()) continue;
        const auto lead = static_cast<std::size_t>(trimmed.data() - text.data());
        Sentence sentence;
        sentence.passage = passage;
        sentence.char_start =
            static_cast<std::int64_t>(code_point_count(std::string_view(text).substr(0, lead)));
        sentence.text = std::string(trimmed);
        sentence.char_end =
            sentence.char_start + static_cast<std::int64_t>(code_point_count(trimmed));
        sentence.terms = term_set(trimmed);
        if (sentence.terms.size() >= kSentenceTermsMin && !is_heading(trimmed))
          all.push_back(std::move(sentence));
      }
    }
  }
  return all;
}

void score_sentences(std::vector<Sentence>& sentences, std::string_view question,
                     const std::vector<std::vector<float>>& vectors,
                     const std::vector<float>& question_vector) {
  const auto weights = question_weights(term_set(question), sentences);
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    sentences[i].coverage = coverage(sentences[i].terms, weights);
    if (i < vectors.size()) sentences[i].cosine = cosine(vectors[i], question_vector);
  }
  const std::vector<double> near = stretched(sentences);
  const bool number_wanted = asks_for_number(to_lower_ascii(question));
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    Sentence& each = sentences[i];
    // The sentence that answers often says "he" or "it" for what its neighbour names.
    double neighbour = 0;
    if (i > 0 && sentences[i - 1].passage == each.passage) neighbour = sentences[i - 1].coverage;
    if (i + 1 < sentences.size() && sentences[i + 1].passage == each.passage) {
      neighbour = std::max(neighbour, sentences[i + 1].coverage);
    }
    each.score = kCoverageWeight * each.coverage + kCosineWeight * near[i] +
                 kRankWeight / (1.0 + static_cast<double>(each.passage)) +
                 kNeighbourWeight * neighbour +
                 (number_wanted && has_number(each.text) ? kKindWeight : 0);
  }
}

std::vector<Sentence> select_quotes(const std::vector<Sentence>& sentences,
                                    const std::vector<SearchHit>& passages, std::int64_t chars_max,
                                    std::size_t count_max) {
  std::vector<const Sentence*> ranked;
  for (const Sentence& each : sentences) ranked.push_back(&each);
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const Sentence* a, const Sentence* b) { return a->score > b->score; });
  std::vector<Sentence> quotes;
  std::int64_t chars = 0;
  for (const Sentence* each : ranked) {
    if (each->score < kQuoteScoreShare * ranked[0]->score) break;
    const std::int64_t size = each->char_end - each->char_start;
    if (!quotes.empty() && chars + size > chars_max) continue;
    bool merged = false;
    for (Sentence& quote : quotes) {
      const bool behind = adjacent(quote, *each, passages);
      if (!behind && !adjacent(*each, quote, passages)) continue;
      if (quote.char_end - quote.char_start + size > kQuoteCharsMax) continue;
      quote = behind ? joined(quote, *each, passages) : joined(*each, quote, passages);
      merged = true;
      break;
    }
    if (!merged) {
      if (quotes.size() == count_max) break;
      quotes.push_back(*each);
    }
    chars += size;
  }
  return quotes;
}

}  // namespace wenyuan::query
