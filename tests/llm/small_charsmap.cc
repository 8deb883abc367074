#include "tests/llm/small_charsmap.h"

#include <map>

namespace wenyuan::llm {
namespace {

struct Node {
  std::map<unsigned char, std::size_t> children;
  bool has_value = false;
  std::uint32_t value = 0;
  std::uint32_t place = 0;  // of its unit
};

void append_word(std::string& bytes, std::uint32_t word) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xFFU);
}

}  // namespace

std::string small_charsmap(const std::vector<std::pair<std::string, std::string>>& rules) {
  std::vector<Node> nodes(1);
  std::string replacements;
  for (const auto& [from, to] : rules) {
    std::size_t at = 0;
    for (const char c : from) {
      const auto byte = static_cast<unsigned char>(c);
      if (!nodes[at].children.contains(byte)) {
        nodes[at].children[byte] = nodes.size();
        nodes.emplace_back();
      }
      at = nodes[at].children[byte];
    }
    nodes[at].has_value = true;
    nodes[at].value = static_cast<std::uint32_t>(replacements.size());
    replacements += to + '\0';
  }
  // Each node has 256 units to itself: its children's, and its value's in the first.
  std::vector<std::uint32_t> units((nodes.size() + 1) * 256);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto base = static_cast<std::uint32_t>((i + 1) * 256);
    units[nodes[i].place] |= (nodes[i].place ^ base) << 10;
    if (nodes[i].has_value) {
      units[nodes[i].place] |= 1U << 8;
      units[base] = nodes[i].value | 1U << 31;
    }
    for (const auto& [byte, child] : nodes[i].children) {
      nodes[child].place = base ^ byte;
      units[nodes[child].place] |= byte;
    }
  }
  std::string bytes;
  append_word(bytes, static_cast<std::uint32_t>(units.size() * 4));
  for (const std::uint32_t unit : units) append_word(bytes, unit);
  return bytes + replacements;
}

}  // namespace wenyuan::llm
