// A value, or the reason why there is none.
//
// The names follow std::expected, which GCC 12 has only in C++23 mode.
#pragma once

#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/error.h"

namespace wenyuan {

template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit, so that a function can simply return its value or its error.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT
  Result(ErrorCode code, std::string message)
      : state_(std::in_place_index<1>, Error{code, std::move(message)}) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& operator*() & { return get<0>(state_); }
  const T& operator*() const& { return get<0>(state_); }
  T&& operator*() && { return std::move(get<0>(state_)); }
  T* operator->() { return &get<0>(state_); }
  const T* operator->() const { return &get<0>(state_); }

  Error& error() & { return get<1>(state_); }
  const Error& error() const& { return get<1>(state_); }
  Error&& error() && { return std::move(get<1>(state_)); }

 private:
  // std::get would throw on the wrong side; asking the wrong side is a bug, so it stops here.
  template <std::size_t side, class State>
  static auto& get(State& state) {
    WY_ASSERT(state.index() == side);
    return *std::get_if<side>(&state);
  }

  std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

}  // namespace wenyuan

#define WY_CONCAT(a, b) WY_CONCAT_AGAIN(a, b)
#define WY_CONCAT_AGAIN(a, b) a##b

// Gives `declaration` the value of `expression`, or returns its error from this function.
#define WY_TRY(declaration, expression) \
  WY_TRY_WITH(WY_CONCAT(wy_result_, __LINE__), declaration, expression)
#define WY_TRY_WITH(result, declaration, expression) \
  auto result = (expression);                        \
  if (!result) return std::move(result).error();     \
  declaration = *std::move(result)

// The same for a Status, which has no value to name.
#define WY_RETURN_IF_ERROR(expression)                                                  \
  do {                                                                                  \
    if (auto wy_status = (expression); !wy_status) return std::move(wy_status).error(); \
  } while (false)
