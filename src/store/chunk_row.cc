#include "store/chunk_row.h"

#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/half.h"

namespace wenyuan::store {
namespace {

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
std::span<const std::uint8_t> raw(const std::string& bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

void put_path(ByteWriter& writer, const std::vector<std::string>& path) {
  writer.put(static_cast<std::uint32_t>(path.size()));
  for (const std::string& heading : path) writer.put(std::string_view(heading));
}

// Nothing for bytes that end too soon.
std::optional<std::vector<std::string>> take_path(ByteReader& reader) {
  const auto count = reader.number<std::uint32_t>();
  if (!count) return std::nullopt;
  std::vector<std::string> path;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto heading = reader.text();
    if (!heading) return std::nullopt;
    path.emplace_back(*heading);
  }
  return path;
}

// The chunk's own path, and those of its sections where it has any.
std::string encode_headings(const Chunk& chunk) {
  ByteWriter writer;
  put_path(writer, chunk.location.heading_path);
  for (const ChunkSection& section : chunk.sections) {
    writer.put(static_cast<std::uint32_t>(section.char_start));
    put_path(writer, section.heading_path);
  }
  return writer.take();
}

Status decode_headings(std::string_view bytes, Chunk& chunk) {
  const Error broken{ErrorCode::corrupt, "a chunk has a broken heading path"};
  ByteReader reader(bytes);
  auto path = take_path(reader);
  if (!path) return broken;
  chunk.location.heading_path = *std::move(path);
  while (!reader.at_end()) {
    const auto char_start = reader.number<std::uint32_t>();
    auto section = take_path(reader);
    if (!section) return broken;
    chunk.sections.push_back({*char_start, *std::move(section)});
  }
  return Done{};
}

std::string encode_boxes(const std::vector<Box>& boxes) {
  ByteWriter writer;
  for (const Box& box : boxes) {
    writer.put(std::int32_t{box.page});
    for (const float edge : {box.x0, box.y0, box.x1, box.y1}) writer.put(edge);
  }
  return writer.take();
}

Result<std::vector<Box>> decode_boxes(std::string_view bytes) {
  ByteReader reader(bytes);
  std::vector<Box> boxes;
  while (!reader.at_end()) {
    const auto page = reader.number<std::int32_t>();
    const auto x0 = reader.number<float>();
    const auto y0 = reader.number<float>();
    const auto x1 = reader.number<float>();
    const auto y1 = reader.number<float>();
    if (!page || !y1) return Error{ErrorCode::corrupt, "a chunk has a broken box"};
    boxes.push_back({.page = *page, .x0 = *x0, .y0 = *y0, .x1 = *x1, .y1 = *y1});
  }
  return boxes;
}

}  // namespace

std::string chunk_columns() {
  return "k.id, d.id, d.collection_id, d.label_id, k.ordinal, d.title, k.text, k.version, "
         "k.heading_path, k.page, k.boxes, k.char_start, k.char_end";
}

Result<Chunk> read_chunk_row(const Statement& statement) {
  Chunk chunk;
  chunk.id = statement.integer(0);
  chunk.document_id = statement.text(1);
  chunk.collection_id = statement.text(2);
  chunk.label_id = statement.integer(3);
  chunk.ordinal = statement.integer(4);
  chunk.title = statement.text(5);
  chunk.text = statement.text(6);
  chunk.location.version = statement.integer(7);
  WY_RETURN_IF_ERROR(decode_headings(view(statement.blob(8)), chunk));
  chunk.location.page = static_cast<int>(statement.integer(9));
  WY_TRY(chunk.location.boxes, decode_boxes(view(statement.blob(10))));
  chunk.location.char_start = statement.integer(11);
  chunk.location.char_end = statement.integer(12);
  return chunk;
}

Result<ChunkId> insert_chunk(Transaction& tx, const ChunkPlace& place, const Chunk& chunk) {
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO chunks (document, ordinal, version, page, char_start, char_end, "
                    "heading_path, text, boxes, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                    "RETURNING id"));
  const Location& location = chunk.location;
  statement.bind(1, place.document_number).bind(2, place.ordinal).bind(3, place.version);
  statement.bind(4, location.page).bind(5, location.char_start).bind(6, location.char_end);
  statement.bind_blob(7, raw(encode_headings(chunk))).bind(8, chunk.text);
  statement.bind_blob(9, raw(encode_boxes(location.boxes)));
  if (chunk.vector.empty()) {
    statement.bind_null(10);
  } else {
    statement.bind_blob(10, raw(encode_vector(chunk.vector)));
  }
  WY_RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

std::string encode_vector(std::span<const float> vector) {
  ByteWriter writer;
  for (const float value : vector) writer.put(float_to_half(value));
  return writer.take();
}

std::vector<float> decode_vector(std::span<const std::uint8_t> bytes) {
  std::vector<float> vector(bytes.size() / 2);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    std::uint16_t half = 0;
    std::memcpy(&half, bytes.data() + 2 * i, sizeof half);
    vector[i] = half_to_float(half);
  }
  return vector;
}

}  // namespace wenyuan::store
