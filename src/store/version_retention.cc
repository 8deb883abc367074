#include "store/version_retention.h"

#include <algorithm>

#include "store/blob_rows.h"
#include "store/content_access.h"
#include "store/document_keys.h"
#include "store/erasure.h"
#include "store/labels.h"

namespace wenyuan::store {
namespace {

// Of documents of which nothing waits to be read, versions that are older than the text of now, and
// superseded by too many or too long ago (?1 is now).
constexpr std::string_view kTooOld =
    "SELECT d.id, v.version FROM collections AS c JOIN documents AS d ON d.collection_id = c.id "
    "JOIN document_versions AS v ON v.document = d.number "
    "WHERE (c.versions_kept IS NOT NULL OR c.versions_kept_for IS NOT NULL) "
    "AND v.version < d.text_version AND NOT EXISTS (SELECT 1 FROM jobs AS j "
    "WHERE j.document_id = d.id AND j.kind = 'ingest' AND j.state IN ('queued', 'running')) "
    "AND ((SELECT count(*) FROM document_versions AS n WHERE n.document = v.document "
    "AND n.version > v.version AND n.version < d.text_version) >= c.versions_kept "
    "OR (SELECT min(n.created_at) FROM document_versions AS n WHERE n.document = v.document "
    "AND n.version > v.version) <= ?1 - c.versions_kept_for) "
    "ORDER BY d.number, v.version LIMIT ?2";

struct Doomed {
  PastRange range;
  std::string sha256;
  SecretNumber secret = 0;
};

Result<Doomed> find_version(Transaction& tx, const DocumentRow& row, std::int64_t version) {
  WY_TRY(auto statement,
         tx.prepare("SELECT first_chunk, last_chunk, sha256, key_secret FROM document_versions "
                    "WHERE document = ? AND version = ?"));
  WY_TRY(const bool found, statement.bind(1, row.number).bind(2, version).step());
  if (!found) return no_such_document();
  return Doomed{{version, statement.integer(0), statement.integer(1)},
                statement.text(2),
                statement.integer(3)};
}

Result<DroppedVersion> drop(Transaction& tx, const DocumentRow& row, std::int64_t version,
                            std::vector<std::string>& unnamed) {
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_TRY(const Doomed doomed, find_version(tx, row, version));
  WY_RETURN_IF_ERROR(record_past_change(tx, row, doomed.range, false));
  WY_RETURN_IF_ERROR(destroy_version_secret(tx, doomed.secret));
  for (const std::string_view sql :
       {"DELETE FROM past_chunks WHERE document = ? AND version = ?",
        "DELETE FROM past_texts WHERE document = ? AND version = ?",
        "DELETE FROM past_layouts WHERE document = ? AND version = ?",
        "DELETE FROM document_versions WHERE document = ? AND version = ?"}) {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_RETURN_IF_ERROR(statement.bind(1, row.number).bind(2, version).run());
  }
  WY_TRY(const auto gone, drop_unnamed(tx, {doomed.sha256}));
  unnamed.insert(unnamed.end(), gone.begin(), gone.end());
  DroppedVersion dropped{row.document.id, row.document.collection_id, version, doomed.sha256};
  if (doomed.range.first != 0) dropped.chunks = doomed.range.last - doomed.range.first + 1;
  dropped.blob_removed = !gone.empty();
  return dropped;
}

std::optional<std::int64_t> number_or_none(const Statement& statement, int at) {
  if (statement.is_null(at)) return std::nullopt;
  return statement.integer(at);
}

void bind_or_null(Statement& statement, int at, const std::optional<std::int64_t>& number) {
  if (number) {
    statement.bind(at, *number);
  } else {
    statement.bind_null(at);
  }
}

}  // namespace

Result<VersionRetention> version_retention(Snapshot& snapshot, const std::string& collection_id) {
  WY_TRY(auto statement, snapshot.prepare("SELECT versions_kept, versions_kept_for "
                                          "FROM collections WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, collection_id).step());
  if (!found) return no_such_collection();
  return VersionRetention{number_or_none(statement, 0), number_or_none(statement, 1)};
}

Status set_version_retention(Transaction& tx, const Permit& permit,
                             const std::string& collection_id, const VersionRetention& retention) {
  WY_RETURN_IF_ERROR(check_managing(tx, permit));
  if (!permit.covers_collection(collection_id)) return no_such_collection();
  if (retention.kept.value_or(0) < 0 || retention.kept_for.value_or(0) < 0) {
    return Error{ErrorCode::invalid_argument, "versions cannot be kept less than not at all"};
  }
  WY_RETURN_IF_ERROR(tx.raise_commit());
  WY_TRY(auto statement, tx.prepare("UPDATE collections SET versions_kept = ?2, "
                                    "versions_kept_for = ?3 WHERE id = ?1"));
  bind_or_null(statement, 2, retention.kept);
  bind_or_null(statement, 3, retention.kept_for);
  return statement.bind(1, collection_id).run();
}

Result<bool> has_old_versions(Snapshot& snapshot, UnixMillis now) {
  WY_TRY(auto statement, snapshot.prepare(kTooOld));
  return statement.bind(1, now).bind(2, 1).step();
}

Result<DroppedVersions> drop_old_versions(Transaction& tx, UnixMillis now, std::size_t count_max) {
  std::vector<std::pair<std::string, std::int64_t>> found;
  {
    WY_TRY(auto statement, tx.prepare(kTooOld));
    statement.bind(1, now).bind(2, static_cast<std::int64_t>(count_max));
    for (;;) {
      WY_TRY(const bool row, statement.step());
      if (!row) break;
      found.emplace_back(statement.text(0), statement.integer(1));
    }
  }
  DroppedVersions dropped;
  for (const auto& [document_id, version] : found) {
    WY_TRY(const DocumentRow row, load_document(tx, document_id));
    WY_TRY(DroppedVersion each, drop(tx, row, version, dropped.unnamed_blobs));
    dropped.versions.push_back(std::move(each));
  }
  return dropped;
}

Status drop_keyless_version(Transaction& tx, std::int64_t document_number, std::int64_t version) {
  std::string id;
  {
    WY_TRY(auto statement,
           tx.prepare("SELECT id FROM documents WHERE number = ?1 AND ?2 < text_version"));
    WY_TRY(const bool superseded, statement.bind(1, document_number).bind(2, version).step());
    if (!superseded) return erase_keyless(tx, document_number);
    id = statement.text(0);
  }
  WY_TRY(const DocumentRow row, load_document(tx, id));
  std::vector<std::string> unnamed;
  WY_RETURN_IF_ERROR(drop(tx, row, version, unnamed));
  return Done{};
}

}  // namespace wenyuan::store
