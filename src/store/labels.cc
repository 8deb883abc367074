#include "store/labels.h"

#include <optional>

namespace wenyuan::store {
namespace {

Result<std::optional<LabelId>> find_label(Transaction& tx, const std::string& collection_id,
                                          const std::string& attributes,
                                          const std::string& document_id) {
  WY_TRY(auto statement, tx.prepare("SELECT id FROM labels WHERE collection_id = ? AND "
                                    "attributes = ? AND document_id = ?"));
  WY_TRY(const bool found,
         statement.bind(1, collection_id).bind(2, attributes).bind(3, document_id).step());
  if (!found) return std::optional<LabelId>();
  return std::optional(statement.integer(0));
}

Result<LabelId> make_label(Transaction& tx, const std::string& collection_id,
                           const std::string& attributes, const std::string& document_id) {
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  WY_TRY(const CommitNumber commit, tx.raise_commit());
  WY_TRY(auto statement,
         tx.prepare("INSERT INTO labels (collection_id, attributes, document_id, document_count, "
                    "change_count, last_change, created_commit) VALUES (?, ?, ?, 0, 0, 0, ?) "
                    "RETURNING id"));
  WY_RETURN_IF_ERROR(statement.bind(1, collection_id)
                         .bind(2, attributes)
                         .bind(3, document_id)
                         .bind(4, commit)
                         .step());
  return statement.integer(0);
}

// Adds that a later entry of this commit makes needless.
Status drop_adds(Transaction& tx, const DocumentRow& row) {
  WY_TRY(auto needless, tx.prepare("DELETE FROM changes WHERE document_id = ? AND label_id = ? "
                                   "AND added = 1 AND past = 0"));
  return needless.bind(1, row.document.id).bind(2, row.document.label_id).run();
}

Status drop_past_add(Transaction& tx, const DocumentRow& row, const PastRange& range) {
  WY_TRY(auto needless, tx.prepare("DELETE FROM changes WHERE document_id = ? AND label_id = ? "
                                   "AND added = 1 AND past = 1 AND first_chunk = ?"));
  return needless.bind(1, row.document.id)
      .bind(2, row.document.label_id)
      .bind(3, range.first)
      .run();
}

struct Entry {
  bool added = true;
  ChunkId first_chunk = 0;
  ChunkId last_chunk = 0;
  Era era = Era::present;
};

// What a search of now reports does not move with the past.
constexpr const char* kCountChange =
    "UPDATE labels SET change_count = change_count + 1, last_change = ? WHERE id = ?";
constexpr const char* kNotePastChange = "UPDATE labels SET last_past_change = ? WHERE id = ?";

Status insert_change(Transaction& tx, const DocumentRow& row, const Entry& entry) {
  const LabelId label = row.document.label_id;
  WY_TRY(const CommitNumber commit, tx.raise_commit());
  WY_TRY(auto change,
         tx.prepare("INSERT INTO changes (commit_number, label_id, added, document_id, "
                    "first_chunk, last_chunk, past) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  WY_RETURN_IF_ERROR(change.bind(1, commit)
                         .bind(2, label)
                         .bind(3, entry.added)
                         .bind(4, row.document.id)
                         .bind(5, entry.first_chunk)
                         .bind(6, entry.last_chunk)
                         .bind(7, entry.era == Era::past)
                         .run());
  WY_TRY(auto counter, tx.prepare(entry.era == Era::past ? kNotePastChange : kCountChange));
  return counter.bind(1, commit).bind(2, label).run();
}

}  // namespace

Attributes access_relevant(const Attributes& collection, const Attributes& document,
                           const AccessAttributes& access) {
  Attributes relevant;
  for (const std::string& name : access) {
    if (const auto own = document.find(name); own != document.end()) {
      relevant.insert(*own);
    } else if (const auto inherited = collection.find(name); inherited != collection.end()) {
      relevant.insert(*inherited);
    }
  }
  return relevant;
}

Result<LabelId> enter_label(Transaction& tx, const std::string& collection_id,
                            const Attributes& attributes, const std::string& document_id) {
  const std::string encoded = encode_attributes(attributes);
  WY_TRY(const auto found, find_label(tx, collection_id, encoded, document_id));
  LabelId label = 0;
  if (found) {
    label = *found;
  } else {
    WY_TRY(label, make_label(tx, collection_id, encoded, document_id));
  }
  WY_TRY(auto statement,
         tx.prepare("UPDATE labels SET document_count = document_count + 1 WHERE id = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, label).run());
  return label;
}

Status leave_label(Transaction& tx, LabelId label) {
  std::int64_t left = 0;
  {
    WY_TRY(auto statement, tx.prepare("UPDATE labels SET document_count = document_count - 1 "
                                      "WHERE id = ? RETURNING document_count"));
    WY_TRY(const bool found, statement.bind(1, label).step());
    if (!found) return Error{ErrorCode::corrupt, "a document has a label that does not exist"};
    left = statement.integer(0);
  }
  if (left > 0) return Done{};
  WY_RETURN_IF_ERROR(tx.raise_epoch());
  WY_TRY(auto changes, tx.prepare("DELETE FROM changes WHERE label_id = ?"));
  WY_RETURN_IF_ERROR(changes.bind(1, label).run());
  WY_TRY(auto statement, tx.prepare("DELETE FROM labels WHERE id = ?"));
  return statement.bind(1, label).run();
}

Status relabel(Transaction& tx, DocumentRow& row, const Attributes& collection_attributes,
               const AccessAttributes& access) {
  const Document& document = row.document;
  const LabelId before = document.label_id;
  WY_TRY(const LabelId after,
         enter_label(tx, document.collection_id,
                     access_relevant(collection_attributes, document.attributes, access),
                     row.own_label ? document.id : std::string()));
  if (after != before) {
    WY_RETURN_IF_ERROR(record_change(tx, row, false));
    WY_RETURN_IF_ERROR(record_past_changes(tx, row, false));
    row.document.label_id = after;
    WY_RETURN_IF_ERROR(record_change(tx, row, true));
    WY_RETURN_IF_ERROR(record_past_changes(tx, row, true));
    // The row must not name the label any more when that goes.
    WY_TRY(auto statement, tx.prepare("UPDATE documents SET label_id = ? WHERE number = ?"));
    WY_RETURN_IF_ERROR(statement.bind(1, after).bind(2, row.number).run());
  }
  return leave_label(tx, before);  // or takes back the entry of a moment ago
}

Status record_change(Transaction& tx, const DocumentRow& row, bool added) {
  if (row.first_chunk == 0) return Done{};
  if (!added) WY_RETURN_IF_ERROR(drop_adds(tx, row));
  return insert_change(tx, row, {added, row.first_chunk, row.last_chunk, Era::present});
}

Result<std::vector<PastRange>> past_ranges(Snapshot& snapshot, const DocumentRow& row) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT version, first_chunk, last_chunk FROM document_versions "
                          "WHERE document = ? AND text_size IS NOT NULL ORDER BY version"));
  statement.bind(1, row.number);
  std::vector<PastRange> ranges;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return ranges;
    ranges.push_back({statement.integer(0), statement.integer(1), statement.integer(2)});
  }
}

Status record_past_change(Transaction& tx, const DocumentRow& row, const PastRange& range,
                          bool added) {
  if (range.first == 0) return Done{};
  if (!added) WY_RETURN_IF_ERROR(drop_past_add(tx, row, range));
  return insert_change(tx, row, {added, range.first, range.last, Era::past});
}

Status record_past_changes(Transaction& tx, const DocumentRow& row, bool added) {
  WY_TRY(const std::vector<PastRange> ranges, past_ranges(tx, row));
  for (const PastRange& range : ranges) {
    WY_RETURN_IF_ERROR(record_past_change(tx, row, range, added));
  }
  return Done{};
}

Status record_renewal(Transaction& tx, const DocumentRow& row, ChunkId first, ChunkId last) {
  // An index puts added chunks in the place of those that it has.
  if (first == row.first_chunk && last == row.last_chunk) {
    WY_RETURN_IF_ERROR(drop_adds(tx, row));
  }
  return insert_change(tx, row, {true, first, last, Era::present});
}

Result<std::vector<Label>> labels(Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT l.id, l.collection_id, c.kind, c.owner_id, l.attributes, "
                          "l.document_id FROM labels AS l JOIN collections AS c "
                          "ON c.id = l.collection_id ORDER BY l.id"));
  std::vector<Label> all;
  for (;;) {
    WY_TRY(const bool row, statement.step());
    if (!row) return all;
    Label label;
    label.id = statement.integer(0);
    label.collection_id = statement.text(1);
    const auto kind = collection_kind(statement.text(2));
    if (!kind) return Error{ErrorCode::corrupt, "a collection has an unknown kind"};
    label.collection_kind = *kind;
    label.owner_id = statement.text(3);
    WY_TRY(label.attributes, decode_attributes(statement.text(4)));
    label.document_id = statement.text(5);
    all.push_back(std::move(label));
  }
}

Status use_access_attributes(Transaction& tx, const AccessAttributes& access) {
  std::string wanted;
  for (const std::string& name : access) wanted += name + "\n";
  WY_TRY(auto known, tx.prepare("SELECT value FROM meta WHERE name = 'access_attributes'"));
  WY_TRY(const bool found, known.step());
  if (found && known.text(0) == wanted) return Done{};
  known.reset();
  WY_TRY(const auto all, collections(tx));
  for (const Collection& each : all) {
    WY_RETURN_IF_ERROR(relabel_collection(tx, each, access));
  }
  WY_TRY(auto statement, tx.prepare("INSERT OR REPLACE INTO meta (name, value) "
                                    "VALUES ('access_attributes', ?)"));
  WY_RETURN_IF_ERROR(statement.bind(1, wanted).run());
  return tx.raise_epoch();
}

Status set_document_compartment(Transaction& tx, const std::string& document_id, bool own_label,
                                const AccessAttributes& access) {
  WY_TRY(DocumentRow row, load_document(tx, document_id));
  if (row.own_label == own_label) return Done{};
  row.own_label = own_label;
  WY_TRY(const Collection parent, collection(tx, row.document.collection_id));
  WY_RETURN_IF_ERROR(relabel(tx, row, parent.attributes, access));
  return save_document(tx, row);
}

Status relabel_collection(Transaction& tx, const Collection& collection,
                          const AccessAttributes& access) {
  static const std::string sql = "SELECT " + document_columns() +
                                 " FROM documents AS d WHERE d.collection_id = ? AND d.number > ? "
                                 "ORDER BY d.number LIMIT 1";
  // Row by row: the statement must not be open while its table changes.
  for (std::int64_t last = 0;;) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_TRY(const bool found, statement.bind(1, collection.id).bind(2, last).step());
    if (!found) return Done{};
    DocumentKeys keys(tx);
    WY_TRY(DocumentRow row, read_document_row(statement, keys));
    statement.reset();
    last = row.number;
    const LabelId before = row.document.label_id;
    WY_RETURN_IF_ERROR(relabel(tx, row, collection.attributes, access));
    if (row.document.label_id != before) WY_RETURN_IF_ERROR(save_document(tx, row));
  }
}

}  // namespace wenyuan::store
