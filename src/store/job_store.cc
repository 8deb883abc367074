#include "store/job_store.h"

#include "store/content_store.h"
#include "store/late_vectors.h"

namespace wenyuan::store {
namespace {

std::string columns() {
  return "id, kind, document_id, user_id, state, stage, done, total, attempts, error, created_at, "
         "updated_at";
}

Result<Job> read_job(const Statement& statement) {
  Job job;
  job.id = statement.text(0);
  job.kind = statement.text(1);
  job.document_id = statement.text(2);
  job.user_id = statement.text(3);
  const auto state = job_state(statement.text(4));
  if (!state) return Error{ErrorCode::corrupt, "a job has an unknown state"};
  job.state = *state;
  job.stage = statement.text(5);
  job.done = statement.integer(6);
  job.total = statement.integer(7);
  job.attempts = static_cast<int>(statement.integer(8));
  job.error = statement.text(9);
  job.created_at = statement.integer(10);
  job.updated_at = statement.integer(11);
  return job;
}

// A document that waits again behind chunks of an older version is still searchable: processing.
Status set_document_state(Transaction& tx, const std::string& document_id, bool running,
                          UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE documents SET updated_at = ?3, state = CASE WHEN ?2 OR "
                                    "text_version > 0 THEN 'processing' ELSE 'queued' END "
                                    "WHERE id = ?1 AND state IN ('queued', 'processing')"));
  return statement.bind(1, document_id).bind(2, running).bind(3, now).run();
}

Result<std::vector<Job>> running_jobs(Snapshot& snapshot) {
  static const std::string sql =
      "SELECT " + columns() + " FROM jobs WHERE state = 'running' ORDER BY number";
  WY_TRY(auto statement, snapshot.prepare(sql));
  std::vector<Job> all;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return all;
    WY_TRY(Job job, read_job(statement));
    all.push_back(std::move(job));
  }
}

// A document that made its reader or its model end the whole server must not do so for ever.
Status give_up(Transaction& tx, const Job& job, std::int64_t version, UnixMillis now) {
  const std::string reason = "processing was broken off " + std::to_string(job.attempts) + " times";
  if (job.kind == "embed") return fail_embed_job(tx, job, reason, now);
  return fail_document(tx, job.document_id, reason, now, version);
}

Status queue_again(Transaction& tx, const Job& job, UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE jobs SET state = 'queued', stage = '', done = 0, "
                                    "total = 0, updated_at = ? WHERE id = ?"));
  WY_RETURN_IF_ERROR(statement.bind(1, now).bind(2, job.id).run());
  if (job.kind == "embed") return Done{};
  return set_document_state(tx, job.document_id, false, now);
}

// The version that the job was made for; 0 for one that is for the chunks that there are.
Result<std::int64_t> version_of(Snapshot& snapshot, const Job& job) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT v.version FROM document_versions AS v JOIN documents AS d "
                          "ON d.number = v.document WHERE d.id = ? AND v.job_id = ?"));
  WY_TRY(const bool found, statement.bind(1, job.document_id).bind(2, job.id).step());
  return found ? statement.integer(0) : 0;
}

}  // namespace

Result<Job> job(Snapshot& snapshot, const std::string& id) {
  static const std::string sql = "SELECT " + columns() + " FROM jobs WHERE id = ?";
  WY_TRY(auto statement, snapshot.prepare(sql));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found) return Error{ErrorCode::not_found, "no such job"};
  return read_job(statement);
}

Result<std::optional<Job>> take_job(Transaction& tx, UnixMillis now) {
  static const std::string sql =
      "UPDATE jobs SET state = 'running', attempts = attempts + 1, updated_at = ? "
      "WHERE number = coalesce("
      "(SELECT number FROM jobs WHERE state = 'queued' AND kind <> 'embed' "
      "ORDER BY number LIMIT 1), "
      "(SELECT number FROM jobs WHERE state = 'queued' ORDER BY number LIMIT 1)) RETURNING " +
      columns();
  std::optional<Job> taken;
  {
    WY_TRY(auto statement, tx.prepare(sql));
    WY_TRY(const bool found, statement.bind(1, now).step());
    if (!found) return taken;
    WY_TRY(taken, read_job(statement));
  }
  if (taken->kind != "embed") {
    WY_RETURN_IF_ERROR(set_document_state(tx, taken->document_id, true, now));
  }
  return taken;
}

Status requeue_running_jobs(Transaction& tx, int attempts_max, UnixMillis now) {
  WY_TRY(const auto interrupted, running_jobs(tx));
  for (const Job& each : interrupted) {
    WY_TRY(const std::int64_t version, version_of(tx, each));
    if (each.attempts >= attempts_max) {
      WY_RETURN_IF_ERROR(give_up(tx, each, version, now));
    } else {
      WY_RETURN_IF_ERROR(queue_again(tx, each, now));
    }
  }
  return Done{};
}

Status report_progress(Transaction& tx, const Job& job, UnixMillis now) {
  WY_TRY(auto statement, tx.prepare("UPDATE jobs SET stage = ?, done = ?, total = ?, "
                                    "updated_at = ? WHERE id = ? AND state = 'running' "
                                    "RETURNING 1"));
  WY_TRY(const bool found, statement.bind(1, job.stage)
                               .bind(2, job.done)
                               .bind(3, job.total)
                               .bind(4, now)
                               .bind(5, job.id)
                               .step());
  if (!found) return Error{ErrorCode::not_found, "no such running job"};
  return Done{};
}

Result<bool> upload_waits(Snapshot& snapshot) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT 1 FROM jobs WHERE state = 'queued' AND kind <> 'embed' LIMIT 1"));
  return statement.step();
}

Result<std::int64_t> queued_job_count(Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT count(*) FROM jobs WHERE state = 'queued'"));
  WY_RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

}  // namespace wenyuan::store
