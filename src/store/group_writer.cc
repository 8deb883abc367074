#include "store/group_writer.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "store/database.h"
#include "store/erased_secrets.h"
#include "store/key_ring.h"
#include "store/wal_observer.h"

namespace wenyuan::store {
namespace {

constexpr std::size_t kQueueSizeMax = 1024;
constexpr std::size_t kBatchSizeMax = 256;
// Longer than an fsync, shorter than what a caller notices: how long the first may wait for others.
constexpr std::chrono::milliseconds kBatchTimeMax{25};

metrics::Histogram& commit_seconds() {
  static metrics::Histogram& histogram = metrics::histogram("wenyuan_store_commit_duration_seconds",
                                                            "Time of one COMMIT, with its fsync.");
  return histogram;
}

metrics::Counter& works_committed() {
  static metrics::Counter& counter =
      metrics::counter("wenyuan_store_writes_total", "Writes made durable.");
  return counter;
}

// The writer thread serves everybody, so whatever a work throws must not end it.
Status guarded(const GroupWriter::Work& work, Transaction& tx) {
  try {
    return work(tx);
  } catch (const std::exception& thrown) {
    return Error{ErrorCode::internal, std::string("a write stopped: ") + thrown.what()};
  }
}

}  // namespace

struct GroupWriter::Request {
  const Work* work = nullptr;     // null: a checkpoint
  std::optional<Status> outcome;  // guarded by mutex_ once queued; set last
  std::optional<Status> result;   // the work's own; used by the writer thread alone
  std::condition_variable finished;
};

GroupWriter::GroupWriter(std::unique_ptr<Connection> connection, Published& published,
                         const KeyRing& keys)
    : connection_(std::move(connection)),
      published_(published),
      keys_(keys),
      thread_([this] { run(); }) {}

GroupWriter::~GroupWriter() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

Status GroupWriter::write(const Work& work) {
  Request request;
  request.work = &work;
  return submit(request);
}

Status GroupWriter::checkpoint() {
  Request request;
  return submit(request);
}

Status GroupWriter::observe(WalObserver* observer) {
  // In the writer thread, where no commit comes in between.
  return write([this, observer](Transaction& /*tx*/) -> Status {
    connection_->count_frames(observer != nullptr ? &frames_ : nullptr);
    observer_ = observer;
    return Done{};
  });
}

Status GroupWriter::submit(Request& request) {
  WY_ASSERT(std::this_thread::get_id() != thread_.get_id());  // a write inside a write would hang
  std::unique_lock lock(mutex_);
  if (closed_) return Error{ErrorCode::unavailable, "the store is closing"};
  if (queue_.size() >= kQueueSizeMax) {
    return Error{ErrorCode::unavailable, "too many writes are waiting"};
  }
  queue_.push_back(&request);
  arrived_.notify_one();
  request.finished.wait(lock, [&] { return request.outcome.has_value(); });
  return *std::move(request.outcome);
}

// Null when nothing is queued and, if `wait`, nothing will be.
GroupWriter::Request* GroupWriter::next(bool wait) {
  std::unique_lock lock(mutex_);
  if (wait) arrived_.wait(lock, [&] { return closed_ || !queue_.empty(); });
  if (queue_.empty()) return nullptr;
  Request* const request = queue_.front();
  if (request->work == nullptr && !wait) return nullptr;  // a checkpoint needs no transaction open
  queue_.pop_front();
  return request;
}

void GroupWriter::run() {
  while (Request* const request = next(true)) {
    if (request->work == nullptr) {
      if (observer_ != nullptr) observer_->before_checkpoint();
      finish({request}, connection_->checkpoint());
    } else {
      run_batch(request);
    }
  }
}

void GroupWriter::run_batch(Request* first) {
  const auto begin = std::chrono::steady_clock::now();
  std::deque<Request*> batch;
  if (Status begun = connection_->execute("BEGIN IMMEDIATE"); !begun) {
    finish({first}, begun);
    return;
  }
  for (Request* request = first; request != nullptr; request = next(false)) {
    batch.push_back(request);
    run_work(*request);
    // A full disk or a read error ends SQLite's transaction itself, and all of the batch with it.
    if (!connection_->in_transaction()) {
      const Error error = request->result->error();
      finish(batch, within("an error undid this write and others with it", error));
      return;
    }
    if (batch.size() >= kBatchSizeMax) break;
    if (std::chrono::steady_clock::now() - begin > kBatchTimeMax) break;
  }
  finish(batch, commit());
  move_log();
}

// What SQLite does by itself when nobody observes.
void GroupWriter::move_log() {
  if (observer_ == nullptr || frames_ < kCheckpointFrames) return;
  observer_->before_checkpoint();
  frames_ = 0;
  if (const Status moved = connection_->checkpoint_some(); !moved) {
    log::warn("store.checkpoint_later", {{"why", moved.error().message}});
  }
}

void GroupWriter::run_work(Request& request) {
  if (Status opened = connection_->execute("SAVEPOINT work"); !opened) {
    request.result = std::move(opened);
    return;
  }
  {
    Transaction tx(*connection_, keys_);
    request.result = guarded(*request.work, tx);
    if (*request.result && tx.destroys_secrets_) request.result = ready_to_destroy();
  }
  if (!*request.result && connection_->in_transaction()) {
    // When even this fails the batch must not be committed with half a work in it.
    if (Status undone = connection_->execute("ROLLBACK TO work"); !undone) {
      request.result = std::move(undone);
      static_cast<void>(connection_->execute("ROLLBACK"));
      return;
    }
  }
  if (!connection_->in_transaction()) {
    if (*request.result) {
      request.result = Error{ErrorCode::unavailable, "the database gave up the transaction"};
    }
    return;
  }
  if (Status released = connection_->execute("RELEASE work"); !released) {
    request.result = std::move(released);
    static_cast<void>(connection_->execute("ROLLBACK"));
  }
}

// While a work can still be undone: what was erased half would be there and not there. Once for
// each batch.
Status GroupWriter::ready_to_destroy() {
  if (destroys_secrets_) return Done{};
  WY_TRY(ErasureSecrets* const secrets, keys_.secrets());
  WY_RETURN_IF_ERROR(secrets->ready());
  destroys_secrets_ = true;
  return Done{};
}

Status GroupWriter::commit() {
  const auto begin = std::chrono::steady_clock::now();
  const auto read_and_commit = [&]() -> Status {
    Snapshot snapshot(*connection_, keys_);
    WY_TRY(const Epoch epoch, snapshot.epoch());
    WY_TRY(const CommitNumber number, snapshot.commit_number());
    const int before = std::exchange(frames_, 0);
    WY_RETURN_IF_ERROR(connection_->execute("COMMIT"));
    published_.commit = number;
    published_.epoch = epoch;
    const bool written = frames_ > 0;
    if (!written) frames_ = before;
    if (observer_ != nullptr && written) observer_->committed(frames_, number);
    return Done{};
  };
  Status outcome = read_and_commit();
  if (!outcome && connection_->in_transaction()) {
    static_cast<void>(connection_->execute("ROLLBACK"));
  }
  commit_seconds().observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  if (!outcome) {
    destroys_secrets_ = false;
    return within("the write could not be made durable", outcome.error());
  }
  return destroy_secrets();
}

Status GroupWriter::destroy_secrets() {
  const bool asked = std::exchange(destroys_secrets_, false);
  if (!asked && !secrets_left_) return Done{};
  const int before = frames_;
  const Status destroyed = destroy_erased_secrets(*connection_, keys_);
  // It has written by itself, behind the commit that was told of.
  if (observer_ != nullptr && frames_ != before) observer_->committed(frames_, published_.commit);
  secrets_left_ = !destroyed;
  if (destroyed) return Done{};
  log::error("store.secrets_not_destroyed", {{"why", destroyed.error().message}});
  // Whoever wrote something else meanwhile has nothing to do with it.
  if (!asked) return Done{};
  return within("it is written, but not yet erased for good", destroyed.error());
}

// A work that failed by itself keeps its own error; the others share the batch's outcome.
void GroupWriter::finish(const std::deque<Request*>& batch, const Status& outcome) {
  const std::lock_guard lock(mutex_);
  for (Request* const request : batch) {
    const bool failed_alone = request->result && !*request->result;
    if (outcome && !failed_alone) works_committed().add();
    request->outcome = failed_alone ? *std::move(request->result) : outcome;
    // Under the lock: the request is gone as soon as its caller sees the outcome.
    request->finished.notify_one();
  }
}

}  // namespace wenyuan::store
