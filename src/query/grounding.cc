#include "query/grounding.h"

#include <algorithm>
#include <functional>
#include <set>

#include "base/text.h"
#include "index/terms.h"

namespace wenyuan::query {
namespace {

constexpr double kSupportMin = 0.8;

// A claim must rest on sentences that are evidence for the question: a small model that follows
// words elsewhere would otherwise be confirmed by whatever it copied.
constexpr std::size_t kEvidenceRankMax = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Runs of digits with inner separators: "1,234", "3.5", "2026".
std::set<std::string> numbers(std::string_view text) {
  std::set<std::string> found;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!is_digit(text[at])) continue;
    std::string number;
    for (; at < text.size(); ++at) {
      const bool inner =
          (text[at] == ',' || text[at] == '.') && at + 1 < text.size() && is_digit(text[at + 1]);
      if (!is_digit(text[at]) && !inner) break;
      if (text[at] != ',') number += text[at];
    }
    found.insert(number);
  }
  return found;
}

bool includes_all(const std::set<std::string>& whole, const std::set<std::string>& part) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

// The score that the last of the best sentences has.
double evidence_score_min(const std::vector<Sentence>& sentences) {
  std::vector<double> scores;
  for (const Sentence& each : sentences) scores.push_back(each.score);
  if (scores.size() <= kEvidenceRankMax) return 0;
  std::nth_element(scores.begin(), scores.begin() + kEvidenceRankMax - 1, scores.end(),
                   std::greater<>());
  return scores[kEvidenceRankMax - 1];
}

}  // namespace

std::optional<std::size_t> supporting_sentence(std::string_view claim, std::string_view question,
                                               const std::vector<Sentence>& sentences) {
  const std::vector<std::string> asked_list = index::terms(question);
  const std::set<std::string> asked(asked_list.begin(), asked_list.end());
  std::set<std::string> fresh;
  for (const std::string& term : index::terms(claim)) {
    if (!asked.contains(term)) fresh.insert(term);
  }
  if (fresh.empty() || claim.ends_with(':')) return std::nullopt;
  const double score_min = evidence_score_min(sentences);
  const std::set<std::string> claim_numbers = numbers(claim);
  std::optional<std::size_t> best;
  double best_value = 0;
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const Sentence& each = sentences[i];
    if (each.score < score_min) continue;
    const auto held = std::count_if(fresh.begin(), fresh.end(), [&](const std::string& term) {
      return each.terms.contains(term);
    });
    const double share = static_cast<double>(held) / static_cast<double>(fresh.size());
    if (share < kSupportMin || !includes_all(numbers(each.text), claim_numbers)) continue;
    const double value = share + each.score;
    if (!best || value > best_value) {
      best = i;
      best_value = value;
    }
  }
  return best;
}

std::string without_markers(std::string_view text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '[') {
      std::size_t end = at + 1;
      while (end < text.size() && (is_digit(text[end]) || text[end] == ',' || text[end] == ' '))
        ++end;
      if (end > at + 1 && end < text.size() && text[end] == ']') {
        at = end + 1;
        continue;
      }
    }
    clean += text[at++];
  }
  return clean;
}

}  // namespace wenyuan::query
