#include "auth/cedar/extension.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "auth/cedar/extension_ip.h"
#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {
namespace {

using Function = ExtensionFunction;

constexpr std::int64_t kDay = 86'400'000;

constexpr std::array kString = {ValueKind::string};
constexpr std::array kDecimals = {ValueKind::decimal, ValueKind::decimal};
constexpr std::array kIp = {ValueKind::ip_address};
constexpr std::array kIps = {ValueKind::ip_address, ValueKind::ip_address};
constexpr std::array kDatetime = {ValueKind::datetime};
constexpr std::array kDatetimes = {ValueKind::datetime, ValueKind::datetime};
constexpr std::array kOffset = {ValueKind::datetime, ValueKind::duration};
constexpr std::array kDuration = {ValueKind::duration};

constexpr ValueKind kBool = ValueKind::boolean;
constexpr ValueKind kLong = ValueKind::integer;

constexpr std::array<ExtensionSignature, 22> kSignatures = {{
    {"decimal", Function::decimal, false, kString, ValueKind::decimal},
    {"lessThan", Function::less_than, true, kDecimals, kBool},
    {"lessThanOrEqual", Function::less_than_or_equal, true, kDecimals, kBool},
    {"greaterThan", Function::greater_than, true, kDecimals, kBool},
    {"greaterThanOrEqual", Function::greater_than_or_equal, true, kDecimals, kBool},
    {"ip", Function::ip, false, kString, ValueKind::ip_address},
    {"isIpv4", Function::is_ipv4, true, kIp, kBool},
    {"isIpv6", Function::is_ipv6, true, kIp, kBool},
    {"isLoopback", Function::is_loopback, true, kIp, kBool},
    {"isMulticast", Function::is_multicast, true, kIp, kBool},
    {"isInRange", Function::is_in_range, true, kIps, kBool},
    {"datetime", Function::datetime, false, kString, ValueKind::datetime},
    {"duration", Function::duration, false, kString, ValueKind::duration},
    {"offset", Function::offset, true, kOffset, ValueKind::datetime},
    {"durationSince", Function::duration_since, true, kDatetimes, ValueKind::duration},
    {"toDate", Function::to_date, true, kDatetime, ValueKind::datetime},
    {"toTime", Function::to_time, true, kDatetime, ValueKind::duration},
    {"toMilliseconds", Function::to_milliseconds, true, kDuration, kLong},
    {"toSeconds", Function::to_seconds, true, kDuration, kLong},
    {"toMinutes", Function::to_minutes, true, kDuration, kLong},
    {"toHours", Function::to_hours, true, kDuration, kLong},
    {"toDays", Function::to_days, true, kDuration, kLong},
}};

Error fails(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

template <class T>
Result<Value> constructed(std::optional<T> value, std::string_view function,
                          const std::string& argument, std::string_view form) {
  if (value) return Value(*value);
  std::string message(function);
  message += "(";
  message += cedar::quoted(argument);
  message += "): not of the form ";
  message += form;
  message += ", or out of range";
  return fails(std::move(message));
}

Result<Value> construct(Function function, const std::string& text) {
  if (function == Function::decimal) {
    return constructed(parse_decimal(text), "decimal", text, "12.3456");
  }
  if (function == Function::ip) {
    return constructed(parse_ip_address(text), "ip", text, "10.0.0.0/8 or ::1");
  }
  if (function == Function::datetime) {
    return constructed(parse_datetime(text), "datetime", text,
                       "2024-10-15 or 2024-10-15T11:35:00.000Z");
  }
  return constructed(parse_duration(text), "duration", text, "1d2h3m4s5ms");
}

bool compare(Function function, Decimal left, Decimal right) {
  switch (function) {
    case Function::less_than: return left < right;
    case Function::less_than_or_equal: return left <= right;
    case Function::greater_than: return left > right;
    default: return left >= right;
  }
}

bool ask(Function function, const IpAddress& address) {
  switch (function) {
    case Function::is_ipv4: return !address.is_v6;
    case Function::is_ipv6: return address.is_v6;
    case Function::is_loopback: return is_loopback(address);
    default: return is_multicast(address);
  }
}

// Milliseconds since midnight: never negative.
std::int64_t time_of_day(Datetime datetime) {
  const std::int64_t rest = datetime.milliseconds % kDay;
  return rest < 0 ? rest + kDay : rest;
}

Result<Value> overflow(std::string_view function) {
  std::string message(function);
  message += ": the result is out of range";
  return fails(std::move(message));
}

Result<Value> count(Function function, Duration duration) {
  switch (function) {
    case Function::to_seconds: return Value(duration.milliseconds / 1'000);
    case Function::to_minutes: return Value(duration.milliseconds / 60'000);
    case Function::to_hours: return Value(duration.milliseconds / 3'600'000);
    case Function::to_days: return Value(duration.milliseconds / kDay);
    default: return Value(duration.milliseconds);
  }
}

Result<Value> call_datetime(Function function, Datetime datetime, const Value* other) {
  std::int64_t result = 0;
  if (function == Function::to_time) return Value(Duration{time_of_day(datetime)});
  if (function == Function::to_date) {
    if (__builtin_sub_overflow(datetime.milliseconds, time_of_day(datetime), &result)) {
      return overflow("toDate");
    }
    return Value(Datetime{result});
  }
  if (function == Function::offset) {
    if (__builtin_add_overflow(datetime.milliseconds, other->as_duration()->milliseconds,
                               &result)) {
      return overflow("offset");
    }
    return Value(Datetime{result});
  }
  if (__builtin_sub_overflow(datetime.milliseconds, other->as_datetime()->milliseconds, &result)) {
    return overflow("durationSince");
  }
  return Value(Duration{result});
}

Status check(const ExtensionSignature& signature, std::span<const Value* const> arguments) {
  if (arguments.size() != signature.parameters.size()) {
    std::string message(signature.name);
    message += " takes ";
    message += std::to_string(signature.parameters.size());
    message += signature.parameters.size() == 1 ? " argument, not " : " arguments, not ";
    message += std::to_string(arguments.size());
    if (signature.is_method) message += ", with the value that it is called on";
    return fails(std::move(message));
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i]->kind() == signature.parameters[i]) continue;
    std::string message(signature.name);
    message += " wants a value of type ";
    message += name(signature.parameters[i]);
    message += ", not ";
    message += name(arguments[i]->kind());
    return fails(std::move(message));
  }
  return Done{};
}

}  // namespace

std::span<const ExtensionSignature> extension_signatures() { return kSignatures; }

const ExtensionSignature* find_extension(std::string_view name) {
  for (const ExtensionSignature& signature : kSignatures) {
    if (signature.name == name) return &signature;
  }
  return nullptr;
}

Result<Value> call_extension(const ExtensionSignature& signature,
                             std::span<const Value* const> arguments) {
  WY_RETURN_IF_ERROR(check(signature, arguments));
  const Value& first = *arguments.front();
  const Value* const second = arguments.size() > 1 ? arguments[1] : nullptr;
  switch (first.kind()) {
    case ValueKind::string: return construct(signature.function, *first.as_string());
    case ValueKind::decimal:
      return Value(compare(signature.function, *first.as_decimal(), *second->as_decimal()));
    case ValueKind::ip_address:
      if (signature.function == Function::is_in_range) {
        return Value(is_in_range(*first.as_ip_address(), *second->as_ip_address()));
      }
      return Value(ask(signature.function, *first.as_ip_address()));
    case ValueKind::datetime:
      return call_datetime(signature.function, *first.as_datetime(), second);
    default: return count(signature.function, *first.as_duration());
  }
}

}  // namespace wenyuan::auth::cedar
