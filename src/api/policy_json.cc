#include "api/policy_json.h"

#include <string_view>

#include "base/text.h"

namespace wenyuan::api {

std::string read_policy_text(ObjectReader& reader) {
  std::string text = reader.text("text", {1, 16384});
  const auto effect = reader.maybe_text("effect", {1, 16});
  if (!effect) return text;
  const bool allows = *effect == "allow" || *effect == "permit";
  if (!allows && *effect != "deny" && *effect != "forbid") {
    reader.complain("effect", "must be allow (or permit) or deny (or forbid)");
    return text;
  }
  const std::string_view begin = trim(text);
  const auto starts = [&](std::string_view a, std::string_view b) {
    return begin.starts_with(a) || begin.starts_with(b);
  };
  if (allows ? starts("deny", "forbid") : starts("allow", "permit")) {
    reader.complain("effect", "is not the one that the text begins with");
  }
  if (starts("allow", "permit") || starts("deny", "forbid") || begin.starts_with("@")) return text;
  return (allows ? "allow " : "deny ") + text;
}

Action read_action(ObjectReader& reader) {
  const std::string action = reader.maybe_text("action", {1, 32}).value_or("read");
  if (action == "write") return Action::write;
  if (action == "manage") return Action::manage;
  if (action != "read") reader.complain("action", "must be read, write or manage");
  return Action::read;
}

}  // namespace wenyuan::api
