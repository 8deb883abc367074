#include "base/clock.h"

#include <cstdio>

namespace wenyuan {
namespace {

// Reads exactly `count` digits at `at`; advances `at`.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i, ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool accept(std::string_view text, std::size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

std::optional<UnixMillis> parse_offset(std::string_view text, std::size_t& at) {
  if (accept(text, at, 'Z') || accept(text, at, 'z')) return 0;
  const int sign = accept(text, at, '+') ? 1 : accept(text, at, '-') ? -1 : 0;
  const auto hours = sign != 0 ? digits(text, at, 2) : std::nullopt;
  if (!hours || !accept(text, at, ':')) return std::nullopt;
  const auto minutes = digits(text, at, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 60 + *minutes) * UnixMillis{60'000};
}

UnixMillis parse_fraction(std::string_view text, std::size_t& at) {
  if (!accept(text, at, '.')) return 0;
  UnixMillis value = 0;
  UnixMillis weight = 100;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, weight /= 10) {
    value += weight * (text[at] - '0');
  }
  return value;
}

}  // namespace

UnixMillis SystemClock::now() const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string rfc3339(UnixMillis time) {
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::milliseconds> at{chrono::milliseconds(time)};
  const auto day = chrono::floor<chrono::days>(at);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss of_day(at - day);
  char text[40];
  std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(of_day.hours().count()), static_cast<int>(of_day.minutes().count()),
      static_cast<int>(of_day.seconds().count()), static_cast<int>(of_day.subseconds().count()));
  return text;
}

std::optional<UnixMillis> parse_rfc3339(std::string_view text) {
  namespace chrono = std::chrono;
  std::size_t at = 0;
  const auto year = digits(text, at, 4);
  if (!year || !accept(text, at, '-')) return std::nullopt;
  const auto month = digits(text, at, 2);
  if (!month || !accept(text, at, '-')) return std::nullopt;
  const auto day = digits(text, at, 2);
  if (!day || !(accept(text, at, 'T') || accept(text, at, 't') || accept(text, at, ' '))) {
    return std::nullopt;
  }
  const auto hour = digits(text, at, 2);
  if (!hour || !accept(text, at, ':')) return std::nullopt;
  const auto minute = digits(text, at, 2);
  if (!minute || !accept(text, at, ':')) return std::nullopt;
  const auto second = digits(text, at, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const UnixMillis fraction = parse_fraction(text, at);
  const auto offset = parse_offset(text, at);
  if (!offset || at != text.size()) return std::nullopt;
  const chrono::year_month_day date{chrono::year(*year),
                                    chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const auto days = chrono::sys_days(date).time_since_epoch().count();
  return days * UnixMillis{86'400'000} +
         ((*hour * 60 + *minute) * 60 + *second) * UnixMillis{1000} + fraction - *offset;
}

}  // namespace wenyuan
