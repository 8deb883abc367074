#include "store/document_text.h"

#include <algorithm>

#include "base/text.h"
#include "store/content_access.h"
#include "store/content_store.h"

namespace wenyuan::store {
namespace {

// Code points in every piece but the last; part of the file format (schema/sql/0001_content.sql).
constexpr std::int64_t kPieceSize = 4096;

Field text_field(std::int64_t version, std::int64_t piece) { return {"text", version, piece}; }
Field layout_field(std::int64_t version) { return {"layout", version}; }

}  // namespace

Result<std::int64_t> put_text(Transaction& tx, const DocumentRow& row, std::string_view text) {
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
  WY_TRY(auto clear, tx.prepare("DELETE FROM document_texts WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, row.number).run());
  WY_TRY(auto insert, tx.prepare("INSERT INTO document_texts (document, piece, text) "
                                 "VALUES (?, ?, ?)"));
  std::int64_t size = 0;
  for (std::int64_t piece = 0; !text.empty(); ++piece) {
    const std::string_view part = text.substr(0, byte_offset(text, kPieceSize));
    const std::string sealed = key->seal(text_field(row.document.version, piece), part);
    WY_RETURN_IF_ERROR(
        insert.bind(1, row.number).bind(2, piece).bind_blob(3, as_bytes(sealed)).run());
    size += static_cast<std::int64_t>(code_point_count(part));
    text.remove_prefix(part.size());
  }
  return size;
}

Status put_layout(Transaction& tx, const DocumentRow& row, std::span<const TextBox> layout) {
  WY_TRY(auto clear, tx.prepare("DELETE FROM document_layouts WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, row.number).run());
  if (layout.empty()) return Done{};
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
  const std::string bytes = key->seal(layout_field(row.document.version), encode_layout(layout));
  WY_TRY(auto insert, tx.prepare("INSERT INTO document_layouts (document, layout) VALUES (?, ?)"));
  return insert.bind(1, row.number).bind_blob(2, as_bytes(bytes)).run();
}

Result<std::vector<TextBox>> document_layout(Snapshot& snapshot, const Permit& permit,
                                             const std::string& id) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, id));
  WY_TRY(auto statement,
         snapshot.prepare("SELECT layout FROM document_layouts WHERE document = ?"));
  WY_TRY(const bool found, statement.bind(1, row.number).step());
  if (!found) return std::vector<TextBox>();
  DocumentKeys keys(snapshot);
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
  WY_TRY(const std::string bytes, key->open(layout_field(row.text_version), statement.blob(0)));
  return decode_layout(bytes);
}

Result<std::string> document_text(Snapshot& snapshot, const Permit& permit, const std::string& id,
                                  std::int64_t char_start, std::int64_t char_end) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, id));
  if (char_start < 0 || char_end < char_start) {
    return Error{ErrorCode::invalid_argument,
                 "a range of characters begins at 0 or later and does "
                 "not end before it begins"};
  }
  if (row.text_version == 0) return Error{ErrorCode::not_found, "the document has no text yet"};
  char_end = std::min(char_end, row.text_size);
  if (char_start >= char_end) return std::string();
  const std::int64_t first = char_start / kPieceSize;
  WY_TRY(auto statement,
         snapshot.prepare("SELECT piece, text FROM document_texts WHERE document = ? "
                          "AND piece BETWEEN ? AND ? ORDER BY piece"));
  statement.bind(1, row.number).bind(2, first).bind(3, (char_end - 1) / kPieceSize);
  DocumentKeys keys(snapshot);
  WY_TRY(const DocumentKey* const key, keys.open(row.key_owner(), row.key));
  std::string text;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) break;
    WY_TRY(const std::string piece,
           key->open(text_field(row.text_version, statement.integer(0)), statement.blob(1)));
    text += piece;
  }
  const auto skipped = static_cast<std::size_t>(char_start - first * kPieceSize);
  text.erase(0, byte_offset(text, skipped));
  text.erase(byte_offset(text, static_cast<std::size_t>(char_end - char_start)));
  return text;
}

}  // namespace wenyuan::store
