// An answer while it is being written: keeps what is supported, and marks it with its citation.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/answer.h"
#include "query/citation.h"
#include "query/evidence.h"

namespace wenyuan::query {

// Not thread-safe. Model text comes in pieces; a sentence goes out once it is whole and supported,
// followed by " [n]". At the first unsupported sentence the draft stops taking text.
class Draft {
 public:
  using OnDelta = std::function<bool(std::string_view)>;
  using OnCitation = std::function<bool(const Citation&)>;

  Draft(std::string_view question, const std::vector<Sentence>& sentences, CitationMaker& citations,
        OnDelta on_delta, OnCitation on_citation)
      : question_(question),
        sentences_(sentences),
        maker_(citations),
        on_delta_(std::move(on_delta)),
        on_citation_(std::move(on_citation)) {}

  // Model text. False when no more is wanted.
  bool feed(std::string_view text);
  // The model has finished: what is left is a sentence.
  void end();
  // An exact quote as a part of the answer.
  void quote(const Sentence& quote);

  // True when the answer has a citation inside this place already, or around it.
  bool cites(const Sentence& place) const;

  bool empty() const { return text_.empty(); }
  bool stopped() const { return stopped_; }      // an unsupported sentence came
  bool abandoned() const { return abandoned_; }  // the client does not listen any more
  const std::string& text() const { return text_; }
  const std::vector<Citation>& citations() const { return citations_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  bool take(std::string_view claim);
  // The marker of a citation of this sentence, a new one when needed; 0 when it cannot be cited.
  int marker_of(const Sentence& sentence);
  void emit(std::string_view text, int marker);

  std::string question_;
  const std::vector<Sentence>& sentences_;
  CitationMaker& maker_;
  OnDelta on_delta_;
  OnCitation on_citation_;

  std::string pending_;
  std::string text_;
  std::vector<Citation> citations_;
  std::optional<Error> error_;
  bool stopped_ = false;
  bool abandoned_ = false;
};

}  // namespace wenyuan::query
