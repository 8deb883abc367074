#include "backup/shipper.h"

#include <algorithm>

#include "backup/pruning.h"
#include "backup/signed_lines.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/key_ring.h"

namespace wenyuan::backup {
namespace {

metrics::Counter& shipped_bytes() {
  static metrics::Counter& counter =
      metrics::counter("wenyuan_backup_bytes_total", "Bytes of segments written to the backup.");
  return counter;
}

metrics::Gauge& shipped_time() {
  static metrics::Gauge& gauge =
      metrics::gauge("wenyuan_backup_time_seconds",
                     "When the backup was last known to hold everything committed.");
  return gauge;
}

}  // namespace

Shipper::Shipper(store::Database& database, const Clock& clock, const Options& options,
                 audit::SigningKey key)
    : database_(database),
      clock_(clock),
      options_(options),
      key_(std::move(key)),
      folder_(options.to),
      wal_(options.data / "wenyuan.db-wal"),
      copier_(options.data, folder_, database.keys().files()) {
  state_.to = options.to;
}

Result<std::unique_ptr<Shipper>> Shipper::open(store::Database& database, const Clock& clock,
                                               const Options& options) {
  WY_TRY(audit::SigningKey key,
         audit::SigningKey::open(options.data / "audit.key", options.data / "audit.pub"));
  std::unique_ptr<Shipper> shipper(  // NOLINT: the constructor is private
      new Shipper(database, clock, options, std::move(key)));
  WY_RETURN_IF_ERROR(shipper->folder_.prepare(options.data / "audit.pub"));
  WY_RETURN_IF_ERROR(database.observe(shipper.get()));
  return shipper;
}

Shipper::~Shipper() {
  if (const Status left = database_.observe(nullptr); !left) {
    log::error("backup.still_observing", {{"why", left.error().message}});
  }
}

void Shipper::committed(int frames, CommitNumber commit) {
  const UnixMillis now = clock_.now();
  const std::lock_guard lock(marks_mutex_);
  last_time_ = std::max(last_time_, now);  // a clock that is set back must not turn the order
  marks_.push_back({frames, commit, last_time_});
}

void Shipper::before_checkpoint() { collect(); }

// Takes what is committed out of the log into memory.
void Shipper::collect() {
  const std::lock_guard lock(reading_);
  std::vector<Mark> marks;
  {
    const std::lock_guard quick(marks_mutex_);
    marks.swap(marks_);
  }
  if (marks.empty() || broken_off_) return;
  if (const Status read = read_marks(marks); !read) give_up(read.error().message);
  if (waiting_size_ > options_.waiting_max) give_up("too much waits for the directory");
}

Status Shipper::read_marks(const std::vector<Mark>& marks) {
  WY_RETURN_IF_ERROR(wal_.open(position_));
  page_size_ = wal_.page_size();
  for (const Mark& mark : marks) {
    CommittedPages pages;
    pages.commit = mark.commit;
    pages.time = mark.time;
    WY_RETURN_IF_ERROR(wal_.read(position_, mark.frames, pages));
    waiting_size_ += pages.frames.size();
    waiting_.push_back(std::move(pages));
  }
  return Done{};
}

// The generation ends where it is; the next ship() begins another.
void Shipper::give_up(const std::string& why) {
  log::error("backup.generation_broken_off", {{"why", why}});
  broken_off_ = true;
  position_ = {};
  waiting_.clear();
  waiting_size_ = 0;
}

// Everything that any view has seen so far has a mark that is not later than the time given.
UnixMillis Shipper::settle() {
  static_cast<void>(database_.write([](store::Transaction& /*tx*/) -> Status { return Done{}; }));
  const UnixMillis now = clock_.now();
  const std::lock_guard lock(marks_mutex_);
  last_time_ = std::max(last_time_, now);
  return last_time_;
}

Result<Manifest> Shipper::begin_generation() {
  if (manifest_) {
    // The old one may end with everything.
    collect();
    static_cast<void>(ship_waiting());
  }
  manifest_.reset();
  {
    // From here on all that is committed follows the new base, or is in it already: pages that are
    // written twice, in order, are right in the end.
    const std::lock_guard lock(reading_);
    const std::lock_guard quick(marks_mutex_);
    waiting_.clear();
    waiting_size_ = 0;
    if (broken_off_) marks_.clear();
    if (broken_off_) position_ = {};
    broken_off_ = false;
  }
  const BaseParts parts{&database_, options_.data, &key_, &copier_, [this] { return settle(); }};
  WY_TRY(Base base, make_base(parts, folder_, clock_.now()));
  manifest_ = std::move(base.manifest);
  previous_ = std::move(base.manifest_sha256);
  originals_.clear();
  number_ = 0;
  named_commit_ = manifest_->commit;
  log::info("backup.generation", {{"generation", manifest_->generation},
                                  {"commit", manifest_->commit},
                                  {"bytes", manifest_->base_size}});
  const Status pruned = prune(folder_, manifest_->generation, clock_.now() - options_.keep_ms);
  if (!pruned) log::warn("backup.not_pruned", {{"why", pruned.error().message}});
  const std::lock_guard lock(state_mutex_);
  state_.generation = manifest_->generation;
  state_.segment_count = 0;
  state_.commit = std::max(state_.commit, manifest_->commit);
  return *manifest_;
}

Status Shipper::write_segment(const std::vector<CommittedPages>& transactions) {
  SegmentHead head;
  head.store_id = manifest_->store_id;
  head.generation = manifest_->generation;
  head.number = number_ + 1;
  head.previous = previous_;
  head.page_size = page_size_;
  head.originals = originals_;
  const EncodedSegment made = encode_segment(std::move(head), transactions, key_);
  WY_RETURN_IF_ERROR(
      write_file_durably(folder_.segment(manifest_->generation, made.head.number), made.bytes));
  number_ = made.head.number;
  previous_ = made.head_sha256;
  originals_.clear();
  shipped_bytes().add(made.bytes.size());
  const std::lock_guard lock(state_mutex_);
  state_.segment_count = number_;
  state_.commit = std::max(state_.commit, made.head.last_commit);
  return Done{};
}

// Originals first: nothing in the directory may name one that is not there.
Status Shipper::copy_originals() {
  const CommitNumber newest = database_.last_commit();
  if (newest == named_commit_) return Done{};
  WY_TRY(const auto names, database_.read(original_names));
  WY_TRY(const auto copied, copier_.copy(names));
  originals_.insert(originals_.end(), copied.begin(), copied.end());
  named_commit_ = newest;
  return Done{};
}

Status Shipper::ship_waiting() {
  WY_RETURN_IF_ERROR(copy_originals());
  std::vector<CommittedPages> taken;
  {
    const std::lock_guard lock(reading_);
    taken.swap(waiting_);
    waiting_size_ = 0;
  }
  Status written = Done{};
  auto begin = taken.begin();
  while (written && begin != taken.end()) {
    auto end = begin;
    for (std::size_t size = 0; end != taken.end() && size < kSegmentSizeWanted; ++end) {
      size += end->frames.size();
    }
    const std::vector<CommittedPages> part(begin, end);
    written = write_segment(part);
    if (written) begin = end;
  }
  if (written) return written;
  // What is left waits for a directory that works again.
  const std::lock_guard lock(reading_);
  if (broken_off_) return written;
  for (auto back = begin; back != taken.end(); ++back) waiting_size_ += back->frames.size();
  waiting_.insert(waiting_.begin(), std::make_move_iterator(begin),
                  std::make_move_iterator(taken.end()));
  return written;
}

bool Shipper::generation_is_due() {
  const std::lock_guard lock(reading_);
  return !manifest_ || broken_off_ ||
         clock_.now() - manifest_->created_at >= options_.generation_ms;
}

void Shipper::note(const Status& outcome) {
  const UnixMillis now = clock_.now();
  const std::lock_guard lock(state_mutex_);
  state_.trouble = outcome ? "" : outcome.error().message;
  if (!outcome) return;
  state_.shipped_at = now;
  shipped_time().set(static_cast<double>(now) / 1000);
}

Status Shipper::ship() {
  const std::lock_guard lock(shipping_);
  const auto all = [&]() -> Status {
    if (generation_is_due()) WY_RETURN_IF_ERROR(begin_generation());
    collect();
    return ship_waiting();
  };
  const Status done = all();
  note(done);
  return done;
}

Result<Manifest> Shipper::begin() {
  const std::lock_guard lock(shipping_);
  auto made = begin_generation();
  note(made ? Status(Done{}) : Status(made.error()));
  return made;
}

Result<std::vector<Manifest>> Shipper::generations() const {
  WY_TRY(const auto names, folder_.generations());
  std::vector<Manifest> found;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto text = read_file(folder_.manifest(*name), kLinesSizeMax);
    if (!text && text.error().code == ErrorCode::not_found) continue;  // pruned at this moment
    if (!text) return text.error();
    WY_TRY(Manifest manifest, open_manifest(*text, key_.verifying_key()));
    found.push_back(std::move(manifest));
  }
  return found;
}

Shipper::State Shipper::state() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

}  // namespace wenyuan::backup
