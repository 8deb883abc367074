// The writer thread: works queued by many callers share one transaction and one fsync.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/connection.h"

namespace wenyuan::store {

class KeyRing;
class Transaction;
class WalObserver;

// What others may know without asking the database; set only after it is on disk.
struct Published {
  std::atomic<Epoch> epoch{0};
  std::atomic<CommitNumber> commit{0};
};

// Thread-safe. Works run one after another, each in its own savepoint, so that an error undoes only
// its own work.
class GroupWriter {
 public:
  using Work = std::function<Status(Transaction&)>;

  // The connection is used by the writer thread alone from here on.
  GroupWriter(std::unique_ptr<Connection> connection, Published& published, const KeyRing& keys);
  ~GroupWriter();  // works off what is queued

  // Returns when the work is on disk or undone; unavailable when too many wait.
  Status write(const Work& work);
  // Empties the write-ahead log, so that nothing erased is left in it.
  Status checkpoint();
  // As Database::observe().
  Status observe(WalObserver* observer);

 private:
  struct Request;

  Status submit(Request& request);
  Request* next(bool wait);
  void run();
  void run_batch(Request* first);
  void run_work(Request& request);
  Status ready_to_destroy();
  Status commit();
  Status destroy_secrets();
  void move_log();
  void finish(const std::deque<Request*>& batch, const Status& outcome);

  std::unique_ptr<Connection> connection_;
  Published& published_;
  WalObserver* observer_ = nullptr;  // used by the writer thread alone
  int frames_ = 0;                   // in the log, while there is an observer; the same
  const KeyRing& keys_;
  bool destroys_secrets_ = false;  // a work of this batch does; used by the writer thread alone
  bool secrets_left_ = false;      // to be destroyed, of an earlier batch; the same
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Request*> queue_;  // guarded by mutex_
  bool closed_ = false;         // guarded by mutex_
  std::thread thread_;
};

}  // namespace wenyuan::store
