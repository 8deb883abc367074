#include "backup/shipper.h"

#include <algorithm>
#include <utility>

#include "backup/pruning.h"
#include "backup/signed_lines.h"
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

metrics::Gauge& behind() {
  static metrics::Gauge& gauge = metrics::gauge(
      "wenyuan_backup_behind_commits", "Commits that the backup did not have after the last try.");
  return gauge;
}

}  // namespace

Shipper::Shipper(store::Database& database, const Clock& clock, std::unique_ptr<Place> place,
                 const Options& options, audit::SigningKey key)
    : database_(database),
      clock_(clock),
      options_(options),
      key_(std::move(key)),
      place_(std::move(place)),
      folder_(*place_),
      wal_(options.data / "wenyuan.db-wal"),
      copier_(options.data, folder_, &database.keys().files()) {
  state_.to = place_->where();
}

Result<std::unique_ptr<Shipper>> Shipper::open(store::Database& database, const Clock& clock,
                                               std::unique_ptr<Place> place,
                                               const Options& options) {
  WY_TRY(audit::SigningKey key,
         audit::SigningKey::open(options.data / "audit.key", options.data / "audit.pub"));
  std::unique_ptr<Shipper> shipper(  // NOLINT: the constructor is private
      new Shipper(database, clock, std::move(place), options, std::move(key)));
  WY_TRY(shipper->claim_, WriterClaim::open(*shipper->place_, shipper->key_, options.data));
  // The start does not wait for a place that is away: ship() tries again.
  shipper->place_->be_patient(false);
  const Status ready = shipper->get_ready();
  shipper->place_->be_patient(true);
  if (!ready) {
    const bool away = ready.error().code == ErrorCode::unavailable;
    if (!away || !options.place_may_be_away) return ready.error();
    log::warn("backup.place_is_away", {{"why", ready.error().message}});
    shipper->note(ready);
  }
  WY_RETURN_IF_ERROR(database.observe(shipper.get()));
  return shipper;
}

// Before anything is written.
Status Shipper::get_ready() {
  if (!prepared_) WY_RETURN_IF_ERROR(folder_.prepare(options_.data / "audit.pub"));
  prepared_ = true;
  return claim_->hold(clock_.now());
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
  if (waiting_size_ > options_.waiting_max) give_up("too much waits for the place of backups");
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
  unsettled_.reset();
  number_ = 0;
  named_commit_ = manifest_->commit;
  log::info("backup.generation", {{"generation", manifest_->generation},
                                  {"commit", manifest_->commit},
                                  {"bytes", manifest_->base_size}});
  const Status pruned = prune(folder_, manifest_->generation, clock_.now() - options_.keep_ms);
  if (!pruned) log::warn("backup.not_pruned", {{"why", pruned.error().message}});
  copier_.look_again();
  const std::lock_guard lock(state_mutex_);
  state_.generation = manifest_->generation;
  state_.segment_count = 0;
  state_.waiting_size = 0;
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
  head.originals = std::exchange(originals_, {});
  unsettled_ = encode_segment(std::move(head), transactions, key_);
  return settle_segment();
}

Status Shipper::settle_segment() {
  if (!unsettled_) return Done{};
  const std::string name = segment_name(unsettled_->head.generation, unsettled_->head.number);
  const Status put = place_->put_new(name, unsettled_->bytes);
  if (!put && put.error().code == ErrorCode::conflict) {
    // Of another server that took this one for gone: the generation ends with it.
    unsettled_.reset();
    const std::lock_guard lock(reading_);
    give_up(put.error().message);
  }
  if (!put) {
    const std::lock_guard lock(state_mutex_);
    state_.waiting_size = unsettled_ ? unsettled_->bytes.size() : 0;
    return put;
  }
  const EncodedSegment made = *std::exchange(unsettled_, {});
  number_ = made.head.number;
  previous_ = made.head_sha256;
  shipped_bytes().add(made.bytes.size());
  const std::lock_guard lock(state_mutex_);
  state_.segment_count = number_;
  state_.waiting_size = 0;
  state_.commit = std::max(state_.commit, made.head.last_commit);
  return Done{};
}

// Originals first: nothing in the place may name one that is not there.
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
  WY_RETURN_IF_ERROR(settle_segment());
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
    written = write_segment({begin, end});
    begin = end;
  }
  if (written) return written;
  // What is behind the segment that failed waits for a place that works again.
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
  behind().set(static_cast<double>(state().commits_behind));
  const std::lock_guard lock(state_mutex_);
  state_.trouble = outcome ? "" : outcome.error().message;
  if (!outcome) return;
  state_.shipped_at = now;
  shipped_time().set(static_cast<double>(now) / 1000);
}

Status Shipper::ship() {
  const std::lock_guard lock(shipping_);
  const auto all = [&]() -> Status {
    WY_RETURN_IF_ERROR(get_ready());
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
  const Status ready = get_ready();
  auto made = ready ? begin_generation() : Result<Manifest>(ready.error());
  note(made ? Status(Done{}) : Status(made.error()));
  return made;
}

Result<std::vector<Manifest>> Shipper::generations() const {
  WY_TRY(const auto names, folder_.generations());
  std::vector<Manifest> found;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    const auto text = place_->get(manifest_name(*name), kLinesSizeMax);
    if (!text && text.error().code == ErrorCode::not_found) continue;  // pruned at this moment
    if (!text) return text.error();
    WY_TRY(Manifest manifest, open_manifest(*text, key_.verifying_key()));
    found.push_back(std::move(manifest));
  }
  return found;
}

Status Shipper::leave() {
  const std::lock_guard lock(shipping_);
  return claim_->release();
}

Shipper::State Shipper::state() const {
  std::size_t waiting = 0;
  {
    const std::lock_guard lock(reading_);
    waiting = waiting_size_;
  }
  const CommitNumber newest = database_.last_commit();
  const std::lock_guard lock(state_mutex_);
  State state = state_;
  state.waiting_size += waiting;
  state.commits_behind = std::max<CommitNumber>(0, newest - state.commit);
  return state;
}

}  // namespace wenyuan::backup
