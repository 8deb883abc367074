// Jobs: work that goes on after the request that asked for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "store/database.h"

namespace wenyuan::store {

Result<Job> job(Snapshot& snapshot, const std::string& id);
// The oldest queued job, now running; nothing when there is none. Those that make vectors for older
// documents (store/late_vectors.h) come after all others.
Result<std::optional<Job>> take_job(Transaction& tx, UnixMillis now);
// At start: jobs that were running when the process died are queued again; one that was tried
// `attempts_max` times fails, and with it its document, unless that has a newer version by now.
Status requeue_running_jobs(Transaction& tx, int attempts_max, UnixMillis now);
// `stage`, `done` and `total` of a running job.
Status report_progress(Transaction& tx, const Job& job, UnixMillis now);
Result<std::int64_t> queued_job_count(Snapshot& snapshot);
// Of the jobs that take_job() gives first.
Result<bool> upload_waits(Snapshot& snapshot);

}  // namespace wenyuan::store
