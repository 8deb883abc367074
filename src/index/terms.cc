#include "index/terms.h"

#include "index/analyzer.h"

namespace wenyuan::index {
namespace {

// A CJK character stands alone when no pair begins or ends with it.
bool is_alone(const std::vector<Term>& terms, std::size_t at) {
  const bool begins_pair = at + 1 < terms.size() && terms[at + 1].kind == TermKind::pair;
  const bool ends_pair =
      at > 0 && terms[at - 1].kind == TermKind::pair && terms[at - 1].end == terms[at].end;
  return !begins_pair && !ends_pair;
}

}  // namespace

std::vector<std::string> terms(std::string_view text) {
  std::vector<std::string> list;
  const std::vector<Term> all = Analyzer().terms(text);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].stop) continue;
    if (all[i].kind == TermKind::character && !is_alone(all, i)) continue;
    list.push_back(all[i].text);
  }
  return list;
}

}  // namespace wenyuan::index
