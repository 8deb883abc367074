#include "audit/record_text.h"

#include "base/text.h"

namespace wenyuan::audit {
namespace {

// Members of an object, one after another.
class Members {
 public:
  Members& raw(std::string_view name, std::string_view json) {
    if (!text_.empty()) text_ += ',';
    text_ += json_quoted(name);
    text_ += ':';
    text_ += json;
    return *this;
  }
  Members& text(std::string_view name, std::string_view value) {
    return raw(name, json_quoted(value));
  }
  Members& text_if(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
  }
  Members& number(std::string_view name, std::int64_t value) {
    return raw(name, std::to_string(value));
  }
  std::string object() const {
    std::string made = "{";
    made += text_;
    made += '}';
    return made;
  }
  const std::string& members() const { return text_; }

 private:
  std::string text_;
};

std::string personal_json(const Opened& opened) {
  Members members;
  for (const OpenPart& part : opened.parts) {
    for (const auto& [name, text] : part.fields) members.text(name, text);
  }
  return members.object();
}

std::string address_of(const Record& record, const Opened& opened) {
  for (const OpenPart& part : opened.parts) {
    if (const auto found = part.fields.find("address"); found != part.fields.end()) {
      return found->second;
    }
  }
  return record.event.address;
}

// What OCSF calls an act.
struct Activity {
  int class_uid = 6003;
  int activity_id = 99;
};

constexpr Activity kLogon{3002, 1}, kLogoff{3002, 2}, kOtherAuthentication{3002, 99};

struct Named {
  std::string_view action;
  Activity activity;
};
constexpr Named kActivities[] = {
    {"auth.sign_in", kLogon},
    {"auth.locked", kLogon},
    {"auth.sign_out", kLogoff},
    {"session.end", kLogoff},
    {"session.end_all", kLogoff},
    {"user.add", {3001, 1}},
    {"user.remove", {3001, 6}},
    {"user.change", {3001, 99}},
    {"key.add", {3001, 99}},
    {"key.remove", {3001, 99}},
    {"second_factor.confirm", {3001, 10}},
    {"second_factor.remove", {3001, 11}},
    {"grant.add", {3005, 1}},
    {"grant.remove", {3005, 2}},
    {"group.add", {3006, 6}},
    {"group.remove", {3006, 5}},
    {"group.change", {3006, 99}},
};

Activity activity_of(std::string_view action) {
  for (const Named& each : kActivities) {
    if (each.action == action) return each.activity;
  }
  if (action.starts_with("auth.")) return kOtherAuthentication;
  for (const std::string_view end : {".read", ".list"}) {
    if (action.ends_with(end)) return {6003, 2};
  }
  if (action == "search" || action == "ask" || action == "answer") return {6003, 2};
  if (action.ends_with(".add")) return {6003, 1};
  if (action.ends_with(".change")) return {6003, 3};
  for (const std::string_view end : {".erase", ".remove", ".end"}) {
    if (action.ends_with(end)) return {6003, 4};
  }
  return {};
}

}  // namespace

std::string record_json(const Record& record, const Opened& opened) {
  const Event& event = record.event;
  Members members;
  members.number("number", record.number)
      .text("time", rfc3339(record.time))
      .text("action", event.action)
      .text("outcome", name(event.outcome))
      .text_if("class", record.retention_class)
      .text_if("actor_id", event.actor_id)
      .text_if("key_id", event.key_id)
      .text_if("object_id", event.object_id)
      .text_if("request_id", event.request_id)
      .text_if("address", event.address)
      .raw("details", encode_attributes(event.details))
      .text("hash", record.hash);
  if (!opened.parts.empty()) members.raw("personal", personal_json(opened));
  return members.object();
}

std::string ocsf_members(const Record& record, const Opened& opened) {
  const Event& event = record.event;
  const Activity activity = activity_of(event.action);
  const bool good = event.outcome == Outcome::allowed;
  const std::string user =
      Members().text("uid", event.actor_id.empty() ? "unknown" : event.actor_id).object();
  const std::string address = address_of(record, opened);
  Members members;
  members.number("activity_id", activity.activity_id)
      .number("category_uid", activity.class_uid / 1000)
      .number("class_uid", activity.class_uid)
      .number("type_uid", activity.class_uid * 100 + activity.activity_id)
      .number("severity_id", good ? 1 : 2)
      .number("status_id", good ? 1 : 2)
      .text("status_detail", name(event.outcome))
      .number("time", record.time)
      .raw("metadata", Members()
                           .text("version", "1.3.0")
                           .raw("product", R"({"name":"Wenyuan","vendor_name":"Wenyuan"})")
                           .text("log_name", "audit")
                           .text("uid", record.hash)
                           .number("sequence", record.number)
                           .text_if("correlation_uid", event.request_id)
                           .object())
      .raw("actor", Members().raw("user", user).text_if("session_uid", event.key_id).object())
      .raw("user", user)
      .raw("api", Members().text("operation", event.action).object())
      .raw("src_endpoint",
           Members()
               .text(address.empty() ? "name" : "ip", address.empty() ? "sealed" : address)
               .object());
  if (!event.object_id.empty()) {
    members.raw("resources", "[" + Members().text("uid", event.object_id).object() + "]");
  }
  members.text("raw_data", record_json(record, opened));
  return members.members();
}

}  // namespace wenyuan::audit
