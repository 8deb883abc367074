#include "llm/json_file.h"

#include <set>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;

constexpr int kDepthMax = 64;

// Follows the parser and notes what a document object model would hide.
class Watch {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    if (depth > kDepthMax && problem_.empty()) problem_ = "it is nested too deeply";
    switch (event) {
      case json::parse_event_t::object_start: keys_.emplace_back(); break;
      case json::parse_event_t::object_end: keys_.pop_back(); break;
      case json::parse_event_t::key: note_key(parsed.get_ref<const std::string&>()); break;
      default: break;
    }
    return problem_.empty();
  }
  const std::string& problem() const { return problem_; }

 private:
  void note_key(const std::string& key) {
    if (keys_.back().insert(key).second || !problem_.empty()) return;
    problem_ = "the key " + json_quoted(std::string_view(key).substr(0, 100)) + " occurs twice";
  }

  std::vector<std::set<std::string>> keys_;
  std::string problem_;
};

}  // namespace

Result<json> parse_json_object(std::string_view text, std::string_view what) {
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::unsupported_media, std::string(what) + ": " + why};
  };
  Watch watch;
  json parsed = json::parse(
      text.begin(), text.end(),
      [&watch](int depth, json::parse_event_t event, json& value) {
        return watch(depth, event, value);
      },
      false);
  if (!watch.problem().empty()) return refused(watch.problem());
  if (parsed.is_discarded()) return refused("it is not JSON");
  if (!parsed.is_object()) return refused("it is no JSON object");
  return parsed;
}

Result<json> read_json_file(const std::filesystem::path& path, std::size_t size_max) {
  WY_TRY(const std::string text, read_file(path, size_max));
  return parse_json_object(text, path.filename().string());
}

}  // namespace wenyuan::llm
