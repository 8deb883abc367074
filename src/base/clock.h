// What time it is, behind an interface so that tests can set it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wenyuan {

// Milliseconds since 1970-01-01T00:00:00Z.
using UnixMillis = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMillis now() const = 0;
};

// Thread-safe.
class SystemClock final : public Clock {
 public:
  UnixMillis now() const override;
};

// For tests: stands still until it is told otherwise. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMillis start) : now_(start) {}
  UnixMillis now() const override { return now_; }
  void advance(std::chrono::milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<UnixMillis> now_;
};

// RFC 3339 in UTC with milliseconds: "2026-11-22T03:41:13.042Z".
std::string rfc3339(UnixMillis time);

// Reads what rfc3339() writes, and the same with an offset or without milliseconds.
std::optional<UnixMillis> parse_rfc3339(std::string_view text);

}  // namespace wenyuan
