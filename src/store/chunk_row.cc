#include "store/chunk_row.h"

#include <cstring>
#include <optional>

#include "base/bytes.h"
#include "base/half.h"
#include "base/log.h"

namespace wenyuan::store {
namespace {

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

// Float16.
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

// What is sealed together: heading paths, text, boxes.
std::string encode_content(const Chunk& chunk) {
  ByteWriter writer;
  writer.put(std::string_view(encode_headings(chunk)));
  writer.put(std::string_view(chunk.text));
  writer.put(std::string_view(encode_boxes(chunk.location.boxes)));
  return writer.take();
}

Status decode_content(std::string_view bytes, Chunk& chunk) {
  ByteReader reader(bytes);
  const auto headings = reader.text();
  const auto text = reader.text();
  const auto boxes = reader.text();
  if (!boxes) return Error{ErrorCode::corrupt, "a chunk has a broken content"};
  WY_RETURN_IF_ERROR(decode_headings(*headings, chunk));
  chunk.text = *text;
  WY_TRY(chunk.location.boxes, decode_boxes(*boxes));
  return Done{};
}

Field content_field(std::int64_t version, std::int64_t ordinal) {
  return {"chunk", version, ordinal};
}
Field vector_field(std::int64_t version, std::int64_t ordinal) {
  return {"vector", version, ordinal};
}

StoredKey stored_key(const Statement& statement) {
  return {statement.integer(11), std::string(as_text(statement.blob(12)))};
}

Result<const DocumentKey*> key_of(const Statement& statement, DocumentKeys& keys) {
  return keys.open({statement.text(1), statement.text(2)}, stored_key(statement),
                   statement.integer(13));
}

// Of now it is the document's, of the past that of the version.
Result<std::string> title_of(const Statement& statement, DocumentKeys& keys) {
  const std::int64_t version = statement.integer(14);
  const KeyOwner owner{statement.text(1), statement.text(2)};
  WY_TRY(const DocumentKey* const key,
         keys.open(owner, stored_key(statement), version == 0 ? 0 : statement.integer(13)));
  return key->open({kTitleField.name, version}, statement.blob(5));
}

// Ids of both tables are of the one sequence of the first.
Result<ChunkId> next_chunk_id(Transaction& tx) {
  WY_TRY(auto raised, tx.prepare("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'chunks' "
                                 "RETURNING seq"));
  WY_TRY(const bool found, raised.step());
  if (found) return raised.integer(0);
  WY_TRY(auto begun, tx.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('chunks', 1)"));
  WY_RETURN_IF_ERROR(begun.run());
  return 1;
}

}  // namespace

std::string chunk_columns(Era era) {
  const bool past = era == Era::past;
  return std::string("k.id, d.id, d.collection_id, d.label_id, k.ordinal, ") +
         (past ? "v.title" : "d.title") +
         ", k.content, k.version, k.page, k.char_start, k.char_end, d.key_secret, d.wrapped_key, "
         "v.key_secret, " +
         (past ? "k.version" : "0");
}

std::string chunk_tables(Era era) {
  return std::string(era == Era::past ? "past_chunks" : "chunks") +
         " AS k JOIN documents AS d ON d.number = k.document JOIN document_versions AS v "
         "ON v.document = k.document AND v.version = k.version";
}

bool has_key(const Statement& statement, DocumentKeys& keys) {
  const auto key = key_of(statement, keys);
  return key || (key.error().code != ErrorCode::corrupt && !is_erased(key.error()));
}

bool is_left_out(const Error& error, const Statement& statement, DocumentKeys& keys) {
  if (!has_key(statement, keys)) return true;
  if (error.code != ErrorCode::corrupt) return false;
  log::error(
      "store.chunk_damaged",
      {{"document", statement.text(1)}, {"chunk", statement.integer(0)}, {"why", error.message}});
  return true;
}

Result<Chunk> read_chunk_row(const Statement& statement, DocumentKeys& keys) {
  Chunk chunk;
  chunk.id = statement.integer(0);
  chunk.document_id = statement.text(1);
  chunk.collection_id = statement.text(2);
  chunk.label_id = statement.integer(3);
  chunk.ordinal = statement.integer(4);
  chunk.location.version = statement.integer(7);
  chunk.location.page = static_cast<int>(statement.integer(8));
  chunk.location.char_start = statement.integer(9);
  chunk.location.char_end = statement.integer(10);
  WY_TRY(chunk.title, title_of(statement, keys));
  WY_TRY(const DocumentKey* const key, key_of(statement, keys));
  WY_TRY(const std::string content,
         key->open(content_field(chunk.location.version, chunk.ordinal), statement.blob(6)));
  WY_RETURN_IF_ERROR(decode_content(content, chunk));
  return chunk;
}

Result<std::vector<float>> read_vector(const Statement& statement, DocumentKeys& keys, int at) {
  if (statement.is_null(at)) return std::vector<float>();
  const auto sealed = statement.blob(at);
  if (sealed.empty()) return Error{ErrorCode::corrupt, "a vector is empty"};
  WY_TRY(const DocumentKey* const key, key_of(statement, keys));
  WY_TRY(const std::string bytes,
         key->open(vector_field(statement.integer(7), statement.integer(4)), sealed));
  return decode_vector(raw(bytes));
}

std::string seal_vector(const DocumentKey& key, const ChunkPlace& place,
                        std::span<const float> vector) {
  return key.seal(vector_field(place.version, place.ordinal), encode_vector(vector));
}

Result<ChunkId> insert_chunk(Transaction& tx, const DocumentKey& key, const ChunkPlace& place,
                             const Chunk& chunk, Era era) {
  WY_TRY(auto statement,
         tx.prepare(era == Era::past
                        ? "INSERT INTO past_chunks (document, ordinal, version, page, char_start, "
                          "char_end, content, vector, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
                          "RETURNING id"
                        : "INSERT INTO chunks (document, ordinal, version, page, char_start, "
                          "char_end, content, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                          "RETURNING id"));
  if (era == Era::past) {
    WY_TRY(const ChunkId id, next_chunk_id(tx));
    statement.bind(9, id);
  }
  const Location& location = chunk.location;
  statement.bind(1, place.document_number).bind(2, place.ordinal).bind(3, place.version);
  statement.bind(4, location.page).bind(5, location.char_start).bind(6, location.char_end);
  statement.bind_blob(
      7, raw(key.seal(content_field(place.version, place.ordinal), encode_content(chunk))));
  if (chunk.vector.empty()) {
    statement.bind_null(8);
  } else {
    statement.bind_blob(8, raw(seal_vector(key, place, chunk.vector)));
  }
  WY_RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

}  // namespace wenyuan::store
