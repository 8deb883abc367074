#include "ingest/chunk_units.h"

#include <algorithm>
#include <cmath>

#include "base/sentences.h"
#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kBatchCountMax = 2048;                    // texts a call
constexpr std::size_t kBatchSizeMax = std::size_t{4} << 20;     // bytes of text a call
constexpr std::size_t kCountedSizeMax = std::size_t{16} << 10;  // bytes of a unit
constexpr int kCutRoundMax = 40;  // each at least halves what is too long

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

void add_trimmed(std::string_view text, std::size_t begin, std::size_t end, std::size_t block,
                 std::vector<Unit>& units) {
  while (begin < end && is_space(text[begin])) ++begin;
  while (end > begin && is_space(text[end - 1])) --end;
  if (begin < end) units.push_back({begin, end, block, 0});
}

void add_block(std::string_view text, const Block& block, std::size_t at,
               std::vector<Unit>& units) {
  const std::string_view body = text.substr(block.begin, block.end - block.begin);
  switch (block.kind) {
    case BlockKind::heading: add_trimmed(text, block.begin, block.end, at, units); break;
    case BlockKind::table:
    case BlockKind::code: {
      std::size_t begin = block.begin;
      for (const std::string_view line : split(body, '\n')) {
        add_trimmed(text, begin, begin + line.size(), at, units);
        begin += line.size() + 1;
      }
      break;
    }
    case BlockKind::paragraph:
    case BlockKind::list_item:
    case BlockKind::quote:
      for (const auto& [begin, end] : sentences(body)) {
        add_trimmed(text, block.begin + begin, block.begin + end, at, units);
      }
  }
}

// Counts those units whose tokens are 0. What is far too long is not worth asking for.
Status count(std::string_view text, const CountTokens& count_tokens, std::vector<Unit>& units) {
  std::vector<Unit*> uncounted;
  std::vector<std::string> texts;
  for (Unit& unit : units) {
    const std::size_t size = unit.end - unit.begin;
    if (unit.tokens != 0) continue;
    if (size > kCountedSizeMax) {
      unit.tokens = static_cast<std::int64_t>(size / 4);
      continue;
    }
    uncounted.push_back(&unit);
    texts.emplace_back(text.substr(unit.begin, size));
  }
  WY_TRY(const std::vector<std::int64_t> counts, count_all(texts, count_tokens));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    uncounted[i]->tokens = std::max<std::int64_t>(counts[i], 1);
  }
  return Done{};
}

// How good a place before `at` is for a cut: after a clause, after a space, anywhere else.
int quality(std::string_view text, std::size_t at) {
  const auto ends_with = [&](std::string_view mark) {
    return at >= mark.size() && text.substr(at - mark.size(), mark.size()) == mark;
  };
  for (const std::string_view mark : {"，", "、", "；", "：", ", ", "; ", ": ", "\n"}) {
    if (ends_with(mark)) return 2;
  }
  return is_space(text[at - 1]) ? 1 : 0;
}

// Close to `wanted`, within (begin, end), between code points; 0 when there is no such place.
std::size_t cut_near(std::string_view text, std::size_t begin, std::size_t wanted,
                     std::size_t end) {
  const auto is_boundary = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
  };
  const std::size_t reach = (end - begin) / 8 + 4;
  const std::size_t first = std::max(begin + 1, wanted > reach ? wanted - reach : 0);
  const std::size_t last = std::min(end - 1, wanted + reach);
  std::size_t best = 0;
  int best_quality = -1;
  for (std::size_t at = first; at <= last; ++at) {
    if (!is_boundary(at)) continue;
    const int here = quality(text, at);
    const auto distance = [&](std::size_t place) {
      return place > wanted ? place - wanted : wanted - place;
    };
    if (here > best_quality || (here == best_quality && distance(at) < distance(best))) {
      best = at;
      best_quality = here;
    }
  }
  return best;
}

// Into parts of about equal size; themselves counted in the next round.
void cut(std::string_view text, const Unit& unit, std::int64_t tokens_max,
         std::vector<Unit>& units) {
  const auto part_count = static_cast<std::size_t>((unit.tokens + tokens_max - 1) / tokens_max + 1);
  const std::size_t step = std::max<std::size_t>((unit.end - unit.begin) / part_count, 1);
  std::size_t begin = unit.begin;
  while (unit.end - begin > step + step / 2) {
    const std::size_t at = cut_near(text, begin, begin + step, unit.end);
    if (at == 0) break;
    add_trimmed(text, begin, at, unit.block, units);
    begin = at;
  }
  add_trimmed(text, begin, unit.end, unit.block, units);
}

bool is_single_character(std::string_view text, const Unit& unit) {
  std::size_t at = unit.begin;
  next_code_point(text, at);
  return at >= unit.end;
}

}  // namespace

Result<std::vector<std::int64_t>> count_all(const std::vector<std::string>& texts,
                                            const CountTokens& count_tokens) {
  std::vector<std::int64_t> all;
  all.reserve(texts.size());
  while (all.size() < texts.size()) {
    const std::size_t begin = all.size();
    std::size_t end = begin;
    std::size_t size = 0;
    while (end < texts.size() && end - begin < kBatchCountMax &&
           (end == begin || size + texts[end].size() <= kBatchSizeMax)) {
      size += texts[end++].size();
    }
    WY_TRY(const std::vector<std::int64_t> counts,
           count_tokens(std::span(texts).subspan(begin, end - begin)));
    if (counts.size() != end - begin) {
      return Error{ErrorCode::internal, "the model counted the tokens of other texts"};
    }
    all.insert(all.end(), counts.begin(), counts.end());
  }
  return all;
}

Result<std::vector<Unit>> to_units(const Extracted& extracted, std::int64_t tokens_max,
                                   const CountTokens& count_tokens) {
  const std::string_view text = extracted.text;
  std::vector<Unit> units;
  for (std::size_t at = 0; at < extracted.blocks.size(); ++at) {
    add_block(text, extracted.blocks[at], at, units);
  }
  for (int round = 0; round < kCutRoundMax; ++round) {
    WY_RETURN_IF_ERROR(count(text, count_tokens, units));
    const auto is_too_long = [&](const Unit& unit) {
      return unit.tokens > tokens_max && !is_single_character(text, unit);
    };
    if (std::none_of(units.begin(), units.end(), is_too_long)) break;
    std::vector<Unit> cut_units;
    for (const Unit& unit : units) {
      if (is_too_long(unit)) {
        cut(text, unit, tokens_max, cut_units);
      } else {
        cut_units.push_back(unit);
      }
    }
    units = std::move(cut_units);
  }
  return units;
}

}  // namespace wenyuan::ingest
