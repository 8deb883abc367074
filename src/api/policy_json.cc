#include "api/policy_json.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "api/wire.h"
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

namespace {

std::optional<auth::cedar::EntityUid> read_entity(ObjectReader& reader, std::string_view name) {
  std::optional<ObjectReader> entity = reader.maybe_object(name);
  if (!entity) return std::nullopt;
  return auth::cedar::EntityUid{entity->text("type", {1, 64}), entity->text("id", {1, 64})};
}

constexpr std::size_t kShownMax = 1000;  // users, and labels of each

Json label_json(const Label& label) {
  Json json;
  json["collection_id"] = label.collection_id;
  json["attributes"] = to_json(label.attributes);
  json["whole_collection"] = label.id == 0;
  if (!label.document_id.empty()) json["document_id"] = label.document_id;
  return json;
}

}  // namespace

Json labels_json(const std::vector<Label>& labels) {
  Json json = Json::array();
  for (std::size_t i = 0; i < std::min(labels.size(), kShownMax); ++i) {
    json.push_back(label_json(labels[i]));
  }
  return json;
}

Json to_json(const std::vector<auth::AccessChange>& changes) {
  Json json;
  json["gains"] = Json::array();
  json["losses"] = Json::array();
  for (const auth::AccessChange& change : changes) {
    const auto add = [&](const char* list, const std::vector<Label>& labels) {
      if (labels.empty() || json[list].size() == kShownMax) return;
      json[list].push_back({{"user_id", change.user_id},
                            {"username", change.username},
                            {"count", labels.size()},
                            {"labels", labels_json(labels)}});
    };
    add("gains", change.gained);
    add("losses", change.lost);
  }
  json["users_affected"] = changes.size();
  return json;
}

auth::cedar::SlotValues read_slot_values(ObjectReader& reader) {
  return {read_entity(reader, "principal"), read_entity(reader, "resource")};
}

void add_slot_values(Json& json, const auth::cedar::SlotValues& values) {
  const auto add = [&](const char* name, const std::optional<auth::cedar::EntityUid>& uid) {
    if (uid) json[name] = {{"type", uid->type}, {"id", uid->id}};
  };
  add("principal", values.principal);
  add("resource", values.resource);
}

}  // namespace wenyuan::api
