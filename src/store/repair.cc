#include "store/repair.h"

#include <set>

#include "base/id.h"
#include "store/chunk_check.h"
#include "store/consistency_rules.h"
#include "store/document_row.h"
#include "store/labels.h"
#include "store/past_versions.h"
#include "store/unreadable.h"

namespace wenyuan::store {
namespace {

constexpr std::size_t kBadChunksMax = 100'000;

Result<std::vector<std::string>> named_by(Transaction& tx, const ConsistencyRule& rule) {
  WY_TRY(auto statement, tx.prepare(rule.sql));
  std::vector<std::string> names;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return names;
    names.push_back(statement.text(0));
  }
}

Status run(Transaction& tx, std::string_view sql, std::int64_t number) {
  WY_TRY(auto statement, tx.prepare(sql));
  return statement.bind(1, number).run();
}

Result<std::string> add_job(Transaction& tx, const DocumentRow& row, std::int64_t version,
                            UnixMillis now) {
  std::string id = new_id("job");
  WY_TRY(auto job, tx.prepare("INSERT INTO jobs (id, kind, document_id, user_id, state, stage, "
                              "done, total, attempts, error, created_at, updated_at) "
                              "VALUES (?1, 'ingest', ?2, '', 'queued', '', 0, 0, 0, '', ?3, ?3)"));
  WY_RETURN_IF_ERROR(job.bind(1, id).bind(2, row.document.id).bind(3, now).run());
  WY_TRY(auto statement, tx.prepare("UPDATE document_versions SET job_id = ? "
                                    "WHERE document = ? AND version = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, id).bind(2, row.number).bind(3, version).run());
  return id;
}

Status queue(Transaction& tx, DocumentRow& row, UnixMillis now) {
  Document& document = row.document;
  WY_TRY(document.job_id, add_job(tx, row, document.version, now));
  document.state = row.text_version > 0 ? DocumentState::processing : DocumentState::queued;
  document.error.clear();
  return save_document(tx, row);
}

// Superseded versions whose texts were kept, or should have been.
Status ingest_past_again(Transaction& tx, const DocumentRow& row, UnixMillis now) {
  std::set<std::int64_t> versions;
  {
    WY_TRY(auto statement,
           tx.prepare("SELECT version FROM document_versions WHERE document = ?1 AND "
                      "version < ?2 AND version <> ?3 AND (text_size IS NOT NULL OR version IN "
                      "(SELECT version FROM past_chunks WHERE document = ?1))"));
    statement.bind(1, row.number).bind(2, row.document.version).bind(3, row.text_version);
    for (;;) {
      WY_TRY(const bool found, statement.step());
      if (!found) break;
      versions.insert(statement.integer(0));
    }
  }
  WY_RETURN_IF_ERROR(record_past_changes(tx, row, false));
  WY_RETURN_IF_ERROR(forget_past_texts(tx, row));
  for (const std::int64_t version : versions) {
    WY_RETURN_IF_ERROR(add_job(tx, row, version, now));
  }
  return Done{};
}

// As if it had just been uploaded.
Status ingest_again(Transaction& tx, DocumentRow& row, UnixMillis now) {
  WY_RETURN_IF_ERROR(record_change(tx, row, false));
  for (const std::string_view sql :
       {"DELETE FROM chunks WHERE document = ?", "DELETE FROM document_texts WHERE document = ?",
        "DELETE FROM document_layouts WHERE document = ?",
        "UPDATE documents SET embedding_model = '', embedding_begun = '' WHERE number = ?",
        "UPDATE jobs SET state = 'done', stage = 'superseded' WHERE state IN ('queued', 'running') "
        "AND document_id = (SELECT id FROM documents WHERE number = ?1) AND id NOT IN "
        "(SELECT v.job_id FROM document_versions v JOIN documents d ON d.number = v.document "
        "WHERE d.number = ?1 AND v.version < d.version)"}) {
    WY_RETURN_IF_ERROR(run(tx, sql, row.number));
  }
  const bool superseded = row.text_version > 0 && row.text_version < row.document.version;
  if (superseded) WY_RETURN_IF_ERROR(add_job(tx, row, row.text_version, now));
  row.document.chunk_count = 0;
  row.first_chunk = 0;
  row.last_chunk = 0;
  row.text_size = 0;
  row.text_version = 0;
  return queue(tx, row, now);
}

Status embed_again(Transaction& tx, const DocumentRow& row) {
  WY_RETURN_IF_ERROR(run(tx, "UPDATE chunks SET vector = NULL WHERE document = ?", row.number));
  WY_RETURN_IF_ERROR(run(tx,
                         "UPDATE documents SET embedding_model = '', embedding_begun = '', "
                         "embedding_failed = 0 WHERE number = ?",
                         row.number));
  return record_renewal(tx, row, row.first_chunk, row.last_chunk);
}

Status apply(Transaction& tx, Remedy remedy, const std::string& document_id, UnixMillis now) {
  WY_TRY(DocumentRow row, load_document(tx, document_id));
  switch (remedy) {
    case Remedy::ingest_again: return ingest_again(tx, row, now);
    case Remedy::index_again: return record_change(tx, row, true);
    case Remedy::embed_again: return embed_again(tx, row);
    case Remedy::queue_again: return queue(tx, row, now);
    case Remedy::ingest_past_again: return ingest_past_again(tx, row, now);
    case Remedy::recount: break;
  }
  return Done{};
}

Status recount(Transaction& tx) {
  WY_TRY(auto statement, tx.prepare("UPDATE labels SET document_count = (SELECT COUNT(*) FROM "
                                    "documents d WHERE d.label_id = labels.id)"));
  return statement.run();
}

Status reindex(Transaction& tx, std::vector<std::string>& done) {
  std::string first;
  {
    WY_TRY(auto check, tx.prepare("PRAGMA integrity_check(1)"));
    WY_RETURN_IF_ERROR(check.step());
    first = check.text(0);
  }
  if (first == "ok") return Done{};
  WY_TRY(auto statement, tx.prepare("REINDEX"));
  WY_RETURN_IF_ERROR(statement.run());
  done.push_back("SQLite's indexes built anew: " + first);
  return Done{};
}

// Nothing of them can be written, and what there is may come back with a newer copy of the secrets.
Result<std::set<std::string>> unreadable_ids(Transaction& tx) {
  WY_TRY(const std::vector<UnreadableDocument> unreadable, unreadable_documents(tx));
  std::set<std::string> ids;
  for (const UnreadableDocument& each : unreadable) ids.insert(each.id);
  return ids;
}

// First, while the chunks are there.
Status renew_bad_chunks(Transaction& tx, UnixMillis now, std::set<std::string>& renewed,
                        std::set<std::string>& past_renewed, std::vector<std::string>& done) {
  WY_TRY(std::vector<BadChunk> bad, find_bad_chunks(tx, kBadChunksMax));
  WY_TRY(const std::vector<BadChunk> texts, find_bad_texts(tx, kBadChunksMax));
  bad.insert(bad.end(), texts.begin(), texts.end());
  if (!bad.empty()) WY_RETURN_IF_ERROR(tx.raise_commit());
  for (const BadChunk& each : bad) {
    const bool past = each.era == Era::past;
    if (!(past ? past_renewed : renewed).insert(each.document_id).second) continue;
    const Remedy remedy = past ? Remedy::ingest_past_again : Remedy::ingest_again;
    WY_RETURN_IF_ERROR(apply(tx, remedy, each.document_id, now));
    done.push_back("put right: " + each.what + ": " + each.document_id);
  }
  return Done{};
}

}  // namespace

Result<std::vector<std::string>> repair_rows(Transaction& tx, UnixMillis now) {
  std::vector<std::string> done;
  WY_RETURN_IF_ERROR(reindex(tx, done));
  WY_TRY(const std::vector<std::string> emptied, empty_unopened_names(tx));
  done.insert(done.end(), emptied.begin(), emptied.end());
  WY_TRY(const std::set<std::string> unreadable, unreadable_ids(tx));
  std::set<std::string> taken_in_again = unreadable, past_again = unreadable;
  WY_RETURN_IF_ERROR(renew_bad_chunks(tx, now, taken_in_again, past_again, done));
  for (const ConsistencyRule& rule : kConsistencyRules) {
    WY_TRY(const std::vector<std::string> names, named_by(tx, rule));
    if (names.empty()) continue;
    WY_RETURN_IF_ERROR(tx.raise_commit());
    if (rule.remedy == Remedy::recount) WY_RETURN_IF_ERROR(recount(tx));
    for (const std::string& each : names) {
      if (unreadable.contains(each)) continue;  // said by check_consistency()
      const bool past = rule.remedy == Remedy::ingest_past_again;
      const bool again = (past ? past_again : taken_in_again).contains(each);
      if (rule.remedy != Remedy::recount && !again) {
        WY_RETURN_IF_ERROR(apply(tx, rule.remedy, each, now));
      }
      if (rule.remedy == Remedy::ingest_again) taken_in_again.insert(each);
      if (past) past_again.insert(each);
      done.push_back("put right: " + std::string(rule.what) + ": " + each);
    }
  }
  return done;
}

}  // namespace wenyuan::store
