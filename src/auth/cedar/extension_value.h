// The values of Cedar's extension types: decimal, ipaddr, datetime and duration.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wenyuan::auth::cedar {

// A number with at most four decimals, kept as that many ten-thousandths.
struct Decimal {
  std::int64_t ten_thousandths = 0;
  auto operator<=>(const Decimal&) const = default;
};

// One address, or a range of them when the prefix is shorter than the address.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // an IPv4 address has the first four
  std::uint8_t prefix_bits = 0;
  bool is_v6 = false;
  auto operator<=>(const IpAddress&) const = default;
};

struct Datetime {
  std::int64_t milliseconds = 0;  // since 1970-01-01T00:00:00Z
  auto operator<=>(const Datetime&) const = default;
};

struct Duration {
  std::int64_t milliseconds = 0;
  auto operator<=>(const Duration&) const = default;
};

// Nothing when the text is not of the form that Cedar documents, or when it is out of range.
std::optional<Decimal> parse_decimal(std::string_view text);
std::optional<IpAddress> parse_ip_address(std::string_view text);
std::optional<Datetime> parse_datetime(std::string_view text);
std::optional<Duration> parse_duration(std::string_view text);

// A text that parses into the same value.
std::string to_text(Decimal value);
std::string to_text(const IpAddress& value);
// Nothing outside the years 0 to 9999, which a text cannot say.
std::optional<std::string> to_text(Datetime value);
std::string to_text(Duration value);

// As an expression: decimal("0.5"),
// datetime("1970-01-01").offset(duration("-99999999999999999ms")).
std::string to_expression(Decimal value);
std::string to_expression(const IpAddress& value);
std::string to_expression(Datetime value);
std::string to_expression(Duration value);

}  // namespace wenyuan::auth::cedar
