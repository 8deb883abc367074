#include "auth/cedar/extension_ip.h"

#include <algorithm>
#include <cstdio>
#include <span>

namespace wenyuan::auth::cedar {
namespace {

constexpr std::size_t kTextMax = 43;  // ABCD:EF01:2345:6789:ABCD:EF01:2345:6789/128
constexpr std::uint8_t kBitsV4 = 32;
constexpr std::uint8_t kBitsV6 = 128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A number of one to three digits without leading zeros; takes it off the text.
std::optional<int> take_number(std::string_view& text) {
  std::size_t count = 0;
  int value = 0;
  while (count < text.size() && is_digit(text[count])) {
    if (count == 3) return std::nullopt;
    value = value * 10 + (text[count++] - '0');
  }
  if (count == 0 || (count > 1 && text.front() == '0')) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

std::optional<IpAddress> parse_v4(std::string_view text) {
  IpAddress address;
  address.prefix_bits = kBitsV4;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) return std::nullopt;
      text.remove_prefix(1);
    }
    const auto number = take_number(text);
    if (!number || *number > 255) return std::nullopt;
    address.bytes[i] = static_cast<std::uint8_t>(*number);
  }
  if (!text.empty()) return std::nullopt;
  return address;
}

// Groups of one to four hexadecimal digits with colons between them, as many as fit in `groups`.
// Returns how many there were; takes them off the text.
std::size_t take_groups(std::string_view& text, std::span<std::uint16_t> groups) {
  std::size_t count = 0;
  while (count < groups.size()) {
    std::string_view rest = text;
    if (count > 0) {
      if (!rest.starts_with(':')) break;
      rest.remove_prefix(1);
    }
    std::size_t digits = 0;
    int value = 0;
    while (digits < rest.size() && hex_digit(rest[digits]) >= 0) {
      if (digits == 4) return count;
      value = value * 16 + hex_digit(rest[digits++]);
    }
    if (digits == 0) break;
    groups[count++] = static_cast<std::uint16_t>(value);
    text = rest.substr(digits);
  }
  return count;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  std::array<std::uint16_t, 8> groups{};
  const std::size_t head = take_groups(text, groups);
  if (head < groups.size()) {
    if (!text.starts_with("::")) return std::nullopt;
    text.remove_prefix(2);
    // The two colons stand for at least one group.
    std::array<std::uint16_t, 7> behind{};
    const std::size_t tail = take_groups(text, std::span(behind).first(7 - head));
    for (std::size_t i = 0; i < tail; ++i) groups[groups.size() - tail + i] = behind[i];
  }
  if (!text.empty()) return std::nullopt;
  IpAddress address;
  address.is_v6 = true;
  address.prefix_bits = kBitsV6;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    address.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    address.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFF);
  }
  return address;
}

std::uint8_t bits_of(const IpAddress& address) { return address.is_v6 ? kBitsV6 : kBitsV4; }

}  // namespace

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  if (text.size() > kTextMax) return std::nullopt;
  const std::size_t slash = text.find('/');
  const std::string_view before = text.substr(0, slash);
  auto address = parse_v4(before);
  if (!address) address = parse_v6(before);
  if (!address || slash == std::string_view::npos) return address;
  std::string_view prefix = text.substr(slash + 1);
  const auto bits = take_number(prefix);
  if (!bits || !prefix.empty() || *bits > bits_of(*address)) return std::nullopt;
  address->prefix_bits = static_cast<std::uint8_t>(*bits);
  return address;
}

bool is_loopback(const IpAddress& address) {
  if (!address.is_v6) return address.bytes[0] == 127 && address.prefix_bits >= 8;
  for (std::size_t i = 0; i < 15; ++i) {
    if (address.bytes[i] != 0) return false;
  }
  return address.bytes[15] == 1 && address.prefix_bits == kBitsV6;
}

bool is_multicast(const IpAddress& address) {
  if (!address.is_v6) return (address.bytes[0] & 0xF0) == 0xE0 && address.prefix_bits >= 4;
  return address.bytes[0] == 0xFF && address.prefix_bits >= 8;
}

bool is_in_range(const IpAddress& inner, const IpAddress& outer) {
  if (inner.is_v6 != outer.is_v6 || inner.prefix_bits < outer.prefix_bits) return false;
  const std::size_t whole = outer.prefix_bits / 8;
  if (!std::equal(inner.bytes.begin(), inner.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  outer.bytes.begin())) {
    return false;
  }
  const int rest = outer.prefix_bits % 8;
  if (rest == 0) return true;
  return ((inner.bytes[whole] ^ outer.bytes[whole]) >> (8 - rest)) == 0;
}

std::string to_text(const IpAddress& value) {
  std::string text;
  if (!value.is_v6) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) text += '.';
      text += std::to_string(static_cast<int>(value.bytes[i]));
    }
  } else {
    for (std::size_t i = 0; i < 8; ++i) {
      if (i > 0) text += ':';
      char group[5];
      std::snprintf(group, sizeof group, "%x",
                    static_cast<unsigned>(value.bytes[2 * i] << 8 | value.bytes[2 * i + 1]));
      text += group;
    }
  }
  if (value.prefix_bits != bits_of(value)) {
    text += '/';
    text += std::to_string(static_cast<int>(value.prefix_bits));
  }
  return text;
}

}  // namespace wenyuan::auth::cedar
