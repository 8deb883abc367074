#include "store/document_text.h"

#include <algorithm>

#include "base/text.h"
#include "store/content_access.h"
#include "store/content_store.h"

namespace wenyuan::store {
namespace {

// Code points in every piece but the last; part of the file format (schema/sql/0001_content.sql).
constexpr std::int64_t kPieceSize = 4096;

}  // namespace

Result<std::int64_t> put_text(Transaction& tx, std::int64_t document_number,
                              std::string_view text) {
  WY_TRY(auto clear, tx.prepare("DELETE FROM document_texts WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, document_number).run());
  WY_TRY(auto insert, tx.prepare("INSERT INTO document_texts (document, piece, text) "
                                 "VALUES (?, ?, ?)"));
  std::int64_t size = 0;
  for (std::int64_t piece = 0; !text.empty(); ++piece) {
    const std::string_view part = text.substr(0, byte_offset(text, kPieceSize));
    WY_RETURN_IF_ERROR(insert.bind(1, document_number).bind(2, piece).bind(3, part).run());
    size += static_cast<std::int64_t>(code_point_count(part));
    text.remove_prefix(part.size());
  }
  return size;
}

Status put_layout(Transaction& tx, std::int64_t document_number, std::span<const TextBox> layout) {
  WY_TRY(auto clear, tx.prepare("DELETE FROM document_layouts WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, document_number).run());
  if (layout.empty()) return Done{};
  const std::string bytes = encode_layout(layout);
  WY_TRY(auto insert, tx.prepare("INSERT INTO document_layouts (document, layout) VALUES (?, ?)"));
  return insert.bind(1, document_number)
      .bind_blob(2, {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()})
      .run();
}

Result<std::vector<TextBox>> document_layout(Snapshot& snapshot, const Permit& permit,
                                             const std::string& id) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, id));
  WY_TRY(auto statement,
         snapshot.prepare("SELECT layout FROM document_layouts WHERE document = ?"));
  WY_TRY(const bool found, statement.bind(1, row.number).step());
  if (!found) return std::vector<TextBox>();
  const auto bytes = statement.blob(0);
  return decode_layout({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
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
  WY_TRY(auto statement, snapshot.prepare("SELECT text FROM document_texts WHERE document = ? "
                                          "AND piece BETWEEN ? AND ? ORDER BY piece"));
  statement.bind(1, row.number).bind(2, first).bind(3, (char_end - 1) / kPieceSize);
  std::string text;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) break;
    text += statement.text(0);
  }
  const auto skipped = static_cast<std::size_t>(char_start - first * kPieceSize);
  text.erase(0, byte_offset(text, skipped));
  text.erase(byte_offset(text, static_cast<std::size_t>(char_end - char_start)));
  return text;
}

}  // namespace wenyuan::store
