#include "auth/cedar/value_json.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/cedar/extension.h"
#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"

namespace wenyuan::auth::cedar {
namespace {

using nlohmann::json;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

// The member of an object that has no other: {"__entity": …}. Null when it is not that.
const json* only_member(const json& object, std::string_view key) {
  if (!object.is_object() || object.size() != 1) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

const json* member(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

bool has_string(const json& object, std::string_view key) {
  const json* const found = member(object, key);
  return found != nullptr && found->is_string();
}

bool is_type_and_id(const json& object) {
  return object.is_object() && has_string(object, "type") && has_string(object, "id");
}

bool is_call(const json& object) {
  if (!has_string(object, "fn")) return false;
  const json* const arguments = member(object, "args");
  return member(object, "arg") != nullptr || (arguments != nullptr && arguments->is_array());
}

// What a parameter of an extension function wants, as a hint: "1d" can then be a duration.
JsonHint hint_for(ValueKind kind) {
  JsonHint hint;
  hint.kind = JsonHint::Kind::extension;
  switch (kind) {
    case ValueKind::decimal: hint.constructor = "decimal"; return hint;
    case ValueKind::ip_address: hint.constructor = "ip"; return hint;
    case ValueKind::datetime: hint.constructor = "datetime"; return hint;
    case ValueKind::duration: hint.constructor = "duration"; return hint;
    default: hint.kind = JsonHint::Kind::other; return hint;
  }
}

Result<Value> call(const json& object) {
  const std::string& function = object.find("fn")->get_ref<const std::string&>();
  const ExtensionSignature* const signature = find_extension(function);
  if (signature == nullptr)
    return wrong("there is no extension function " + cedar::quoted(function));
  std::vector<const json*> written;
  if (const json* const one = member(object, "arg")) {
    written.push_back(one);
  } else {
    for (const json& each : *member(object, "args")) written.push_back(&each);
  }
  std::vector<Value> arguments;
  for (std::size_t i = 0; i < written.size(); ++i) {
    JsonHint hint;
    if (i < signature->parameters.size()) hint = hint_for(signature->parameters[i]);
    WY_TRY(Value argument, value_of(*written[i], &hint));
    arguments.push_back(std::move(argument));
  }
  std::vector<const Value*> pointers;
  for (const Value& argument : arguments) pointers.push_back(&argument);
  return call_extension(*signature, pointers);
}

Result<Value> extension_of(const json& document, const std::string& constructor) {
  if (const auto* escaped = only_member(document, "__extn");
      escaped != nullptr && is_call(*escaped)) {
    return call(*escaped);
  }
  if (is_call(document)) return call(document);
  const ExtensionSignature* const signature = find_extension(constructor);
  if (signature == nullptr || !document.is_string()) return value_of(document, nullptr);
  const Value argument(document.get<std::string>());
  const Value* const pointers[] = {&argument};
  return call_extension(*signature, pointers);
}

Result<Value> object_of(const json& object, const JsonHint* hint) {
  if (const json* escaped = only_member(object, "__extn");
      escaped != nullptr && is_call(*escaped)) {
    return call(*escaped);
  }
  if (const json* const escaped = only_member(object, "__entity");
      escaped != nullptr && is_type_and_id(*escaped)) {
    WY_TRY(EntityUid uid, uid_of(object));
    return Value(std::move(uid));
  }
  if (const json* escaped = only_member(object, "__expr"); escaped != nullptr) {
    return wrong("__expr is no longer a part of Cedar: use __entity or __extn");
  }
  WY_TRY(Record record, record_of(object, hint));
  return Value(std::move(record));
}

Result<Value> integer_of(const json& number) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (number.is_number_unsigned() && number.get<std::uint64_t>() > kMax) {
    return wrong("the number does not fit into 64 bits");
  }
  return Value(number.get<std::int64_t>());
}

Result<Value> set_of(const json& array, const JsonHint* hint) {
  const bool is_hinted = hint != nullptr && hint->kind == JsonHint::Kind::set;
  std::vector<Value> values;
  values.reserve(array.size());
  for (const json& each : array) {
    WY_TRY(Value value, value_of(each, is_hinted ? hint->element.get() : nullptr));
    values.push_back(std::move(value));
  }
  return Value(Set(std::move(values)));
}

json call_json(std::string_view function, std::string argument) {
  return {{"__extn", {{"fn", function}, {"arg", std::move(argument)}}}};
}

json datetime_json(Datetime value) {
  if (auto text = to_text(value)) return call_json("datetime", *std::move(text));
  return {
      {"__extn",
       {{"fn", "offset"},
        {"args", json::array({call_json("datetime", "1970-01-01"),
                              call_json("duration", to_text(Duration{value.milliseconds}))})}}}};
}

}  // namespace

Result<Value> value_of(const json& document, const JsonHint* hint) {
  if (hint != nullptr && hint->kind == JsonHint::Kind::extension) {
    return extension_of(document, hint->constructor);
  }
  if (hint != nullptr && hint->kind == JsonHint::Kind::entity && is_type_and_id(document)) {
    WY_TRY(EntityUid uid, uid_of(document));
    return Value(std::move(uid));
  }
  switch (document.type()) {
    case json::value_t::boolean: return Value(document.get<bool>());
    case json::value_t::number_integer:
    case json::value_t::number_unsigned: return integer_of(document);
    case json::value_t::string: return Value(document.get<std::string>());
    case json::value_t::array: return set_of(document, hint);
    case json::value_t::object: return object_of(document, hint);
    case json::value_t::number_float: return wrong("a number must be whole and fit into 64 bits");
    case json::value_t::null: return wrong("null is not a value of Cedar");
    case json::value_t::binary:
    case json::value_t::discarded: break;
  }
  return wrong("this is not a value of Cedar");
}

Result<Record> record_of(const json& document, const JsonHint* hint) {
  if (!document.is_object()) return wrong("an object was expected");
  const bool is_hinted = hint != nullptr && hint->kind == JsonHint::Kind::record;
  std::vector<Record::Attribute> attributes;
  attributes.reserve(document.size());
  for (const auto& [key, each] : document.items()) {
    const JsonHint* inner = nullptr;
    if (is_hinted) {
      const auto found = hint->attributes.find(key);
      if (found != hint->attributes.end()) inner = &found->second;
    }
    auto value = value_of(each, inner);
    if (!value) return within(cedar::quoted(key), std::move(value).error());
    attributes.emplace_back(key, *std::move(value));
  }
  return Record(std::move(attributes));
}

Result<EntityUid> uid_of(const json& document) {
  const auto* const escaped = only_member(document, "__entity");
  const auto& object = escaped != nullptr ? *escaped : document;
  if (!is_type_and_id(object)) {
    return wrong(R"(an entity was expected: {"type": "User", "id": "alice"})");
  }
  EntityUid uid{object.find("type")->get<std::string>(), object.find("id")->get<std::string>()};
  if (!is_path(uid.type))
    return wrong(cedar::quoted(uid.type) + " cannot be the name of an entity type");
  return uid;
}

json json_of(const Value& value) {
  switch (value.kind()) {
    case ValueKind::boolean: return *value.as_bool();
    case ValueKind::integer: return *value.as_integer();
    case ValueKind::string: return *value.as_string();
    case ValueKind::entity: return {{"__entity", json_of(*value.as_entity())}};
    case ValueKind::record: return json_of(*value.as_record());
    case ValueKind::decimal: return call_json("decimal", to_text(*value.as_decimal()));
    case ValueKind::ip_address: return call_json("ip", to_text(*value.as_ip_address()));
    case ValueKind::datetime: return datetime_json(*value.as_datetime());
    case ValueKind::duration: return call_json("duration", to_text(*value.as_duration()));
    case ValueKind::set: break;
  }
  json array = json::array();
  for (const Value& each : value.as_set()->values()) array.push_back(json_of(each));
  return array;
}

json json_of(const Record& record) {
  json object = json::object();
  for (const auto& [key, value] : record.attributes()) object[key] = json_of(value);
  return object;
}

json json_of(const EntityUid& uid) { return {{"type", uid.type}, {"id", uid.id}}; }

}  // namespace wenyuan::auth::cedar
