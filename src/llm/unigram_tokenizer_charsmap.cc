#include "llm/unigram_tokenizer_charsmap.h"

namespace wenyuan::llm {
namespace {

constexpr std::size_t kSizeMax = std::size_t{64} << 20;

std::uint32_t word(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

Error corrupt(const char* what) {
  return Error{ErrorCode::corrupt, std::string("the tokenizer's normalisation rules ") + what};
}

// A unit is a node of the trie, or the value of the node before it.
bool has_leaf(std::uint32_t unit) { return (unit >> 8 & 1U) != 0; }
std::uint32_t value(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }
std::uint32_t label(std::uint32_t unit) { return unit & 0x800000FFU; }
std::uint32_t offset(std::uint32_t unit) { return (unit >> 10) << ((unit & (1U << 9)) >> 6); }

}  // namespace

Result<UnigramCharsmap> UnigramCharsmap::read(std::string_view bytes) {
  if (bytes.size() > kSizeMax) return corrupt("are too large");
  if (bytes.size() < 4) return corrupt("are cut off");
  const std::size_t size = word(bytes, 0);
  if (size % 4 != 0 || size > bytes.size() - 4) return corrupt("name a wrong length");
  UnigramCharsmap map;
  map.units_.reserve(size / 4);
  for (std::size_t at = 0; at < size; at += 4) map.units_.push_back(word(bytes, 4 + at));
  map.replacements_ = bytes.substr(4 + size);
  map.replacements_.push_back('\0');
  return map;
}

std::optional<std::uint32_t> UnigramCharsmap::unit(std::size_t at) const {
  if (at >= units_.size()) return std::nullopt;
  return units_[at];
}

std::optional<UnigramCharsmap::Match> UnigramCharsmap::match(std::string_view text) const {
  std::optional<Match> found;
  if (units_.empty()) return found;
  std::uint32_t node = offset(units_[0]);
  for (std::size_t size = 0; size < text.size() && text[size] != '\0';) {
    const auto byte = static_cast<unsigned char>(text[size]);
    node ^= byte;
    const auto here = unit(node);
    if (!here || label(*here) != byte) break;
    ++size;
    node ^= offset(*here);
    if (!has_leaf(*here)) continue;
    const auto leaf = unit(node);
    if (!leaf || value(*leaf) >= replacements_.size()) break;
    const char* begin = replacements_.data() + value(*leaf);
    found = Match{size, std::string_view(begin)};
  }
  return found;
}

}  // namespace wenyuan::llm
