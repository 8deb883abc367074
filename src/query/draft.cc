#include "query/draft.h"

#include "base/log.h"
#include "base/sentences.h"
#include "base/text.h"
#include "query/grounding.h"

namespace wenyuan::query {

bool Draft::feed(std::string_view text) {
  if (stopped_ || abandoned_) return false;
  pending_ += text;
  // Only what has another sentence behind it is known to be whole.
  for (auto ranges = sentences(pending_); ranges.size() > 1; ranges = sentences(pending_)) {
    const std::string claim = pending_.substr(0, ranges[0].second);
    pending_.erase(0, ranges[0].second);
    if (!take(claim)) return false;
  }
  return true;
}

void Draft::end() {
  if (stopped_ || abandoned_) return;
  const std::string claim = std::exchange(pending_, {});
  for (const auto& [begin, end] : sentences(claim)) {
    if (!take(std::string_view(claim).substr(begin, end - begin))) return;
  }
}

bool Draft::take(std::string_view claim) {
  const std::string clean = without_markers(claim);
  const std::string_view sentence = trim(clean);
  if (sentence.empty()) return true;
  const auto support = supporting_sentence(sentence, question_, sentences_);
  const int marker = support ? marker_of(sentences_[*support]) : 0;
  if (marker == 0) {
    stopped_ = true;
    return false;
  }
  emit(sentence, marker);
  return !abandoned_;
}

void Draft::quote(const Sentence& quote) {
  if (abandoned_) return;
  const int marker = marker_of(quote);
  if (marker == 0) return;
  // Brackets with numbers in the source must not look like markers of ours.
  emit(trim(without_markers(quote.text)), marker);
}

bool Draft::cites(const Sentence& place) const {
  for (const Citation& known : citations_) {
    if (known.quote.find(place.text) != std::string::npos) return true;
    if (place.text.find(known.quote) != std::string::npos) return true;
  }
  return false;
}

int Draft::marker_of(const Sentence& sentence) {
  for (const Citation& known : citations_) {
    if (known.quote == sentence.text) return known.marker;
  }
  auto citation = maker_.cite(sentence, static_cast<int>(citations_.size()) + 1);
  if (!citation) {
    // A stale permit ends the answer; a single bad place does not.
    if (citation.error().code == ErrorCode::conflict) {
      error_ = citation.error();
    } else {
      log::error("citation.failed", {{"code", name(citation.error().code)}});
    }
    return 0;
  }
  citations_.push_back(std::move(*citation));
  if (on_citation_ && !on_citation_(citations_.back())) abandoned_ = true;
  return citations_.back().marker;
}

void Draft::emit(std::string_view text, int marker) {
  std::string piece = text_.empty() ? "" : " ";
  piece += text;
  piece += " [" + std::to_string(marker) + "]";
  text_ += piece;
  if (!on_delta_(piece)) abandoned_ = true;
}

}  // namespace wenyuan::query
