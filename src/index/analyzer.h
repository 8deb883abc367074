// Cuts text into the terms that the keyword index holds, the same for documents and questions.
#pragma once

#include <xapian.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::index {

enum class TermKind {
  word,       // its stem
  character,  // one CJK character
  pair,       // two neighbouring CJK characters; has no position of its own
};

struct Term {
  TermKind kind = TermKind::word;
  bool stop = false;           // one of the words that say nothing about what a text is about
  std::uint32_t position = 0;  // counts words and characters
  std::uint32_t start = 0;     // code points of the original text
  std::uint32_t end = 0;
  std::string text;
};

// Longer words are cut, which keeps hashes and addresses findable.
constexpr std::size_t kTermSizeMax = 128;  // bytes

// Not thread-safe (the stemmer has state): make one where it is used, it costs a microsecond.
class Analyzer {
 public:
  Analyzer() : stem_("english") {}

  // In order of `start`; a pair follows its first character.
  std::vector<Term> terms(std::string_view text) const;

 private:
  Xapian::Stem stem_;
};

}  // namespace wenyuan::index
