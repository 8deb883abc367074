// The functions and methods of Cedar's extension types.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "auth/cedar/value.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

enum class ExtensionFunction : std::uint8_t {
  decimal,
  less_than,
  less_than_or_equal,
  greater_than,
  greater_than_or_equal,
  ip,
  is_ipv4,
  is_ipv6,
  is_loopback,
  is_multicast,
  is_in_range,
  datetime,
  duration,
  offset,
  duration_since,
  to_date,
  to_time,
  to_milliseconds,
  to_seconds,
  to_minutes,
  to_hours,
  to_days,
};

struct ExtensionSignature {
  std::string_view name;
  ExtensionFunction function;
  bool is_method = false;  // value.name(…) rather than name(…)
  // A method counts the value that it is called on.
  std::span<const ValueKind> parameters;
  ValueKind result;
};

std::span<const ExtensionSignature> extension_signatures();
// By the name that policies use; null when there is none.
const ExtensionSignature* find_extension(std::string_view name);

// Fails as Cedar does when the arguments are too many or too few, of other types, or out of range.
Result<Value> call_extension(const ExtensionSignature& signature,
                             std::span<const Value* const> arguments);

}  // namespace wenyuan::auth::cedar
