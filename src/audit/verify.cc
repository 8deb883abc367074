#include "audit/verify.h"

#include <algorithm>
#include <optional>

#include "audit/canonical.h"
#include "audit/chain.h"
#include "audit/log.h"
#include "audit/record_row.h"
#include "audit/retention.h"
#include "audit/tree.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace {

Error corrupt(std::string what) { return Error{ErrorCode::corrupt, std::move(what)}; }
std::string record_named(std::int64_t number) { return "audit record " + std::to_string(number); }

// What may be missing in one segment, and whether it is what went.
class RetiredSegment {
 public:
  static Result<RetiredSegment> read(store::Snapshot& snapshot, std::int64_t segment) {
    RetiredSegment made;
    WY_TRY(made.retired_, retired_in(snapshot, segment));
    made.leaves_.resize(made.retired_.size());
    return made;
  }
  // False when the record never was allowed to go.
  bool take(std::int64_t number, const Hash& leaf) {
    for (std::size_t at = 0; at < retired_.size(); ++at) {
      if (!retired_[at].has(number)) continue;
      leaves_[at].push_back(leaf);
      return true;
    }
    return false;
  }
  // At the end of the segment.
  Status check(store::Snapshot& snapshot) const {
    for (std::size_t at = 0; at < retired_.size(); ++at) {
      const Retired& each = retired_[at];
      const std::string what = "the retired records from " +
                               std::to_string(each.segment * kSegmentSize + 1) + " (" +
                               each.retention_class + ")";
      if (static_cast<std::int64_t>(leaves_[at].size()) != each.record_count ||
          retired_digest(each, leaves_[at]) != each.digest) {
        return corrupt(what + " are not those that were retired");
      }
      const auto sealing = record(snapshot, each.sealed_by);
      // Its own time may be over: then its own segment vouches for it.
      if (!sealing && sealing.error().code == ErrorCode::not_found) continue;
      if (!sealing) return sealing.error();
      if (sealing->event.action != "audit.retire" ||
          sealing->event.details != retired_details(each)) {
        return corrupt(what + " are not those that " + record_named(each.sealed_by) + " names");
      }
    }
    return Done{};
  }

 private:
  std::vector<Retired> retired_;
  std::vector<std::vector<Hash>> leaves_;
};

class Verifier {
 public:
  Verifier(store::Snapshot& snapshot, const std::vector<Checkpoint>& checkpoints)
      : snapshot_(snapshot), checkpoints_(checkpoints) {}

  Result<Verification> run() {
    WY_TRY(auto leaves,
           snapshot_.prepare("SELECT number, hashes FROM audit_leaves ORDER BY number"));
    WY_TRY(auto rows,
           snapshot_.prepare("SELECT " + record_columns() + " FROM audit_records ORDER BY number"));
    WY_RETURN_IF_ERROR(next_record(rows));
    for (std::int64_t number = 1;; ++number) {
      WY_TRY(const bool has_leaf, leaves.step());
      if (!has_leaf) return finish(number - 1);
      if (leaves.integer(0) != number) {
        const bool has_record = record_ && record_->number == number;
        return corrupt((has_record ? "the leaf of " : "") + record_named(number) + " is missing");
      }
      WY_RETURN_IF_ERROR(check_leaf(number, leaves.blob(1)));
      if (record_ && record_->number <= number) WY_RETURN_IF_ERROR(next_record(rows));
      WY_RETURN_IF_ERROR(check_checkpoints(number));
    }
  }

 private:
  Status next_record(store::Statement& rows) {
    WY_TRY(const bool found, rows.step());
    record_.reset();
    if (!found) return Done{};
    WY_TRY(record_, read_record(rows));
    return Done{};
  }

  Status check_leaf(std::int64_t number, std::span<const std::uint8_t> hashes) {
    Hash leaf{};
    if (hashes.size() < leaf.size())
      return corrupt("the leaf of " + record_named(number) + " is broken");
    std::copy_n(hashes.begin(), leaf.size(), leaf.begin());
    if ((number - 1) % kSegmentSize == 0) {
      WY_TRY(segment_, RetiredSegment::read(snapshot_, (number - 1) / kSegmentSize));
    }
    if (record_ && record_->number == number) {
      WY_RETURN_IF_ERROR(check_record(leaf));
    } else if (record_ && record_->number < number) {
      return corrupt(record_named(record_->number) + " was put in: it is not in the tree");
    } else if (!segment_->take(number, leaf)) {
      return corrupt(record_named(number) + " is missing");
    } else {
      ++verification_.retired_count;
    }
    const std::span<const Hash> ended = builder_.add(leaf);
    const std::span made(reinterpret_cast<const std::uint8_t*>(ended.data()), ended.size_bytes());
    if (!std::equal(made.begin(), made.end(), hashes.begin(), hashes.end())) {
      return corrupt("the tree's hashes at " + record_named(number) +
                     " are not those of its leaves");
    }
    if (number % kSegmentSize == 0) return segment_->check(snapshot_);
    return Done{};
  }

  Status check_record(const Hash& leaf) {
    const std::string what = record_named(record_->number) + " is not what was written";
    if (record_->format == 1) {
      WY_RETURN_IF_ERROR(check_link(*record_, record_->number, chain_));
    }
    if (record_->hash != to_hex(leaf)) return corrupt(what);
    if (record_->format == 2 && record_->retention_class != class_of(record_->event.action)) {
      return corrupt(what + ": its class is another one");
    }
    return Done{};
  }

  Status check_checkpoints(std::int64_t number) {
    for (; seen_ < checkpoints_.size() && checkpoints_[seen_].size <= number; ++seen_) {
      const Checkpoint& each = checkpoints_[seen_];
      if (each.size == number && builder_.root() == each.root) {
        good_until_ = number;
        continue;
      }
      return corrupt("one of the audit records from " + std::to_string(good_until_ + 1) + " to " +
                     std::to_string(number) + " is not what the checkpoint of " +
                     rfc3339(each.time) + " signed: records were replaced");
    }
    return Done{};
  }

  Result<Verification> finish(std::int64_t size) {
    if (record_)
      return corrupt(record_named(record_->number) + " was put in: it is not in the tree");
    if (size % kSegmentSize != 0) WY_RETURN_IF_ERROR(segment_->check(snapshot_));
    if (seen_ < checkpoints_.size()) {
      const Checkpoint& lost = checkpoints_.back();
      return corrupt("the audit log is cut off: it has " + std::to_string(size) +
                     " records, and the checkpoint of " + rfc3339(lost.time) + " saw " +
                     std::to_string(lost.size) + " records");
    }
    verification_.record_count = size;
    verification_.root = to_base64(builder_.root());
    return verification_;
  }

  store::Snapshot& snapshot_;
  const std::vector<Checkpoint>& checkpoints_;
  Verification verification_;
  MerkleBuilder builder_;
  Hash chain_ = kNoHash;
  std::optional<RetiredSegment> segment_;
  std::optional<Record> record_;  // the next one
  std::size_t seen_ = 0;          // checkpoints
  std::int64_t good_until_ = 0;
};

}  // namespace

Result<Verification> verify(store::Snapshot& snapshot, const std::vector<Checkpoint>& checkpoints) {
  return Verifier(snapshot, checkpoints).run();
}

}  // namespace wenyuan::audit
