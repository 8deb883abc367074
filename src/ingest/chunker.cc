#include "ingest/chunker.h"

#include <algorithm>

#include "base/layout.h"
#include "base/text.h"
#include "ingest/chunk_units.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kHeadingSizeMax = 200;  // bytes, in a heading path
constexpr std::size_t kHeadingDepthMax = 8;

using Path = std::vector<std::string>;

// Units under one heading, from first to last, exclusive.
struct Section {
  std::size_t first = 0;
  std::size_t last = 0;
  std::int64_t tokens = 0;
  Path path;
  bool has_body = false;  // more than its heading
};

// Units that become one chunk.
struct Span {
  std::size_t first = 0;
  std::size_t last = 0;
  Path path;
};

std::string heading_text(std::string_view text) {
  std::string heading(text.substr(0, kHeadingSizeMax));
  while (!heading.empty() && !is_utf8(heading)) heading.pop_back();
  std::replace(heading.begin(), heading.end(), '\n', ' ');
  return heading;
}

std::vector<Section> to_sections(const Extracted& extracted, const std::vector<Unit>& units) {
  std::vector<Section> sections;
  std::vector<std::pair<int, std::string>> open;  // headings above, with their levels
  std::size_t heading_block = extracted.blocks.size();
  for (std::size_t at = 0; at < units.size(); ++at) {
    const Block& block = extracted.blocks[units[at].block];
    const bool is_heading = block.kind == BlockKind::heading;
    if (sections.empty() || (is_heading && units[at].block != heading_block)) {
      sections.push_back({at, at, 0, {}, false});
      if (is_heading) {
        heading_block = units[at].block;
        while (!open.empty() && open.back().first >= block.level) open.pop_back();
        if (open.size() < kHeadingDepthMax) {
          const auto text = std::string_view(extracted.text);
          open.emplace_back(block.level,
                            heading_text(text.substr(block.begin, block.end - block.begin)));
        }
      }
      for (const auto& [level, heading] : open) sections.back().path.push_back(heading);
    }
    Section& section = sections.back();
    section.last = at + 1;
    section.tokens += units[at].tokens;
    section.has_body = section.has_body || !is_heading;
  }
  return sections;
}

Path common_path(const Path& a, const Path& b) {
  const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  return Path(a.begin(), end);
}

bool is_below(const Path& inner, const Path& outer) {
  return inner.size() > outer.size() && std::equal(outer.begin(), outer.end(), inner.begin());
}

// Neighbours that may share a chunk: a section with what stands directly below it, or two sections
// of one parent.
bool may_merge(const Section& before, const Section& after) {
  if (is_below(after.path, before.path)) return true;
  const std::size_t common = common_path(before.path, after.path).size();
  return common + 1 == before.path.size() && common + 1 == after.path.size();
}

// A bare heading goes with what it heads; other small sections only where both fit.
bool should_merge(const Section& before, const Section& after, const ChunkOptions& options) {
  if (!may_merge(before, after)) return false;
  if (!before.has_body && is_below(after.path, before.path)) return true;
  return before.tokens < options.tokens_target / 3 &&
         before.tokens + after.tokens <= options.tokens_target;
}

std::vector<Section> merged(std::vector<Section> sections, const ChunkOptions& options) {
  std::vector<Section> result;
  for (Section& section : sections) {
    if (result.empty() || !should_merge(result.back(), section, options)) {
      result.push_back(std::move(section));
      continue;
    }
    Section& before = result.back();
    const bool heads = !before.has_body && is_below(section.path, before.path);
    before.path = heads ? section.path : common_path(before.path, section.path);
    before.last = section.last;
    before.tokens += section.tokens;
    before.has_body = before.has_body || section.has_body;
  }
  return result;
}

// Cuts one section into spans of about the target.
class Packer {
 public:
  Packer(const Extracted& extracted, const std::vector<Unit>& units, const ChunkOptions& options)
      : extracted_(extracted), units_(units), options_(options) {}

  std::vector<Span> pack(const Section& section) {
    spans_.clear();
    sizes_.clear();
    std::size_t first = section.first;
    std::int64_t tokens = 0;
    for (std::size_t at = section.first; at < section.last; ++at) {
      if (at > first && closes_before(at, section.last, tokens)) {
        close(first, at, tokens, section.path);
        first = at;
        tokens = 0;
      }
      tokens += units_[at].tokens;
    }
    close(first, section.last, tokens, section.path);
    absorb_last();
    return std::move(spans_);
  }

 private:
  bool is_heading(std::size_t at) const {
    return extracted_.blocks[units_[at].block].kind == BlockKind::heading;
  }

  // Tokens of the block that begins at `at`, as far as they matter.
  std::int64_t block_tokens(std::size_t at, std::size_t last) const {
    std::int64_t tokens = 0;
    for (std::size_t i = at; i < last && units_[i].block == units_[at].block; ++i) {
      tokens += units_[i].tokens;
      if (tokens > options_.tokens_target) break;
    }
    return tokens;
  }

  bool closes_before(std::size_t at, std::size_t last, std::int64_t tokens) const {
    const std::int64_t next = units_[at].tokens;
    if (tokens + next > options_.tokens_max) return true;
    // A heading stays with what it heads.
    if (is_heading(at - 1)) return false;
    if (tokens + next > options_.tokens_target) return true;
    const bool block_begins = units_[at].block != units_[at - 1].block;
    return block_begins && tokens * 3 >= options_.tokens_target * 2 &&
           tokens + block_tokens(at, last) > options_.tokens_target;
  }

  void close(std::size_t first, std::size_t last, std::int64_t tokens, const Path& path) {
    spans_.push_back({first, last, path});
    sizes_.push_back(tokens);
  }

  // A small rest goes to the one before it.
  void absorb_last() {
    if (spans_.size() < 2 || sizes_.back() > options_.tokens_target / 4) return;
    if (sizes_.back() + sizes_[sizes_.size() - 2] > options_.tokens_max) return;
    const std::size_t last = spans_.back().last;
    spans_.pop_back();
    spans_.back().last = last;
  }

  const Extracted& extracted_;
  const std::vector<Unit>& units_;
  const ChunkOptions& options_;
  std::vector<Span> spans_;
  std::vector<std::int64_t> sizes_;
};

std::string_view text_of(const Extracted& extracted, const std::vector<Unit>& units,
                         const Span& span) {
  const std::size_t begin = units[span.first].begin;
  return std::string_view(extracted.text).substr(begin, units[span.last - 1].end - begin);
}

// The sections that the span cuts across; none when its own path says all.
std::vector<ChunkSection> sections_of(const Extracted& extracted, const std::vector<Unit>& units,
                                      const std::vector<Section>& sections, const Span& span) {
  const std::size_t begin = units[span.first].begin;
  auto at = std::partition_point(sections.begin(), sections.end(), [&](const Section& section) {
    return section.last <= span.first;
  });
  std::vector<ChunkSection> result;
  for (; at != sections.end() && at->first < span.last; ++at) {
    const std::size_t place = units[std::max(at->first, span.first)].begin;
    const auto before = std::string_view(extracted.text).substr(begin, place - begin);
    result.push_back({static_cast<std::int64_t>(code_point_count(before)), at->path});
  }
  if (result.size() == 1 && result[0].heading_path == span.path) result.clear();
  return result;
}

// A tokenizer may count more for a whole than for its parts; such spans are halved.
Result<std::vector<Span>> fitting(const Extracted& extracted, const std::vector<Unit>& units,
                                  std::vector<Span> spans, const ChunkOptions& options,
                                  const CountTokens& count_tokens) {
  for (bool all_fit = false; !all_fit;) {
    std::vector<std::string> texts;
    for (const Span& span : spans) texts.emplace_back(text_of(extracted, units, span));
    WY_TRY(const std::vector<std::int64_t> counts, count_all(texts, count_tokens));
    all_fit = true;
    std::vector<Span> result;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      Span& span = spans[i];
      if (counts[i] <= options.tokens_max || span.last - span.first < 2) {
        result.push_back(std::move(span));
        continue;
      }
      const std::size_t middle = span.first + (span.last - span.first) / 2;
      result.push_back({span.first, middle, span.path});
      result.push_back({middle, span.last, std::move(span.path)});
      all_fit = false;
    }
    spans = std::move(result);
  }
  return spans;
}

std::vector<Chunk> to_chunks(const Extracted& extracted, const std::vector<Unit>& units,
                             const std::vector<Section>& sections, std::vector<Span> spans) {
  const std::vector<TextBox> layout = layout_of(extracted);
  const std::string_view text = extracted.text;
  std::vector<Chunk> result;
  std::size_t byte = 0;
  std::int64_t code_point = 0;
  for (Span& span : spans) {
    Chunk chunk;
    chunk.ordinal = static_cast<std::int64_t>(result.size());
    chunk.text = text_of(extracted, units, span);
    const std::size_t begin = units[span.first].begin;
    code_point += static_cast<std::int64_t>(code_point_count(text.substr(byte, begin - byte)));
    byte = begin;
    chunk.sections = sections_of(extracted, units, sections, span);
    Location& location = chunk.location;
    location.heading_path = std::move(span.path);
    location.char_start = code_point;
    location.char_end = code_point + static_cast<std::int64_t>(code_point_count(chunk.text));
    location.boxes = boxes_of(layout, location.char_start, location.char_end);
    location.page = location.boxes.empty() ? extracted.blocks[units[span.first].block].page
                                           : location.boxes.front().page;
    result.push_back(std::move(chunk));
  }
  return result;
}

}  // namespace

Result<std::vector<Chunk>> chunks(const Extracted& extracted, const ChunkOptions& options,
                                  const CountTokens& count_tokens) {
  WY_TRY(const std::vector<Unit> units, to_units(extracted, options.tokens_max, count_tokens));
  if (units.empty()) return std::vector<Chunk>();
  Packer packer(extracted, units, options);
  std::vector<Span> spans;
  const std::vector<Section> sections = to_sections(extracted, units);
  for (const Section& section : merged(sections, options)) {
    for (Span& span : packer.pack(section)) spans.push_back(std::move(span));
  }
  WY_TRY(spans, fitting(extracted, units, std::move(spans), options, count_tokens));
  return to_chunks(extracted, units, sections, std::move(spans));
}

std::string embedding_text(std::string_view title, const Chunk& chunk) {
  std::string text(title);
  std::string headings;
  for (const std::string& heading : chunk.location.heading_path) {
    if (!headings.empty()) headings += " > ";
    headings += heading;
  }
  for (const std::string_view part : {std::string_view(headings), std::string_view(chunk.text)}) {
    if (part.empty()) continue;
    if (!text.empty()) text += '\n';
    text += part;
  }
  return text;
}

std::int64_t estimated_tokens(std::string_view text) {
  std::int64_t cjk = 0;
  std::int64_t other_bytes = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    if (is_cjk(next_code_point(text, at))) {
      ++cjk;
    } else {
      other_bytes += static_cast<std::int64_t>(at - begin);
    }
  }
  return cjk + (other_bytes + 2) / 3;
}

}  // namespace wenyuan::ingest
