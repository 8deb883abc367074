// Jobs: work that goes on after the request that asked for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "store/database.h"

namespace wenyuan::store {

Result<Job> job(Snapshot& snapshot, const std::string& id);
// The oldest queued job, now running; nothing when there is none.
Result<std::optional<Job>> take_job(Transaction& tx, UnixMillis now);
// At start: jobs that were running when the process died are queued again; one that was tried
// `attempts_max` times fails, and its document with it.
Status requeue_running_jobs(Transaction& tx, int attempts_max, UnixMillis now);
// `stage`, `done` and `total` of a running job.
Status report_progress(Transaction& tx, const Job& job, UnixMillis now);
Result<std::int64_t> queued_job_count(Snapshot& snapshot);

}  // namespace wenyuan::store
