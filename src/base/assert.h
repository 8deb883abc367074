// An assertion that stays on in every build: it stops the process when a caller broke a promise.
// Input from outside must never reach one; that is what Result is for.
#pragma once

namespace wenyuan {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace wenyuan

#define WY_ASSERT(condition) \
  ((condition) ? void(0) : ::wenyuan::assertion_failed(#condition, __FILE__, __LINE__))
