// The SQLite database: one writer thread with group commit, a pool of readers.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/document.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/statement.h"

namespace wenyuan::store {

class KeyRing;

// One consistent view of everything committed. Lives only inside Database::read or write.
class Snapshot {
 public:
  // Writes all of it into a file, which must not be there; writers go on. Not synced.
  Status copy_to(const std::filesystem::path& file);

  // Statements are cached by their text, so `sql` should be a literal.
  Result<Statement> prepare(std::string_view sql);

  Result<Epoch> epoch();
  // The last committed change (or, in a transaction, including its own).
  Result<CommitNumber> commit_number();

  // Done when nothing that access can depend on has changed since the permit was made; else
  // conflict. Changes that this unit itself has made do not count: it was permitted as a whole.
  Status accept(const Permit& permit);
  // False when this unit has raised the epoch itself: what is decided from it may yet be undone, so
  // it must not be remembered under that epoch.
  bool epoch_is_committed() const { return !epoch_before_; }

  const KeyRing& keys() const { return keys_; }

 protected:
  friend class Database;
  friend class GroupWriter;
  Snapshot(Connection& connection, const KeyRing& keys) : connection_(connection), keys_(keys) {}
  Connection& connection_;
  const KeyRing& keys_;
  std::optional<Epoch> epoch_before_;  // set when this unit has raised the epoch
};

// A unit of writing: all of it becomes durable, or none.
class Transaction : public Snapshot {
 public:
  // The number of this unit; raised on the first call, the same on later ones.
  Result<CommitNumber> raise_commit();
  // Makes every permit given out so far stale. Call on each change that access can depend on.
  Status raise_epoch();
  // An erasure secret (store/erasure_secrets.h) that is overwritten when this unit is on disk, and
  // before its caller hears of it.
  Status destroy_secret(std::int64_t number);

 private:
  friend class GroupWriter;
  using Snapshot::Snapshot;
  CommitNumber raised_ = 0;
  bool destroys_secrets_ = false;
};

class WalObserver;  // store/wal_observer.h

// Thread-safe.
class Database {
 public:
  struct Options {
    std::filesystem::path directory;  // holds wenyuan.db; created when absent
    int reader_count = 8;
    bool read_only = false;  // for commands that look at a store beside a running server
    // See KeyRing::Options (store/key_ring.h). Empty: the folder keys in `directory`.
    std::filesystem::path keys = {};
    std::string master_key = {};
    std::string previous_master_key = {};
    std::filesystem::path key_copy = {};
  };

  // Creates or migrates. conflict when another process has the store open for writing,
  // corrupt when SQLite's own check says so or the schema is newer than this program. conflict also
  // for a store whose content is not encrypted, and for another master key than the store's.
  static Result<std::unique_ptr<Database>> open(const Options& options);
  ~Database();

  // Runs `work` in the writer thread and returns when its changes are on disk. An error from
  // `work` undoes all of it. Many callers share one fsync. Never call from inside `work`.
  Status write(const std::function<Status(Transaction&)>& work);

  // The same for work that gives a value.
  template <class Work>
  requires(!std::is_same_v<std::invoke_result_t<Work, Transaction&>, Status>) auto write(Work work)
      -> std::invoke_result_t<Work, Transaction&> {
    std::optional<std::invoke_result_t<Work, Transaction&>> result;
    const Status status = write(std::function<Status(Transaction&)>([&](Transaction& tx) -> Status {
      result.emplace(work(tx));
      if (!*result) return result->error();
      return Done{};
    }));
    if (!status) return status.error();
    return std::move(*result);
  }

  // Empties the write-ahead log into the database file: after an erasure, nothing of what was
  // erased is left in either. unavailable while a reader looks at an older view for long.
  Status checkpoint();

  // Tells the observer of every commit from now on; null: nobody, and the one before is not called
  // any more when this returns.
  Status observe(WalObserver* observer);

  // Runs `work` on a reader; waits for one when all are busy, and is unavailable when that takes
  // too long. Never call from inside `work`: with every reader held by such a caller, all wait.
  template <class Work>
  auto read(Work work) -> std::invoke_result_t<Work, Snapshot&> {
    WY_TRY(Reader reader, acquire_reader());
    Snapshot snapshot(*reader.connection, keys());
    return work(snapshot);
  }

  // The last durable epoch and commit, without touching the disk.
  const std::atomic<Epoch>& epoch() const;
  CommitNumber last_commit() const;
  // Random, made when the store was: derived files that carry another one are not ours.
  const std::string& store_id() const;
  KeyRing& keys() const;
  // How many documents could not be read for want of their erasure secret when this was opened for
  // writing (store/erased_secrets.h).
  std::int64_t unreadable_documents() const;

 private:
  struct Impl;
  // A connection with an open read transaction; gives it back when it goes.
  struct Reader {
    Connection* connection;
    std::unique_ptr<Connection, std::function<void(Connection*)>> owner;
  };
  explicit Database(std::unique_ptr<Impl> impl);
  Result<Reader> acquire_reader();

  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::store
