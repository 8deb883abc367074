// JSON in and out: strict on the way in, in the documented order on the way out.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/attributes.h"
#include "base/result.h"

namespace wenyuan::api {

// What comes in; members are sorted, so looking one up is quick however many there are.
using JsonIn = nlohmann::json;
// What goes out.
using Json = nlohmann::ordered_json;

constexpr std::size_t kJsonBytesMax = std::size_t{8} << 20;
constexpr int kJsonDepthMax = 64;

// invalid_argument says where it stops being JSON; never quotes it.
Result<JsonIn> parse_json(std::string_view text);

// Text that is not UTF-8 (it should not get here) becomes U+FFFD.
std::string to_text(const Json& json);

Json to_json(const Attributes& attributes);

// One thing that is wrong with a body: where (RFC 6901), and what.
struct FieldError {
  std::string pointer;
  std::string detail;
};
using FieldErrors = std::vector<FieldError>;

struct TextLimits {
  std::size_t size_min = 1;  // bytes
  std::size_t size_max = 1024;
};

// Reads the members of one object. What is wrong is remembered and a harmless value given, so that
// a caller hears of all mistakes at once; status() tells in the end. A member that is null counts
// as absent.
class ObjectReader {
 public:
  ObjectReader(const JsonIn& value, std::string pointer, FieldErrors& errors);

  bool has(std::string_view name) const { return member(name) != nullptr; }

  std::string text(std::string_view name, const TextLimits& limits);
  std::optional<std::string> maybe_text(std::string_view name, const TextLimits& limits);
  std::optional<bool> maybe_flag(std::string_view name);
  std::optional<std::int64_t> maybe_integer(std::string_view name, std::int64_t min,
                                            std::int64_t max);
  std::optional<double> maybe_number(std::string_view name, double min, double max);
  std::optional<std::vector<std::string>> maybe_texts(std::string_view name, std::size_t count_max,
                                                      const TextLimits& limits);
  std::optional<Attributes> maybe_attributes(std::string_view name);
  // Null when absent or not of this type (which is then an error).
  const JsonIn* maybe_array(std::string_view name, std::size_t count_max);
  std::optional<ObjectReader> maybe_object(std::string_view name);

  // For members that other text names: "filter is not supported".
  void complain(std::string_view name, std::string detail);
  // Fields of the contract that this server does not have yet must not be silently ignored.
  void refuse(std::string_view name, std::string_view why);

  const std::string& pointer() const { return pointer_; }

 private:
  const JsonIn* member(std::string_view name) const;
  bool check_text(const JsonIn& value, std::string_view name, const TextLimits& limits);

  const JsonIn* object_;  // null when the value was no object
  std::string pointer_;
  FieldErrors* errors_;
};

// invalid_argument when anything was remembered.
Status status(const FieldErrors& errors);

}  // namespace wenyuan::api
