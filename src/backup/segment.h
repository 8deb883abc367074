// One piece of the write-ahead log: what was committed between two moments; docs/formats/backup.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"

namespace wenyuan::backup {

constexpr std::size_t kSegmentSizeMax = std::size_t{4} << 30;
// A segment ends behind the transaction that reaches this.
constexpr std::size_t kSegmentSizeWanted = std::size_t{64} << 20;

// All of one COMMIT, which may hold the work of many callers.
struct CommittedPages {
  CommitNumber commit = 0;  // the last that the store had reached then
  UnixMillis time = 0;
  std::uint32_t page_count = 0;  // of the database afterwards
  std::string frames;            // each a page's number (4 bytes, from 1) and the page
};

// A file of the store beside the database, as it lies on disk.
struct Original {
  std::string name;    // of the blob
  std::string sha256;  // hex, of the file's bytes
  std::int64_t size = 0;
};
// "NAME SHA256 SIZE".
std::string original_line(const Original& original);
Result<Original> parse_original(std::string_view line);

struct SegmentHead {
  std::string store_id;
  std::string generation;
  std::int64_t number = 1;  // in its generation, without gaps
  std::string previous;     // hex, SHA-256 of the head before; of the manifest for the first
  std::int64_t page_size = 4096;
  std::int64_t transaction_count = 0;
  CommitNumber last_commit = 0;
  UnixMillis first_time = 0, last_time = 0;
  std::int64_t payload_size = 0;
  std::string payload_sha256;
  std::vector<Original> originals;  // that came since the segment before
};

struct EncodedSegment {
  SegmentHead head;
  std::string bytes;
  std::string head_sha256;  // what the next one goes back to
};
// `head` up to and with page_size, and its originals, are the caller's; `transactions` is not
// empty.
EncodedSegment encode_segment(SegmentHead head, const std::vector<CommittedPages>& transactions,
                              const audit::SigningKey& key);

// The head alone; says nothing of signature and payload.
Result<SegmentHead> parse_segment_head(std::string_view text);

// Its views are of `bytes`, which must live as long.
class Segment {
 public:
  // corrupt unless it is whole, unchanged and signed by this key.
  static Result<Segment> open(std::string_view bytes, const audit::VerifyingKey& key);
  // The same, whoever has signed it.
  static Result<Segment> parse(std::string_view bytes);

  const SegmentHead& head() const { return head_; }
  const std::string& head_sha256() const { return head_sha256_; }

  struct Pages {
    CommitNumber commit = 0;
    UnixMillis time = 0;
    std::uint32_t page_count = 0;
    std::string_view frames;
  };
  // Nothing at the end; corrupt for what encode_segment() does not write.
  Result<std::optional<Pages>> next();

 private:
  Segment(SegmentHead head, std::string head_sha256, std::string_view payload)
      : head_(std::move(head)), head_sha256_(std::move(head_sha256)), rest_(payload) {}
  SegmentHead head_;
  std::string head_sha256_;
  std::string_view rest_;
  std::int64_t taken_ = 0;
};

bool is_page_size(std::int64_t size);

}  // namespace wenyuan::backup
