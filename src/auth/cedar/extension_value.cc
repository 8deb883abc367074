#include "auth/cedar/extension_value.h"

#include <charconv>

namespace wenyuan::auth::cedar {
namespace {

constexpr std::int64_t kDecimalScale = 10'000;
constexpr std::size_t kDecimalDigits = 4;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  for (const char c : text) {
    if (!is_digit(c)) return false;
  }
  return !text.empty();
}

std::optional<std::uint64_t> parse_unsigned(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [rest, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || rest != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// sum + sign * count * unit, unless it does not fit.
bool add_units(std::int64_t& sum, bool negative, std::uint64_t count, std::int64_t unit) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(count, negative ? -unit : unit, &product)) return false;
  return !__builtin_add_overflow(sum, product, &sum);
}

}  // namespace

std::optional<Decimal> parse_decimal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = text.substr(point + 1);
  if (!all_digits(whole) || !all_digits(fraction) || fraction.size() > kDecimalDigits) {
    return std::nullopt;
  }
  const auto units = parse_unsigned(whole);
  auto rest = parse_unsigned(fraction);
  if (!units || !rest) return std::nullopt;
  for (std::size_t i = fraction.size(); i < kDecimalDigits; ++i) *rest *= 10;
  Decimal value;
  if (!add_units(value.ten_thousandths, negative, *units, kDecimalScale) ||
      !add_units(value.ten_thousandths, negative, *rest, 1)) {
    return std::nullopt;
  }
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr Unit kUnits[] = {
      {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty()) return std::nullopt;
  // Added from the smallest unit to the largest, as the sum of the small ones may be what keeps a
  // large one in range, or not: this order is Cedar's.
  std::uint64_t counts[std::size(kUnits)] = {};
  std::size_t unit = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    std::size_t letters = digits;
    while (letters < text.size() && !is_digit(text[letters])) ++letters;
    const std::string_view name = text.substr(digits, letters - digits);
    while (unit < std::size(kUnits) && kUnits[unit].name != name) ++unit;
    const auto count = parse_unsigned(text.substr(0, digits));
    if (unit == std::size(kUnits) || !count) return std::nullopt;
    counts[unit++] = *count;
    text.remove_prefix(letters);
  }
  Duration value;
  for (std::size_t i = std::size(kUnits); i-- > 0;) {
    if (!add_units(value.milliseconds, negative, counts[i], kUnits[i].milliseconds)) {
      return std::nullopt;
    }
  }
  return value;
}

std::string to_text(Decimal value) {
  const bool negative = value.ten_thousandths < 0;
  // Through unsigned, because the least number has no positive counterpart.
  std::uint64_t magnitude = static_cast<std::uint64_t>(value.ten_thousandths);
  if (negative) magnitude = 0 - magnitude;
  std::string fraction = std::to_string(magnitude % std::uint64_t{kDecimalScale});
  while (fraction.size() < kDecimalDigits) fraction.insert(fraction.begin(), '0');
  while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
  std::string text = negative ? "-" : "";
  text += std::to_string(magnitude / std::uint64_t{kDecimalScale});
  text += '.';
  text += fraction;
  return text;
}

std::string to_text(Duration value) {
  std::string text = std::to_string(value.milliseconds);
  text += "ms";
  return text;
}

namespace {

std::string constructed(std::string_view function, std::string_view argument) {
  std::string text(function);
  text += "(\"";
  text += argument;
  text += "\")";
  return text;
}

}  // namespace

std::string to_expression(Decimal value) { return constructed("decimal", to_text(value)); }
std::string to_expression(const IpAddress& value) { return constructed("ip", to_text(value)); }
std::string to_expression(Duration value) { return constructed("duration", to_text(value)); }

std::string to_expression(Datetime value) {
  if (const auto text = to_text(value)) return constructed("datetime", *text);
  std::string text = constructed("datetime", "1970-01-01");
  text += ".offset(";
  text += to_expression(Duration{value.milliseconds});
  text += ')';
  return text;
}

}  // namespace wenyuan::auth::cedar
