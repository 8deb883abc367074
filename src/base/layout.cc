#include "base/layout.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace wenyuan {
namespace {

constexpr float kSteps = 65535.0F;

std::uint16_t to_step(float fraction) {
  return static_cast<std::uint16_t>(std::lround(std::clamp(fraction, 0.0F, 1.0F) * kSteps));
}

float from_step(std::uint16_t step) { return static_cast<float>(step) / kSteps; }

// Two boxes of one line overlap in height by more than half of the lower one.
bool on_one_line(const Box& a, const Box& b) {
  if (a.page != b.page) return false;
  const float overlap = std::min(a.y1, b.y1) - std::max(a.y0, b.y0);
  const float height = std::min(a.y1 - a.y0, b.y1 - b.y0);
  // A box that begins left of the one before it belongs to the next line or column.
  return overlap > height / 2 && b.x0 >= a.x0;
}

}  // namespace

std::string encode_layout(std::span<const TextBox> boxes) {
  ByteWriter writer;
  writer.put(static_cast<std::uint32_t>(boxes.size()));
  for (const TextBox& each : boxes) {
    writer.put(static_cast<std::uint32_t>(each.char_start));
    writer.put(static_cast<std::uint16_t>(each.char_end - each.char_start));
    writer.put(static_cast<std::uint16_t>(each.box.page));
    for (const float side : {each.box.x0, each.box.y0, each.box.x1, each.box.y1}) {
      writer.put(to_step(side));
    }
  }
  return writer.take();
}

Result<std::vector<TextBox>> decode_layout(std::string_view bytes) {
  constexpr std::size_t kEntrySize = 16;
  const Error broken{ErrorCode::corrupt, "a document's layout is not in its stored form"};
  ByteReader reader(bytes);
  const auto count = reader.number<std::uint32_t>();
  if (!count || bytes.size() != 4 + std::size_t{*count} * kEntrySize) return broken;
  std::vector<TextBox> boxes(*count);
  for (TextBox& each : boxes) {
    each.char_start = *reader.number<std::uint32_t>();
    each.char_end = each.char_start + *reader.number<std::uint16_t>();
    each.box.page = *reader.number<std::uint16_t>();
    each.box.x0 = from_step(*reader.number<std::uint16_t>());
    each.box.y0 = from_step(*reader.number<std::uint16_t>());
    each.box.x1 = from_step(*reader.number<std::uint16_t>());
    each.box.y1 = from_step(*reader.number<std::uint16_t>());
  }
  return boxes;
}

std::vector<Box> boxes_of(std::span<const TextBox> boxes, std::int64_t char_start,
                          std::int64_t char_end) {
  const auto first = std::partition_point(
      boxes.begin(), boxes.end(), [&](const TextBox& each) { return each.char_end <= char_start; });
  std::vector<Box> lines;
  for (auto at = first; at != boxes.end() && at->char_start < char_end; ++at) {
    if (!lines.empty() && on_one_line(lines.back(), at->box)) {
      Box& line = lines.back();
      line.x0 = std::min(line.x0, at->box.x0);
      line.y0 = std::min(line.y0, at->box.y0);
      line.x1 = std::max(line.x1, at->box.x1);
      line.y1 = std::max(line.y1, at->box.y1);
    } else {
      lines.push_back(at->box);
    }
  }
  return lines;
}

}  // namespace wenyuan
