#include <chrono>
#include <cstdio>

#include "auth/cedar/extension_value.h"

namespace wenyuan::auth::cedar {
namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// Takes parts off the front of a text; once one is missing, all that follow are.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return text_.empty(); }
  char peek() const { return text_.empty() ? '\0' : text_.front(); }

  void expect(char c) {
    ok_ = ok_ && peek() == c && !text_.empty();
    if (ok_) text_.remove_prefix(1);
  }

  int digits(std::size_t count) {
    if (!ok_ || text_.size() < count) {
      ok_ = false;
      return 0;
    }
    int value = 0;
    for (const char c : text_.substr(0, count)) {
      ok_ = ok_ && c >= '0' && c <= '9';
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return ok_ ? value : 0;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

// Milliseconds that the offset is east of Greenwich.
std::optional<std::int64_t> parse_offset(Cursor& cursor) {
  if (cursor.peek() == 'Z') {
    cursor.expect('Z');
    return 0;
  }
  const bool west = cursor.peek() == '-';
  cursor.expect(west ? '-' : '+');
  const int hours = cursor.digits(2);
  const int minutes = cursor.digits(2);
  if (!cursor.ok() || hours >= 24 || minutes >= 60) return std::nullopt;
  const std::int64_t offset = hours * kHour + minutes * kMinute;
  return west ? -offset : offset;
}

}  // namespace

std::optional<Datetime> parse_datetime(std::string_view text) {
  Cursor cursor(text);
  const int year = cursor.digits(4);
  cursor.expect('-');
  const int month = cursor.digits(2);
  cursor.expect('-');
  const int day = cursor.digits(2);
  if (!cursor.ok()) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  Datetime value{static_cast<std::int64_t>(days) * kDay};
  if (cursor.at_end()) return value;

  cursor.expect('T');
  const int hours = cursor.digits(2);
  cursor.expect(':');
  const int minutes = cursor.digits(2);
  cursor.expect(':');
  const int seconds = cursor.digits(2);
  int milliseconds = 0;
  if (cursor.peek() == '.') {
    cursor.expect('.');
    milliseconds = cursor.digits(3);
  }
  const auto offset = parse_offset(cursor);
  if (!cursor.ok() || !cursor.at_end() || !offset) return std::nullopt;
  if (hours >= 24 || minutes >= 60 || seconds >= 60) return std::nullopt;
  value.milliseconds +=
      hours * kHour + minutes * kMinute + seconds * kSecond + milliseconds - *offset;
  return value;
}

std::optional<std::string> to_text(Datetime value) {
  std::int64_t days = value.milliseconds / kDay;
  std::int64_t rest = value.milliseconds % kDay;
  if (rest < 0) {
    rest += kDay;
    --days;
  }
  constexpr std::int64_t kFirstDay = -719'528;  // of the year 0
  constexpr std::int64_t kLastDay = 2'932'896;  // of the year 9999
  if (days < kFirstDay || days > kLastDay) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(rest / kHour),
                static_cast<int>(rest % kHour / kMinute),
                static_cast<int>(rest % kMinute / kSecond), static_cast<int>(rest % kSecond));
  return std::string(text);
}

}  // namespace wenyuan::auth::cedar
