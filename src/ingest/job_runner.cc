#include "ingest/job_runner.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "ingest/document_processor.h"
#include "ingest/late_embedder.h"
#include "ingest/retry.h"
#include "store/content_store.h"
#include "store/job_store.h"
#include "store/late_vectors.h"

namespace wenyuan::ingest {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kReportInterval{500};
constexpr std::chrono::seconds kLookInterval{10};  // for jobs that nobody announced

}  // namespace

struct JobRunner::Impl {
  Impl(const Parts& the_parts, const Options& the_options)
      : parts(the_parts),
        options(the_options),
        processor(the_parts, the_options),
        late_embedder(the_parts, the_options) {}

  // Tells the listener of one job, and the store, but neither too often.
  class Progress {
   public:
    Progress(Impl& runner, Job& job) : runner_(runner), job_(job) {}
    bool report(std::string_view stage, std::int64_t done, std::int64_t total);

   private:
    Impl& runner_;
    Job& job_;
    SteadyClock::time_point last_told_ = SteadyClock::now();
    SteadyClock::time_point last_stored_{};
  };

  void work(std::stop_token stop);
  bool wait_for_job(std::uint64_t& seen, const std::stop_token& stop);
  Result<std::optional<Job>> next_job();
  Result<std::optional<Job>> next_embed_job();
  void run(Job job, const std::stop_token& stop);
  void ingest(Job& job, const std::stop_token& stop);
  void embed(Job& job, const std::stop_token& stop);
  // As of the version that the job was made for.
  Result<Document> load(const Job& job);
  void end(const Job& job, const Error& error,
           const std::function<Status(store::Transaction&)>& fail);
  void succeed(Job& job, SteadyClock::time_point start);
  static void count(const std::string& kind, const char* result);
  void index(const Job& job);
  void tell(const Job& job);

  const Parts parts;
  const Options options;
  const DocumentProcessor processor;
  const LateEmbedder late_embedder;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::uint64_t wakes = 0;                   // guarded by mutex
  std::function<void(const Job&)> listener;  // guarded by mutex
  std::vector<std::jthread> workers;
};

bool JobRunner::Impl::Progress::report(std::string_view stage, std::int64_t done,
                                       std::int64_t total) {
  const auto now = SteadyClock::now();
  const bool fresh = job_.stage != stage;
  job_.stage = stage;
  job_.done = done;
  job_.total = total;
  if (fresh || now - last_told_ >= kReportInterval) {
    last_told_ = now;
    runner_.tell(job_);
  }
  if (now - last_stored_ < kReportInterval) return true;
  last_stored_ = now;
  const Status stored = runner_.parts.database->write([&](store::Transaction& tx) -> Status {
    return store::report_progress(tx, job_, runner_.parts.clock->now());
  });
  // Only a job that is gone needs no more work; a full disk shows again at the end.
  return stored || stored.error().code != ErrorCode::not_found;
}

void JobRunner::Impl::tell(const Job& job) {
  std::function<void(const Job&)> call;
  {
    const std::lock_guard lock(mutex);
    call = listener;
  }
  if (call) call(job);
}

bool JobRunner::Impl::wait_for_job(std::uint64_t& seen, const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, stop, kLookInterval, [&] { return wakes != seen; });
  seen = wakes;
  return !stop.stop_requested();
}

// Looks before it writes: an idle worker must not keep the disk busy.
Result<std::optional<Job>> JobRunner::Impl::next_job() {
  if (options.may_begin && !options.may_begin()) return std::optional<Job>();
  WY_TRY(const std::int64_t queued, parts.database->read([](store::Snapshot& snapshot) {
    return store::queued_job_count(snapshot);
  }));
  if (queued == 0) return next_embed_job();
  return parts.database->write([&](store::Transaction& tx) -> Result<std::optional<Job>> {
    return store::take_job(tx, parts.clock->now());
  });
}

Result<std::optional<Job>> JobRunner::Impl::next_embed_job() {
  const std::string model = parts.indexer->model().name;
  if (model.empty()) return std::optional<Job>();
  WY_TRY(const bool waits, parts.database->read([&](store::Snapshot& snapshot) {
    return store::has_embed_work(snapshot, model);
  }));
  if (!waits) return std::optional<Job>();
  return parts.database->write([&](store::Transaction& tx) -> Result<std::optional<Job>> {
    return store::take_embed_job(tx, model, parts.clock->now());
  });
}

void JobRunner::Impl::work(std::stop_token stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    Result<std::optional<Job>> job = next_job();
    if (!job) log::warn("job_not_taken", {{"reason", job.error().message}});
    if (job && *job) {
      run(**std::move(job), stop);
    } else if (!wait_for_job(seen, stop)) {
      return;
    }
  }
}

void JobRunner::Impl::run(Job job, const std::stop_token& stop) {
  if (job.kind == "embed") return embed(job, stop);
  ingest(job, stop);
}

void JobRunner::Impl::ingest(Job& job, const std::stop_token& stop) {
  const auto start = SteadyClock::now();
  Progress progress(*this, job);
  const auto report = [&](std::string_view stage, std::int64_t done, std::int64_t total) {
    return progress.report(stage, done, total);
  };
  const auto document = retry(RetryOptions(), stop, [&] { return load(job); });
  const Status processed =
      document ? processor.process(*document, report, stop) : Status(document.error());
  if (!processed && stop.stop_requested()) return;  // stop() queues it again
  if (!processed) {
    return end(job, processed.error(), [&](store::Transaction& tx) {
      return store::fail_document(tx, job.document_id, processed.error().message,
                                  parts.clock->now(), document ? document->version : 0);
    });
  }
  const std::chrono::duration<double> seconds = SteadyClock::now() - start;
  metrics::histogram("wenyuan_ingest_duration_seconds", "From taking a job to its commit.")
      .observe(seconds.count());
  succeed(job, start);
}

void JobRunner::Impl::embed(Job& job, const std::stop_token& stop) {
  const auto start = SteadyClock::now();
  Progress progress(*this, job);
  const auto report = [&](std::string_view stage, std::int64_t done, std::int64_t total) {
    return progress.report(stage, done, total);
  };
  // Uploads come first; this one goes on when they are through.
  const auto give_way = [&] {
    const auto waits = parts.database->read(
        [](store::Snapshot& snapshot) { return store::upload_waits(snapshot); });
    return waits && *waits;
  };
  const auto processed = late_embedder.process(job.document_id, report, give_way, stop);
  if (!processed && stop.stop_requested()) return;  // stop() queues it again
  if (!processed) {
    return end(job, processed.error(), [&](store::Transaction& tx) {
      return store::fail_embed_job(tx, job, processed.error().message, parts.clock->now());
    });
  }
  const Status stored = parts.database->write([&](store::Transaction& tx) -> Status {
    return *processed ? store::finish_embed_job(tx, job, parts.clock->now())
                      : store::put_back_embed_job(tx, job, parts.clock->now());
  });
  if (!stored) log::warn("job_end_not_stored", {{"reason", stored.error().message}});
  if (*processed) succeed(job, start);
}

Result<Document> JobRunner::Impl::load(const Job& job) {
  return parts.database->read([&](store::Snapshot& snapshot) {
    return store::document_for_ingest(snapshot, job.document_id, job.id);
  });
}

void JobRunner::Impl::count(const std::string& kind, const char* result) {
  metrics::counter("wenyuan_ingest_jobs_total", "Jobs by their kind and result.",
                   {{"kind", kind}, {"result", result}})
      .add();
}

void JobRunner::Impl::succeed(Job& job, SteadyClock::time_point start) {
  const std::chrono::duration<double> seconds = SteadyClock::now() - start;
  log::info(job.kind == "embed" ? "document_embedded" : "document_ingested",
            {{"document", job.document_id}, {"job", job.id}, {"seconds", seconds.count()}});
  count(job.kind, "done");
  index(job);
  job.state = JobState::done;
  tell(job);
}

// The job may have ended already: its document was deleted, or has a newer version that came first.
void JobRunner::Impl::end(const Job& job, const Error& error,
                          const std::function<Status(store::Transaction&)>& fail) {
  const auto stored = [&] {
    return parts.database->read(
        [&](store::Snapshot& snapshot) { return store::job(snapshot, job.id); });
  };
  auto ended = stored();
  if (ended && ended->state == JobState::running) {
    const Status failed = parts.database->write(fail);
    if (!failed && failed.error().code != ErrorCode::not_found) {
      log::error("failure_not_stored", {{"job", job.id}, {"reason", failed.error().message}});
    }
    ended = stored();
  }
  if (ended && ended->state == JobState::failed) {
    log::warn("document_failed", {{"document", job.document_id},
                                  {"job", job.id},
                                  {"code", name(error.code)},
                                  {"reason", error.message}});
    count(job.kind, "failed");
  } else {
    log::info("job_gone", {{"document", job.document_id}, {"job", job.id}});
    count(job.kind, "gone");
  }
  if (ended) tell(*ended);
}

// Searches do this too, so a problem here only makes the next one slower.
void JobRunner::Impl::index(const Job& job) {
  const auto document = load(job);
  if (!document) return;
  const std::array labels = {document->label_id};
  const Status indexed = parts.indexer->catch_up(labels);
  if (!indexed) log::warn("index_behind", {{"job", job.id}, {"reason", indexed.error().message}});
}

JobRunner::JobRunner(const Parts& parts, const Options& options)
    : impl_(std::make_unique<Impl>(parts, options)) {}

JobRunner::~JobRunner() { stop(); }

Status JobRunner::start() {
  const auto begin = [&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(store::retry_embedding(tx));
    return store::requeue_running_jobs(tx, impl_->options.attempts_max, impl_->parts.clock->now());
  };
  if (Status begun = impl_->parts.database->write(begin); !begun) return begun;
  for (int i = 0; i < impl_->options.worker_count; ++i) {
    impl_->workers.emplace_back([this](std::stop_token stop) { impl_->work(std::move(stop)); });
  }
  return Done{};
}

void JobRunner::wake() {
  {
    const std::lock_guard lock(impl_->mutex);
    ++impl_->wakes;
  }
  impl_->changed.notify_all();
}

void JobRunner::stop() {
  if (impl_->workers.empty()) return;
  for (std::jthread& worker : impl_->workers) worker.request_stop();
  impl_->workers.clear();
  // Stopping is no failure of a job, however often it happens.
  const Status queued = impl_->parts.database->write([&](store::Transaction& tx) -> Status {
    return store::requeue_running_jobs(tx, std::numeric_limits<int>::max(),
                                       impl_->parts.clock->now());
  });
  if (!queued) log::warn("jobs_not_queued_again", {{"reason", queued.error().message}});
}

void JobRunner::on_progress(std::function<void(const Job&)> listener) {
  const std::lock_guard lock(impl_->mutex);
  impl_->listener = std::move(listener);
}

}  // namespace wenyuan::ingest
