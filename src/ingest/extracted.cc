#include "ingest/extracted.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/bytes.h"
#include "base/text.h"

namespace wenyuan::ingest {
namespace {

constexpr std::uint32_t kMagic = 0x31585957;  // "WYX1"
constexpr int kLevelMax = 9;
constexpr std::size_t kMessageSizeMax = 300;

constexpr std::array kFileErrors = {ErrorCode::unsupported_media, ErrorCode::corrupt,
                                    ErrorCode::too_large, ErrorCode::invalid_argument};

Error broken(std::string_view what) {
  return Error{ErrorCode::corrupt, "the extractor's answer is broken: " + std::string(what)};
}

bool is_boundary(std::string_view text, std::size_t at) {
  return at == text.size() ||
         (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U);
}

bool is_range(std::string_view text, std::size_t begin, std::size_t end) {
  return begin < end && end <= text.size() && is_boundary(text, begin) && is_boundary(text, end);
}

bool is_media_type(std::string_view text) {
  return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' ||
           c == '+';
  });
}

bool is_fraction(float value) { return std::isfinite(value) && value >= 0 && value <= 1; }

bool is_box(const Box& box, std::int64_t page_count) {
  return box.page >= 1 && box.page <= page_count && is_fraction(box.x0) && is_fraction(box.y0) &&
         is_fraction(box.x1) && is_fraction(box.y1) && box.x0 <= box.x1 && box.y0 <= box.y1;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool read_block(ByteReader& reader, Block& block) {
  const auto kind = reader.number<std::uint8_t>();
  const auto level = reader.number<std::uint8_t>();
  const auto begin = reader.number<std::uint64_t>();
  const auto end = reader.number<std::uint64_t>();
  const auto page = reader.number<std::int32_t>();
  if (!kind || !level || !begin || !end || !page) return false;
  if (*kind > static_cast<std::uint8_t>(BlockKind::quote) || *level > kLevelMax) return false;
  block.kind = static_cast<BlockKind>(*kind);
  block.level = *level;
  block.begin = *begin;
  block.end = *end;
  block.page = *page;
  return true;
}

bool read_word(ByteReader& reader, WordBox& word) {
  const auto begin = reader.number<std::uint64_t>();
  const auto size = reader.number<std::uint32_t>();
  const auto page = reader.number<std::int32_t>();
  if (!begin || !size || !page) return false;
  word.begin = *begin;
  word.end = *begin + *size;
  word.box.page = *page;
  for (float* side : {&word.box.x0, &word.box.y0, &word.box.x1, &word.box.y1}) {
    const auto value = reader.number<float>();
    if (!value) return false;
    *side = *value;
  }
  return true;
}

Status read_blocks(ByteReader& reader, Extracted& extracted) {
  const auto count = reader.number<std::uint32_t>();
  if (!count || *count > extracted.text.size()) return broken("its number of blocks");
  extracted.blocks.reserve(*count);
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < *count; ++i) {
    Block block;
    if (!read_block(reader, block)) return broken("a block");
    const bool placed = block.begin >= at && is_range(extracted.text, block.begin, block.end);
    if (!placed || block.page < 0 || block.page > extracted.page_count) {
      return broken("where a block stands");
    }
    at = block.end;
    extracted.blocks.push_back(block);
  }
  return Done{};
}

Status read_words(ByteReader& reader, Extracted& extracted) {
  const auto count = reader.number<std::uint32_t>();
  if (!count || *count > extracted.text.size()) return broken("its number of words");
  extracted.words.reserve(*count);
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < *count; ++i) {
    WordBox word;
    if (!read_word(reader, word)) return broken("a word");
    const bool placed = word.begin >= at && is_range(extracted.text, word.begin, word.end) &&
                        word.end - word.begin <= kWordSizeMax;
    if (!placed || !is_box(word.box, extracted.page_count)) return broken("where a word stands");
    at = word.end;
    extracted.words.push_back(word);
  }
  return Done{};
}

}  // namespace

std::string encode(const Extracted& extracted) {
  ByteWriter writer;
  writer.put(kMagic);
  writer.put(std::string_view(extracted.media_type));
  writer.put(std::string_view(extracted.title));
  writer.put(std::string_view(extracted.text));
  writer.put(extracted.page_count);
  writer.put(static_cast<std::uint32_t>(extracted.blocks.size()));
  for (const Block& block : extracted.blocks) {
    writer.put(static_cast<std::uint8_t>(block.kind));
    writer.put(static_cast<std::uint8_t>(std::clamp(block.level, 0, kLevelMax)));
    writer.put(static_cast<std::uint64_t>(block.begin));
    writer.put(static_cast<std::uint64_t>(block.end));
    writer.put(static_cast<std::int32_t>(block.page));
  }
  writer.put(static_cast<std::uint32_t>(extracted.words.size()));
  for (const WordBox& word : extracted.words) {
    writer.put(static_cast<std::uint64_t>(word.begin));
    writer.put(static_cast<std::uint32_t>(word.end - word.begin));
    writer.put(static_cast<std::int32_t>(word.box.page));
    for (const float side : {word.box.x0, word.box.y0, word.box.x1, word.box.y1}) writer.put(side);
  }
  return writer.take();
}

Result<Extracted> decode(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto magic = reader.number<std::uint32_t>();
  if (!magic || *magic != kMagic) return broken("how it begins");
  const auto media_type = reader.text();
  const auto title = reader.text();
  const auto text = reader.text();
  const auto page_count = reader.number<std::int64_t>();
  if (!media_type || !title || !text || !page_count) return broken("its head");
  if (!is_media_type(*media_type)) return broken("its media type");
  if (title->size() > kTitleSizeMax || !is_utf8(*title) || has_control(*title)) {
    return broken("its title");
  }
  if (text->size() > kTextSizeMax || !is_utf8(*text)) return broken("its text");
  if (*page_count < 0 || *page_count > kPageCountMax) return broken("its number of pages");
  Extracted extracted;
  extracted.media_type = *media_type;
  extracted.title = *title;
  extracted.text = *text;
  extracted.page_count = *page_count;
  WY_RETURN_IF_ERROR(read_blocks(reader, extracted));
  WY_RETURN_IF_ERROR(read_words(reader, extracted));
  if (!reader.at_end()) return broken("what follows its end");
  return extracted;
}

std::string encode_outcome(const Result<Extracted>& outcome) {
  if (outcome) return "\x01" + encode(*outcome);
  ByteWriter writer;
  writer.put(std::uint8_t{0});
  writer.put(name(outcome.error().code));
  writer.put(std::string_view(outcome.error().message));
  return writer.take();
}

Result<Extracted> decode_outcome(std::string_view bytes) {
  if (bytes.empty()) return broken("it is empty");
  if (bytes[0] == 1) return decode(bytes.substr(1));
  ByteReader reader(bytes);
  const auto kind = reader.number<std::uint8_t>();
  const auto code = reader.text();
  const auto message = reader.text();
  if (!kind || *kind != 0 || !code || !message || !reader.at_end()) return broken("its error");
  const auto known = std::find_if(kFileErrors.begin(), kFileErrors.end(),
                                  [&](ErrorCode each) { return name(each) == *code; });
  if (known == kFileErrors.end()) return broken("its error's code");
  std::string clean = to_valid_utf8(message->substr(0, kMessageSizeMax));
  std::replace_if(
      clean.begin(), clean.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return Error{*known, std::move(clean)};
}

std::vector<TextBox> layout_of(const Extracted& extracted) {
  std::vector<TextBox> boxes;
  boxes.reserve(extracted.words.size());
  const std::string_view text = extracted.text;
  std::size_t byte = 0;
  std::int64_t code_point = 0;
  const auto count_to = [&](std::size_t at) {
    code_point += static_cast<std::int64_t>(code_point_count(text.substr(byte, at - byte)));
    byte = at;
    return code_point;
  };
  for (const WordBox& word : extracted.words) {
    const std::int64_t start = count_to(word.begin);
    boxes.push_back({start, count_to(word.end), word.box});
  }
  return boxes;
}

}  // namespace wenyuan::ingest
