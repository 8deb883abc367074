#include "auth/cedar/schema_json_text.h"

#include <set>
#include <string>
#include <vector>

#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

using nlohmann::json;

// The library keeps the last of two members with one name, so they are counted while it reads.
class Watch {
 public:
  explicit Watch(std::size_t depth_max) : depth_max_(depth_max) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (static_cast<std::size_t>(depth) > depth_max_) too_deep_ = true;
    switch (event) {
      case json::parse_event_t::object_start: names_.emplace_back(); break;
      case json::parse_event_t::object_end: names_.pop_back(); break;
      case json::parse_event_t::key:
        if (!names_.back().insert(parsed.get_ref<const std::string&>()).second &&
            repeated_.empty()) {
          repeated_ = json_quoted(parsed.get_ref<const std::string&>());
        }
        break;
      case json::parse_event_t::array_start:
      case json::parse_event_t::array_end:
      case json::parse_event_t::value: break;
    }
    // What is refused anyway need not be kept.
    return !too_deep_;
  }

  bool too_deep() const { return too_deep_; }
  const std::string& repeated() const { return repeated_; }

 private:
  std::size_t depth_max_;
  bool too_deep_ = false;
  std::string repeated_;
  std::vector<std::set<std::string>> names_;
};

// "[json.exception.parse_error.101] parse error at line 1, …" without the brackets.
std::string plain(std::string_view what) {
  const std::size_t bracket = what.find("] ");
  if (bracket != std::string_view::npos) what.remove_prefix(bracket + 2);
  return to_valid_utf8(what.substr(0, 300));
}

}  // namespace

Result<json> parse_strict_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Error{ErrorCode::too_large,
                 "at most " + std::to_string(limits.bytes_max) + " bytes of JSON are read"};
  }
  Watch watch(limits.depth_max);
  try {
    json read = json::parse(text.begin(), text.end(), std::ref(watch));
    if (watch.too_deep()) {
      return Error{ErrorCode::too_large,
                   "JSON may be at most " + std::to_string(limits.depth_max) + " levels deep"};
    }
    if (!watch.repeated().empty()) {
      return Error{ErrorCode::invalid_argument,
                   "the name " + watch.repeated() + " stands twice in one object"};
    }
    return read;
  } catch (const json::exception& error) {
    return Error{ErrorCode::invalid_argument, "not JSON: " + plain(error.what())};
  }
}

}  // namespace wenyuan::auth::cedar
