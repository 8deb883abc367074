#include <cmath>

#include "backup/pack.h"
#include "base/bytes.h"
#include "base/half.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace {

constexpr double kNormError = 0.02;  // of float16

Error broken(std::string_view what) {
  return Error{ErrorCode::corrupt, "a chunk in the pack has a broken " + std::string(what)};
}

void put_path(ByteWriter& writer, const std::vector<std::string>& path) {
  writer.put(static_cast<std::uint32_t>(path.size()));
  for (const std::string& heading : path) writer.put(std::string_view(heading));
}

bool take_path(ByteReader& reader, std::vector<std::string>& path) {
  const auto count = reader.number<std::uint32_t>();
  for (std::uint32_t i = 0; count && i < *count; ++i) {
    const auto heading = reader.text();
    if (!heading || !is_utf8(*heading)) return false;
    path.emplace_back(*heading);
  }
  return count.has_value();
}

bool take_box(ByteReader& reader, Box& box) {
  const auto page = reader.number<std::int32_t>();
  if (!page || *page < 0) return false;
  box.page = *page;
  for (float* const edge : {&box.x0, &box.y0, &box.x1, &box.y1}) {
    const auto value = reader.number<float>();
    if (!value || !std::isfinite(*value)) return false;
    *edge = *value;
  }
  return true;
}

bool take_vector(ByteReader& reader, std::int64_t size, std::vector<float>& vector) {
  const auto count = reader.number<std::uint32_t>();
  if (!count || (*count != 0 && *count != size)) return false;
  double norm = 0;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto half = reader.number<std::uint16_t>();
    if (!half) return false;
    vector.push_back(half_to_float(*half));
    norm += static_cast<double>(vector.back()) * static_cast<double>(vector.back());
  }
  // Not a number and infinity fail too.
  return *count == 0 || std::abs(norm - 1) < kNormError;
}

// Walks forward through a text by code points.
class Place {
 public:
  explicit Place(std::string_view text) : text_(text) {}
  // False when the text ends before; `to` does not fall.
  bool go(std::int64_t to) {
    while (at_ < to && byte_ < text_.size()) {
      next_code_point(text_, byte_);
      ++at_;
    }
    return at_ == to;
  }
  std::size_t byte() const { return byte_; }

 private:
  std::string_view text_;
  std::int64_t at_ = 0;
  std::size_t byte_ = 0;
};

// The piece [start, end) of the text; nothing when there is none.
std::optional<std::string_view> piece(Place& place, std::string_view text, const Location& where) {
  if (where.char_start < 0 || where.char_end < where.char_start || !place.go(where.char_start)) {
    return std::nullopt;
  }
  Place end = place;
  if (!end.go(where.char_end)) return std::nullopt;
  return text.substr(place.byte(), end.byte() - place.byte());
}

Result<Chunk> take_chunk(ByteReader& reader, std::int64_t vector_size) {
  Chunk chunk;
  const auto start = reader.number<std::int64_t>();
  const auto end = reader.number<std::int64_t>();
  const auto page = reader.number<std::int32_t>();
  if (!start || !end || !page || *page < 0) return broken("place");
  chunk.location.char_start = *start;
  chunk.location.char_end = *end;
  chunk.location.page = *page;
  if (!take_path(reader, chunk.location.heading_path)) return broken("heading");
  const auto section_count = reader.number<std::uint32_t>();
  for (std::uint32_t i = 0; section_count && i < *section_count; ++i) {
    ChunkSection section;
    const auto begin = reader.number<std::int64_t>();
    if (!begin || *begin < 0 || *begin > UINT32_MAX) return broken("section");
    section.char_start = *begin;
    if (!take_path(reader, section.heading_path)) return broken("section");
    chunk.sections.push_back(std::move(section));
  }
  const auto box_count = reader.number<std::uint32_t>();
  for (std::uint32_t i = 0; box_count && i < *box_count; ++i) {
    Box box;
    if (!take_box(reader, box)) return broken("box");
    chunk.location.boxes.push_back(box);
  }
  if (!section_count || !box_count || !take_vector(reader, vector_size, chunk.vector)) {
    return broken("vector");
  }
  return chunk;
}

}  // namespace

std::string encode_pack_chunks(const std::vector<Chunk>& chunks) {
  ByteWriter writer;
  for (const Chunk& chunk : chunks) {
    writer.put(chunk.location.char_start);
    writer.put(chunk.location.char_end);
    writer.put(std::int32_t{chunk.location.page});
    put_path(writer, chunk.location.heading_path);
    writer.put(static_cast<std::uint32_t>(chunk.sections.size()));
    for (const ChunkSection& section : chunk.sections) {
      writer.put(section.char_start);
      put_path(writer, section.heading_path);
    }
    writer.put(static_cast<std::uint32_t>(chunk.location.boxes.size()));
    for (const Box& box : chunk.location.boxes) {
      writer.put(std::int32_t{box.page});
      for (const float edge : {box.x0, box.y0, box.x1, box.y1}) writer.put(edge);
    }
    writer.put(static_cast<std::uint32_t>(chunk.vector.size()));
    for (const float value : chunk.vector) writer.put(float_to_half(value));
  }
  return writer.take();
}

Result<std::vector<Chunk>> decode_pack_chunks(std::string_view bytes, std::string_view text,
                                              std::int64_t vector_size) {
  ByteReader reader(bytes);
  std::vector<Chunk> chunks;
  Place place(text);
  while (!reader.at_end()) {
    WY_TRY(Chunk chunk, take_chunk(reader, vector_size));
    const auto own = piece(place, text, chunk.location);
    if (!own) return broken("place");
    chunk.text = *own;
    if (!chunks.empty() && chunk.vector.empty() != chunks.front().vector.empty()) {
      return broken("vector");
    }
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

bool are_pieces(const std::vector<Chunk>& chunks, std::string_view text) {
  Place place(text);
  for (const Chunk& chunk : chunks) {
    const auto own = piece(place, text, chunk.location);
    if (!own || *own != chunk.text) return false;
  }
  return true;
}

}  // namespace wenyuan::backup
