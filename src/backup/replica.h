// A data directory that is made from a backup, or follows one.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "audit/checkpoint_key.h"
#include "backup/folder.h"
#include "backup/new_file.h"
#include "backup/place.h"
#include "backup/segment.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::backup {

// How far to go; without either, as far as the backup does.
struct Target {
  std::optional<CommitNumber> commit;  // the last one that is wanted
  std::optional<UnixMillis> time;      // nothing committed later is wanted
};

struct Progress {
  std::string generation;
  std::int64_t segment = 0;  // the last that was applied
  std::string previous;      // hex, what the next goes back to
  CommitNumber commit = 0;
  UnixMillis time = 0;  // of what was applied last
  std::int64_t transactions = 0;
};

// One thread at a time. While it lives nobody else opens the data directory.
class Replica {
 public:
  struct Options {
    std::filesystem::path data;        // absent or empty, or what an earlier replica has left
    std::filesystem::path public_key;  // empty: the one in the backup, which then proves only that
                                       // all of it was signed by one key
    std::string generation;            // empty: the newest that reaches the target
    std::string master_key = {};       // as store::Database::Options has it
    std::filesystem::path keys = {};   // the same; empty: the folder keys in `data`
  };
  // conflict when `data` holds anything else; not_found when there is no backup.
  static Result<Replica> open(std::unique_ptr<Place> from, const Options& options);

  // Whether `data` is a replica that has not been finished.
  static bool is_replica(const std::filesystem::path& data);

  // Copies the base when there is none yet, and applies what there is. corrupt, naming the object
  // and what is wrong with it, for what is torn, missing, out of order, altered or signed by
  // another key; what was applied before it stays. invalid_argument when the target lies before the
  // base.
  Status catch_up(const Target& target);
  const Progress& progress() const { return progress_; }
  const Manifest& manifest() const { return manifest_; }
  // Lets another server write to the place at once, instead of the one that wrote there: see
  // backup/writer_claim.h.
  Status take_over() { return place_->remove(kWriterName); }

  struct Finished {
    std::int64_t documents = 0, chunks = 0, originals = 0;
    std::int64_t audit_records = 0;
    std::string audit_root;            // base64
    std::vector<std::string> missing;  // names of originals that the backup does not have
    // Ids of documents that are newer than the erasure secrets: see store/secret_file.h.
    std::vector<std::string> unreadable;
    std::vector<std::string> problems;  // one sentence each; empty: all agrees
  };
  // Checks the whole store: SQLite's integrity, every count, the audit log record by record, and
  // that it contains what the manifest signed. Without problems the directory is a store that a
  // server can be started on; with them it stays a replica that begins anew. The lock goes.
  // Originals and erasure secrets that are missing are no problem when `without_missing`.
  // `last` is done with the open store when there are no problems: a master key may be there to be
  // read only once.
  Result<Finished> finish(bool without_missing,
                          const std::function<Status(store::Database&)>& last = {});

 private:
  Replica(std::unique_ptr<Place> from, const Options& options, audit::VerifyingKey key,
          FileDescriptor lock);
  Result<Manifest> read_manifest(const std::string& generation) const;
  Result<std::string> choose(const Target& target) const;
  Status begin(const std::string& generation);
  Status copy_originals(const std::vector<Original>& originals);
  Result<bool> apply_next(const Target& target);
  Result<bool> apply(Segment& segment, const Target& target);
  Result<Finished> check_store(bool without_missing,
                               const std::function<Status(store::Database&)>& last) const;
  Status check_link(const Segment& segment, std::int64_t number) const;
  Status keep_progress() const;
  Status load_progress();
  std::filesystem::path database() const { return options_.data / "wenyuan.db"; }

  Options options_;
  std::unique_ptr<Place> place_;
  Folder folder_;
  DurableFolders folders_;
  audit::VerifyingKey key_;
  FileDescriptor lock_;
  Manifest manifest_;
  Progress progress_;
  std::int64_t page_size_ = 0;
};

}  // namespace wenyuan::backup
