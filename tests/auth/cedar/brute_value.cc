#include "tests/auth/cedar/brute_value.h"

#include <arpa/inet.h>
#include <time.h>

#include <algorithm>
#include <limits>
#include <regex>

namespace wenyuan::auth::cedar::testing {
namespace {

__extension__ using Wide = __int128;
using Kind = Brute::Kind;

constexpr Wide kDayMs = 86'400'000;

// Whether every element of `inner` is in `outer`.
bool covers(const std::vector<Brute>& outer, const std::vector<Brute>& inner) {
  return std::all_of(inner.begin(), inner.end(), [&](const Brute& wanted) {
    return std::any_of(outer.begin(), outer.end(),
                       [&](const Brute& each) { return same(each, wanted); });
  });
}

std::optional<Brute> fits(Kind kind, Wide number) {
  if (number < std::numeric_limits<std::int64_t>::min() ||
      number > std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return Brute::of(kind, static_cast<std::int64_t>(number));
}

// Digits that may be many; capped far beyond what fits anywhere.
Wide wide(const std::string& digits) {
  Wide number = 0;
  for (const char c : digits) {
    if (number < Wide{1} << 100) number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<Brute> decimal(const std::string& text) {
  static const std::regex form("(-?)([0-9]+)\\.([0-9]{1,4})");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return std::nullopt;
  std::string fraction = match[3];
  fraction.resize(4, '0');
  const Wide number = wide(match[2]) * 10'000 + wide(fraction);
  return fits(Kind::decimal, match[1].length() > 0 ? -number : number);
}

std::optional<Brute> duration(const std::string& text) {
  static const std::regex form(
      "(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?");
  std::smatch match;
  if (text.empty() || text == "-" || !std::regex_match(text, match, form)) return std::nullopt;
  const Wide units[] = {kDayMs, 3'600'000, 60'000, 1'000, 1};
  Wide sum = 0;
  for (std::size_t i = 0; i < 5; ++i) {
    sum += std::min(wide(match[i + 2]), Wide{1} << 70) * units[i];
  }
  return fits(Kind::duration, match[1].length() > 0 ? -sum : sum);
}

std::optional<Brute> datetime(const std::string& text) {
  static const std::regex form(
      "([0-9]{4})-([0-9]{2})-([0-9]{2})"
      "(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2})))?");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return std::nullopt;
  const auto part = [&](std::size_t i) {
    return match[i].length() == 0 ? 0 : std::stoi(match[i].str());
  };
  struct tm wanted = {};
  wanted.tm_year = part(1) - 1900;
  wanted.tm_mon = part(2) - 1;
  wanted.tm_mday = part(3);
  struct tm found = wanted;
  const Wide seconds = ::timegm(&found);
  // timegm makes the first of March of the 30th of February; what it changed was no date.
  if (found.tm_mon != wanted.tm_mon || found.tm_mday != wanted.tm_mday) return std::nullopt;
  if (part(4) > 23 || part(5) > 59 || part(6) > 59 || part(9) > 23 || part(10) > 59) {
    return std::nullopt;
  }
  Wide ms = seconds * 1000 + part(4) * 3'600'000 + part(5) * 60'000 + part(6) * 1000 + part(7);
  const Wide offset = part(9) * 3'600'000 + part(10) * 60'000;
  ms += match[8] == "-" ? offset : -offset;
  return fits(Kind::datetime, ms);
}

std::optional<Brute> ip(const std::string& text) {
  static const std::regex form("([0-9a-fA-F.:]+)(?:/(0|[1-9][0-9]{0,2}))?");
  std::smatch match;
  if (!std::regex_match(text, match, form)) return std::nullopt;
  const std::string address = match[1];
  unsigned char bytes[16];
  const bool is_v6 = address.find(':') != std::string::npos;
  if (is_v6 && address.find('.') != std::string::npos) return std::nullopt;
  if (::inet_pton(is_v6 ? AF_INET6 : AF_INET, address.c_str(), bytes) != 1) return std::nullopt;
  const int all = is_v6 ? 128 : 32;
  Brute made;
  made.kind = Kind::ip;
  made.text.assign(reinterpret_cast<const char*>(bytes), is_v6 ? 16 : 4);
  made.bits = match[2].length() == 0 ? all : std::stoi(match[2].str());
  if (made.bits > all) return std::nullopt;
  return made;
}

bool bit(const Brute& address, int at) {
  const auto byte = static_cast<unsigned char>(address.text[static_cast<std::size_t>(at / 8)]);
  return ((byte >> (7 - at % 8)) & 1) != 0;
}

bool in_range(const Brute& inner, const Brute& outer) {
  if (inner.text.size() != outer.text.size() || inner.bits < outer.bits) return false;
  for (int at = 0; at < outer.bits; ++at) {
    if (bit(inner, at) != bit(outer, at)) return false;
  }
  return true;
}

std::optional<Brute> ip_method(const std::string& name, const Brute& address) {
  const bool is_v4 = address.text.size() == 4;
  if (name == "isIpv4") return Brute::boolean(is_v4);
  if (name == "isIpv6") return Brute::boolean(!is_v4);
  const std::string range = name == "isLoopback" ? (is_v4 ? "127.0.0.0/8" : "::1/128")
                                                 : (is_v4 ? "224.0.0.0/4" : "ff00::/8");
  return Brute::boolean(in_range(address, *ip(range)));
}

Wide floor_to_day(Wide ms) {
  Wide rest = ms % kDayMs;
  if (rest < 0) rest += kDayMs;
  return ms - rest;
}

std::optional<Brute> time_method(const std::string& name, const std::vector<Brute>& arguments) {
  const Wide ms = arguments[0].number;
  if (arguments[0].kind == Kind::datetime) {
    if (name == "toDate") return fits(Kind::datetime, floor_to_day(ms));
    if (name == "toTime") return fits(Kind::duration, ms - floor_to_day(ms));
    const Wide other = arguments[1].number;
    return name == "offset" ? fits(Kind::datetime, ms + other) : fits(Kind::duration, ms - other);
  }
  const std::map<std::string, Wide> units = {{"toMilliseconds", 1},
                                             {"toSeconds", 1'000},
                                             {"toMinutes", 60'000},
                                             {"toHours", 3'600'000},
                                             {"toDays", kDayMs}};
  return fits(Kind::integer, ms / units.at(name));
}

std::optional<Brute> decimal_method(const std::string& name, const Brute& left,
                                    const Brute& right) {
  if (name == "lessThan") return Brute::boolean(left.number < right.number);
  if (name == "lessThanOrEqual") return Brute::boolean(left.number <= right.number);
  if (name == "greaterThan") return Brute::boolean(left.number > right.number);
  return Brute::boolean(left.number >= right.number);
}

const std::map<std::string, std::vector<Kind>>& parameters() {
  static const std::map<std::string, std::vector<Kind>> all = {
      {"decimal", {Kind::text}},
      {"ip", {Kind::text}},
      {"datetime", {Kind::text}},
      {"duration", {Kind::text}},
      {"lessThan", {Kind::decimal, Kind::decimal}},
      {"lessThanOrEqual", {Kind::decimal, Kind::decimal}},
      {"greaterThan", {Kind::decimal, Kind::decimal}},
      {"greaterThanOrEqual", {Kind::decimal, Kind::decimal}},
      {"isIpv4", {Kind::ip}},
      {"isIpv6", {Kind::ip}},
      {"isLoopback", {Kind::ip}},
      {"isMulticast", {Kind::ip}},
      {"isInRange", {Kind::ip, Kind::ip}},
      {"offset", {Kind::datetime, Kind::duration}},
      {"durationSince", {Kind::datetime, Kind::datetime}},
      {"toDate", {Kind::datetime}},
      {"toTime", {Kind::datetime}},
      {"toMilliseconds", {Kind::duration}},
      {"toSeconds", {Kind::duration}},
      {"toMinutes", {Kind::duration}},
      {"toHours", {Kind::duration}},
      {"toDays", {Kind::duration}}};
  return all;
}

}  // namespace

bool same(const Brute& left, const Brute& right) {
  if (left.kind != right.kind) return false;
  if (left.kind == Kind::set) {
    return covers(left.elements, right.elements) && covers(right.elements, left.elements);
  }
  if (left.kind == Kind::record) {
    return std::equal(left.fields.begin(), left.fields.end(), right.fields.begin(),
                      right.fields.end(), [](const auto& a, const auto& b) {
                        return a.first == b.first && same(a.second, b.second);
                      });
  }
  return left.number == right.number && left.text == right.text && left.id == right.id &&
         left.bits == right.bits;
}

Brute from_value(const Value& value) {
  Brute made;
  switch (value.kind()) {
    case ValueKind::boolean: return Brute::boolean(*value.as_bool());
    case ValueKind::integer: return Brute::of(Kind::integer, *value.as_integer());
    case ValueKind::string:
      made.kind = Kind::text;
      made.text = *value.as_string();
      return made;
    case ValueKind::entity:
      made.kind = Kind::entity;
      made.text = value.as_entity()->type;
      made.id = value.as_entity()->id;
      return made;
    case ValueKind::set:
      made.kind = Kind::set;
      for (const Value& each : value.as_set()->values()) made.elements.push_back(from_value(each));
      return made;
    case ValueKind::record:
      made.kind = Kind::record;
      for (const auto& [key, each] : value.as_record()->attributes()) {
        made.fields.emplace(key, from_value(each));
      }
      return made;
    case ValueKind::decimal: return Brute::of(Kind::decimal, value.as_decimal()->ten_thousandths);
    case ValueKind::datetime: return Brute::of(Kind::datetime, value.as_datetime()->milliseconds);
    case ValueKind::duration: return Brute::of(Kind::duration, value.as_duration()->milliseconds);
    case ValueKind::ip_address: break;
  }
  const IpAddress& address = *value.as_ip_address();
  made.kind = Kind::ip;
  made.text.assign(reinterpret_cast<const char*>(address.bytes.data()), address.is_v6 ? 16 : 4);
  made.bits = address.prefix_bits;
  return made;
}

std::optional<Brute> call_brute(const std::string& function, const std::vector<Brute>& arguments) {
  const auto wanted = parameters().find(function);
  if (wanted == parameters().end() || wanted->second.size() != arguments.size()) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].kind != wanted->second[i]) return std::nullopt;
  }
  if (function == "decimal") return decimal(arguments[0].text);
  if (function == "ip") return ip(arguments[0].text);
  if (function == "datetime") return datetime(arguments[0].text);
  if (function == "duration") return duration(arguments[0].text);
  if (function == "isInRange") return Brute::boolean(in_range(arguments[0], arguments[1]));
  if (arguments[0].kind == Kind::ip) return ip_method(function, arguments[0]);
  if (arguments[0].kind == Kind::decimal) {
    return decimal_method(function, arguments[0], arguments[1]);
  }
  return time_method(function, arguments);
}

}  // namespace wenyuan::auth::cedar::testing
