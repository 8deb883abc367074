// Keeps a place of backups up to date with a store that is being written: what is committed arrives
// there seconds later, and every moment since can be restored.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint_key.h"
#include "backup/base_copy.h"
#include "backup/folder.h"
#include "backup/place.h"
#include "backup/wal_reader.h"
#include "backup/writer_claim.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"
#include "store/wal_observer.h"

namespace wenyuan::backup {

// Thread-safe. It must go before the database.
class Shipper final : public store::WalObserver {
 public:
  struct Options {
    std::filesystem::path data;                        // the data directory, with audit.key
    UnixMillis generation_ms = 86'400'000;             // then a new whole copy is made
    UnixMillis keep_ms = 7 * 86'400'000LL;             // how far back one can go
    std::size_t waiting_max = std::size_t{512} << 20;  // bytes that wait for the place
    // Whether open() goes on while the place cannot be reached.
    bool place_may_be_away = false;
  };
  // conflict when the place holds another store's backups, or another server writes there.
  static Result<std::unique_ptr<Shipper>> open(store::Database& database, const Clock& clock,
                                               std::unique_ptr<Place> place,
                                               const Options& options);
  ~Shipper() override;  // does not ship

  // Everything committed before the call is in the place when it returns; begins a generation
  // when there is none, when the last is old, or when too much had to wait.
  Status ship();
  // A new generation now; its manifest.
  Result<Manifest> begin();
  // From now on faults are not waited out: the server stops. Another server may write there after
  // leave().
  void hurry() { place_->be_patient(false); }
  Status leave();

  struct State {
    std::string to;                        // Place::where()
    std::string generation;                // empty: there is none yet
    std::int64_t segment_count = 0;        // of this generation
    CommitNumber commit = 0;               // the last that is in the place
    CommitNumber commits_behind = 0;       // that are not
    std::size_t waiting_size = 0;          // bytes of theirs that are held in memory
    std::optional<UnixMillis> shipped_at;  // when ship() succeeded last
    std::string trouble;                   // why it did not since; empty: it did
  };
  State state() const;
  // Those that one can go back to, the newest first.
  Result<std::vector<Manifest>> generations() const;

  void committed(int frames, CommitNumber commit) override;
  void before_checkpoint() override;

 private:
  struct Mark {
    int frames = 0;
    CommitNumber commit = 0;
    UnixMillis time = 0;
  };
  Shipper(store::Database& database, const Clock& clock, std::unique_ptr<Place> place,
          const Options& options, audit::SigningKey key);
  Status get_ready();
  void collect();
  Status read_marks(const std::vector<Mark>& marks);
  void give_up(const std::string& why);
  UnixMillis settle();
  Result<Manifest> begin_generation();
  Status ship_waiting();
  Status copy_originals();
  Status write_segment(const std::vector<CommittedPages>& transactions);
  Status settle_segment();
  bool generation_is_due();
  void note(const Status& outcome);

  store::Database& database_;
  const Clock& clock_;
  const Options options_;
  const audit::SigningKey key_;
  const std::unique_ptr<Place> place_;
  const Folder folder_;

  std::mutex marks_mutex_;    // held for moments: the writer thread waits for it
  std::vector<Mark> marks_;   // guarded by marks_mutex_
  UnixMillis last_time_ = 0;  // guarded by marks_mutex_

  mutable std::mutex reading_;           // held while the log is read: a checkpoint waits for it
  WalReader wal_;                        // guarded by reading_
  WalPosition position_;                 // guarded by reading_
  std::int64_t page_size_ = 4096;        // guarded by reading_
  std::vector<CommittedPages> waiting_;  // guarded by reading_
  std::size_t waiting_size_ = 0;         // guarded by reading_
  bool broken_off_ = true;               // guarded by reading_: what waits does not follow

  std::mutex shipping_;               // held while the place is written
  std::optional<WriterClaim> claim_;  // guarded by shipping_
  bool prepared_ = false;             // guarded by shipping_
  OriginalCopier copier_;             // guarded by shipping_
  CommitNumber named_commit_ = -1;    // guarded by shipping_: originals up to it are copied
  std::vector<Original> originals_;   // guarded by shipping_: copied, in no segment yet
  std::optional<Manifest> manifest_;  // guarded by shipping_
  std::string previous_;              // guarded by shipping_
  std::int64_t number_ = 0;           // guarded by shipping_: of the last segment
  // Guarded by shipping_: could not be written for certain. Somebody may have seen it, so the same
  // bytes are written again.
  std::optional<EncodedSegment> unsettled_;

  mutable std::mutex state_mutex_;
  State state_;  // guarded by state_mutex_
};

}  // namespace wenyuan::backup
