#include "store/document_text.h"

#include <algorithm>

#include "base/text.h"
#include "store/chunk_check.h"
#include "store/content_access.h"
#include "store/content_store.h"

namespace wenyuan::store {
namespace {

// Code points in every piece but the last; part of the file format (schema/sql/0001_content.sql).
constexpr std::int64_t kPieceSize = 4096;

Field text_field(std::int64_t version, std::int64_t piece) { return {"text", version, piece}; }
Field layout_field(std::int64_t version) { return {"layout", version}; }

// Its pieces, into a statement that has the document and the version bound; gives its size.
Result<std::int64_t> insert_pieces(Statement& insert, const DocumentKey& key, std::int64_t version,
                                   std::string_view text) {
  std::int64_t size = 0;
  for (std::int64_t piece = 0; !text.empty(); ++piece) {
    const std::string_view part = text.substr(0, byte_offset(text, kPieceSize));
    const std::string sealed = key.seal(text_field(version, piece), part);
    WY_RETURN_IF_ERROR(insert.bind(2, piece).bind_blob(3, as_bytes(sealed)).run());
    size += static_cast<std::int64_t>(code_point_count(part));
    text.remove_prefix(part.size());
  }
  return size;
}

// Where the text of one version lies.
struct TextPlace {
  std::int64_t version = 0;
  std::int64_t size = 0;  // code points
  Era era = Era::present;
};

Result<TextPlace> find_text(Snapshot& snapshot, const DocumentRow& row, std::int64_t version) {
  if (row.text_version != 0 && (version == 0 || version == row.text_version)) {
    return TextPlace{row.text_version, row.text_size, Era::present};
  }
  WY_TRY(auto statement, snapshot.prepare("SELECT text_size FROM document_versions "
                                          "WHERE document = ? AND version = ?"));
  WY_TRY(const bool found, statement.bind(1, row.number).bind(2, version).step());
  if (version == 0 || (found && statement.is_null(0))) {
    return Error{ErrorCode::not_found, "the document has no text yet"};
  }
  if (!found) return no_such_document();
  return TextPlace{version, statement.integer(0), Era::past};
}

// A version's text, in the row of a list of them.
struct ListedText {
  KeyOwner owner;
  StoredKey key;
  SecretNumber version_secret = 0;
  std::int64_t document = 0;
  TextPlace place;
};

Statement& bind_text(Statement& statement, const ListedText& text) {
  statement.bind(1, text.document);
  if (text.place.era == Era::past) statement.bind(2, text.place.version);
  return statement;
}

Result<std::vector<ListedText>> all_texts(Snapshot& snapshot, Era era) {
  const std::string common =
      " FROM documents AS d JOIN document_versions AS v ON v.document = d.number AND ";
  std::string sql = "SELECT d.id, d.collection_id, d.key_secret, d.wrapped_key, v.key_secret, ";
  sql += era == Era::past
             ? "d.number, v.version, v.text_size" + common +
                   "v.version <> d.text_version AND v.text_size IS NOT NULL"
             : "d.number, d.text_version, d.text_size" + common + "v.version = d.text_version";
  WY_TRY(auto statement, snapshot.prepare(sql + " ORDER BY d.number, v.version"));
  std::vector<ListedText> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    all.push_back({{statement.text(0), statement.text(1)},
                   {statement.integer(2), std::string(as_text(statement.blob(3)))},
                   statement.integer(4),
                   statement.integer(5),
                   {statement.integer(6), statement.integer(7), era}});
  }
}

Status check_pieces(Snapshot& snapshot, const DocumentKey& key, const ListedText& text) {
  WY_TRY(auto statement,
         snapshot.prepare(text.place.era == Era::past
                              ? "SELECT piece, text FROM past_texts WHERE document = ? "
                                "AND version = ? ORDER BY piece"
                              : "SELECT piece, text FROM document_texts WHERE document = ? "
                                "ORDER BY piece"));
  bind_text(statement, text);
  std::int64_t size = 0;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) break;
    WY_TRY(const std::string piece,
           key.open(text_field(text.place.version, statement.integer(0)), statement.blob(1)));
    size += static_cast<std::int64_t>(code_point_count(piece));
  }
  if (size == text.place.size) return Done{};
  return Error{ErrorCode::corrupt, "the text of " + text.owner.document_id + " is not whole"};
}

Status check_layout(Snapshot& snapshot, const DocumentKey& key, const ListedText& text) {
  WY_TRY(auto statement,
         snapshot.prepare(text.place.era == Era::past
                              ? "SELECT layout FROM past_layouts WHERE document = ? "
                                "AND version = ?"
                              : "SELECT layout FROM document_layouts WHERE document = ?"));
  WY_TRY(const bool found, bind_text(statement, text).step());
  if (!found) return Done{};
  WY_TRY(const std::string bytes, key.open(layout_field(text.place.version), statement.blob(0)));
  if (bytes.empty()) {
    return Error{ErrorCode::corrupt, "the layout of " + text.owner.document_id + " is gone"};
  }
  WY_RETURN_IF_ERROR(decode_layout(bytes));
  return Done{};
}

// Done for what has no key, as find_bad_chunks().
Status check_text(Snapshot& snapshot, DocumentKeys& keys, const ListedText& text) {
  const auto key = keys.open(text.owner, text.key, text.version_secret);
  const bool unreadable =
      !key && (key.error().code == ErrorCode::corrupt || is_erased(key.error()));
  if (unreadable) return Done{};
  if (!key) return key.error();
  WY_RETURN_IF_ERROR(check_pieces(snapshot, **key, text));
  return check_layout(snapshot, **key, text);
}

}  // namespace

Result<std::vector<BadChunk>> find_bad_texts(Snapshot& snapshot, std::size_t count_max) {
  std::vector<BadChunk> bad;
  DocumentKeys keys(snapshot);
  for (const Era era : {Era::present, Era::past}) {
    WY_TRY(const std::vector<ListedText> texts, all_texts(snapshot, era));
    for (const ListedText& each : texts) {
      const Status whole = check_text(snapshot, keys, each);
      if (whole) continue;
      if (whole.error().code != ErrorCode::corrupt) return whole.error();
      if (bad.size() >= count_max) return bad;
      bad.push_back({whole.error().message, each.owner.document_id, era});
    }
  }
  return bad;
}

Result<std::int64_t> put_text(Transaction& tx, const DocumentRow& row, std::string_view text) {
  const std::int64_t version = row.document.version;
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, version));
  WY_TRY(auto clear, tx.prepare("DELETE FROM document_texts WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, row.number).run());
  WY_TRY(auto insert, tx.prepare("INSERT INTO document_texts (document, piece, text) "
                                 "VALUES (?1, ?2, ?3)"));
  insert.bind(1, row.number);
  return insert_pieces(insert, *key, version, text);
}

Result<std::int64_t> put_past_text(Transaction& tx, const DocumentRow& row, std::int64_t version,
                                   std::string_view text) {
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, version));
  WY_TRY(auto insert, tx.prepare("INSERT INTO past_texts (document, piece, text, version) "
                                 "VALUES (?1, ?2, ?3, ?4)"));
  insert.bind(1, row.number).bind(4, version);
  return insert_pieces(insert, *key, version, text);
}

Status put_layout(Transaction& tx, const DocumentRow& row, std::span<const TextBox> layout) {
  WY_TRY(auto clear, tx.prepare("DELETE FROM document_layouts WHERE document = ?"));
  WY_RETURN_IF_ERROR(clear.bind(1, row.number).run());
  if (layout.empty()) return Done{};
  const std::int64_t version = row.document.version;
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, version));
  const std::string bytes = key->seal(layout_field(version), encode_layout(layout));
  WY_TRY(auto insert, tx.prepare("INSERT INTO document_layouts (document, layout) VALUES (?, ?)"));
  return insert.bind(1, row.number).bind_blob(2, as_bytes(bytes)).run();
}

Status put_past_layout(Transaction& tx, const DocumentRow& row, std::int64_t version,
                       std::span<const TextBox> layout) {
  if (layout.empty()) return Done{};
  DocumentKeys keys(tx);
  WY_TRY(const DocumentKey* const key, version_key(tx, keys, row, version));
  const std::string bytes = key->seal(layout_field(version), encode_layout(layout));
  WY_TRY(auto insert, tx.prepare("INSERT INTO past_layouts (document, version, layout) "
                                 "VALUES (?, ?, ?)"));
  return insert.bind(1, row.number).bind(2, version).bind_blob(3, as_bytes(bytes)).run();
}

Result<std::vector<TextBox>> document_layout(Snapshot& snapshot, const Permit& permit,
                                             const std::string& id, std::int64_t version) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, id));
  const bool past = version != 0 && version != row.text_version;
  const std::int64_t wanted = past ? version : row.text_version;
  WY_TRY(auto statement,
         snapshot.prepare(past ? "SELECT layout FROM past_layouts WHERE document = ? "
                                 "AND version = ?"
                               : "SELECT layout FROM document_layouts WHERE document = ?"));
  if (past) statement.bind(2, version);
  WY_TRY(const bool found, statement.bind(1, row.number).step());
  if (!found) return std::vector<TextBox>();
  DocumentKeys keys(snapshot);
  WY_TRY(const DocumentKey* const key, version_key(snapshot, keys, row, wanted));
  WY_TRY(const std::string bytes, key->open(layout_field(wanted), statement.blob(0)));
  if (bytes.empty()) return Error{ErrorCode::corrupt, "the layout of " + id + " is gone"};
  return decode_layout(bytes);
}

Result<std::string> document_text(Snapshot& snapshot, const Permit& permit, const std::string& id,
                                  std::int64_t char_start, std::int64_t char_end,
                                  std::int64_t version) {
  WY_TRY(const DocumentRow row, permitted_document(snapshot, permit, id));
  if (char_start < 0 || char_end < char_start) {
    return Error{ErrorCode::invalid_argument,
                 "a range of characters begins at 0 or later and does "
                 "not end before it begins"};
  }
  WY_TRY(const TextPlace place, find_text(snapshot, row, version));
  char_end = std::min(char_end, place.size);
  if (char_start >= char_end) return std::string();
  const std::int64_t first = char_start / kPieceSize;
  WY_TRY(auto statement,
         snapshot.prepare(place.era == Era::past
                              ? "SELECT piece, text FROM past_texts WHERE document = ? "
                                "AND piece BETWEEN ? AND ? AND version = ? ORDER BY piece"
                              : "SELECT piece, text FROM document_texts WHERE document = ? "
                                "AND piece BETWEEN ? AND ? ORDER BY piece"));
  statement.bind(1, row.number).bind(2, first).bind(3, (char_end - 1) / kPieceSize);
  if (place.era == Era::past) statement.bind(4, place.version);
  DocumentKeys keys(snapshot);
  WY_TRY(const DocumentKey* const key, version_key(snapshot, keys, row, place.version));
  std::string text;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) break;
    WY_TRY(const std::string piece,
           key->open(text_field(place.version, statement.integer(0)), statement.blob(1)));
    text += piece;
  }
  // An empty piece opens as nothing, and one that is missing leaves no trace.
  if (static_cast<std::int64_t>(code_point_count(text)) < char_end - first * kPieceSize) {
    return Error{ErrorCode::corrupt, "the text of " + id + " is not whole"};
  }
  const auto skipped = static_cast<std::size_t>(char_start - first * kPieceSize);
  text.erase(0, byte_offset(text, skipped));
  text.erase(byte_offset(text, static_cast<std::size_t>(char_end - char_start)));
  return text;
}

}  // namespace wenyuan::store
