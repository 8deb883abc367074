#include "index/normalized_text.h"

#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <memory>
#include <string>

#include "base/assert.h"
#include "base/log.h"
#include "base/text.h"

namespace wenyuan::index {
namespace {

constexpr char32_t kHanFirst = 0x3400;
constexpr char32_t kHanLast = 0x9FFF;

// ICU's rules as a table, one character at a time: a look-up keeps offsets and costs nothing, while
// the transliterator itself takes longer than everything else in this folder together.
class SimplifiedHan {
 public:
  SimplifiedHan() : table_(kHanLast - kHanFirst + 1) {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::Transliterator> rules(
        icu::Transliterator::createInstance("Traditional-Simplified", UTRANS_FORWARD, status));
    if (U_FAILURE(status) != 0) {
      log::warn("index_without_simplified_han", {{"reason", u_errorName(status)}});
    }
    for (char32_t from = kHanFirst; from <= kHanLast; ++from) {
      icu::UnicodeString text(static_cast<UChar32>(from));
      if (U_SUCCESS(status) != 0) rules->transliterate(text);
      const auto to = static_cast<char32_t>(text.char32At(0));
      const bool one_to_one = text.countChar32() == 1 && to <= 0xFFFF;
      table_[from - kHanFirst] = static_cast<char16_t>(one_to_one ? to : from);
    }
  }

  char32_t operator()(char32_t from) const {
    return from < kHanFirst || from > kHanLast ? from : table_[from - kHanFirst];
  }

 private:
  std::vector<char16_t> table_;
};

const SimplifiedHan& simplified_han() {
  static const SimplifiedHan table;
  return table;
}

const icu::Normalizer2& normalizer() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* found = icu::Normalizer2::getNFKCCasefoldInstance(status);
  WY_ASSERT(U_SUCCESS(status) != 0 && found != nullptr);
  return *found;
}

bool is_han(char32_t code_point) { return code_point >= 0x4E00 && code_point <= kHanLast; }

// Characters between two boundaries, which is where the normal form may be cut.
void append_run(const icu::UnicodeString& run, std::uint32_t start, std::uint32_t end,
                std::vector<NormalizedCharacter>& out) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString normal = normalizer().normalize(run, status);
  if (U_FAILURE(status) != 0) return;
  for (std::int32_t at = 0; at < normal.length(); at = normal.moveIndex32(at, 1)) {
    const auto code_point = static_cast<char32_t>(normal.char32At(at));
    out.push_back({simplified_han()(code_point), start, end});
  }
}

}  // namespace

std::vector<NormalizedCharacter> normalize(std::string_view text) {
  std::string repaired;
  if (!is_utf8(text)) text = repaired = to_valid_utf8(text);
  std::vector<NormalizedCharacter> out;
  out.reserve(text.size());
  icu::UnicodeString run;
  std::uint32_t run_start = 0;
  std::uint32_t count = 0;
  const auto flush = [&] {
    if (run.isEmpty()) return;
    append_run(run, run_start, count, out);
    run.remove();
  };
  for (std::size_t at = 0; at < text.size(); ++count) {
    const char32_t code_point = next_code_point(text, at);
    // ASCII and Han never change with what follows, unless a combining mark does: then the next
    // character has no boundary before it.
    const bool plain = code_point < 0x80 || is_han(code_point);
    const bool alone = plain && (at == text.size() || static_cast<unsigned char>(text[at]) < 0x80 ||
                                 is_han(code_point));
    if (plain || normalizer().hasBoundaryBefore(static_cast<UChar32>(code_point)) != 0) flush();
    if (alone) {
      const bool upper = code_point >= U'A' && code_point <= U'Z';
      const char32_t folded = upper ? code_point + 32 : code_point;
      out.push_back({simplified_han()(folded), count, count + 1});
      continue;
    }
    if (run.isEmpty()) run_start = count;
    run.append(static_cast<UChar32>(code_point));
  }
  flush();
  return out;
}

}  // namespace wenyuan::index
