#include "api/json.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::api {
namespace {

Error not_json(const std::string& detail) { return {ErrorCode::invalid_argument, detail}; }

// The parser builds the whole tree before anybody can look at its depth.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

std::string escaped_pointer(std::string_view name) {
  std::string escaped = "/";
  for (const char c : name) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::optional<AttributeValue> attribute_value(const JsonIn& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const JsonIn& item : value) {
    if (!item.is_string()) return std::nullopt;
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

}  // namespace

Result<JsonIn> parse_json(std::string_view text) {
  if (!is_utf8(text)) return not_json("The body is not UTF-8");
  if (is_too_deep(text)) {
    return not_json("The body is nested deeper than " + std::to_string(kJsonDepthMax));
  }
  try {
    return JsonIn::parse(text);
  } catch (const JsonIn::parse_error& error) {
    return not_json("The body is not JSON at byte " + std::to_string(error.byte));
  } catch (const JsonIn::exception&) {
    return not_json("The body holds a number that is out of range");
  }
}

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const Attributes& attributes) {
  Json object = Json::object();
  for (const auto& [name, value] : attributes) {
    std::visit([&, &key = name](const auto& held) { object[key] = held; }, value);
  }
  return object;
}

Status status(const FieldErrors& errors) {
  if (errors.empty()) return Done{};
  return Error{ErrorCode::invalid_argument,
               errors.size() == 1 ? errors.front().pointer + ": " + errors.front().detail
                                  : std::to_string(errors.size()) + " fields are wrong"};
}

ObjectReader::ObjectReader(const JsonIn& value, std::string pointer, FieldErrors& errors)
    : object_(value.is_object() ? &value : nullptr),
      pointer_(std::move(pointer)),
      errors_(&errors) {
  if (object_ == nullptr) errors_->push_back({pointer_, "must be an object"});
}

const JsonIn* ObjectReader::member(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void ObjectReader::complain(std::string_view name, std::string detail) {
  errors_->push_back({pointer_ + escaped_pointer(name), std::move(detail)});
}

void ObjectReader::refuse(std::string_view name, std::string_view why) {
  if (has(name)) complain(name, std::string(why));
}

bool ObjectReader::check_text(const JsonIn& value, std::string_view name,
                              const TextLimits& limits) {
  if (!value.is_string()) {
    complain(name, "must be a text");
    return false;
  }
  const std::size_t size = value.get_ref<const std::string&>().size();
  if (size < limits.size_min) {
    complain(name, "must not be empty");
    return false;
  }
  if (size > limits.size_max) {
    complain(name, "must not be over " + std::to_string(limits.size_max) + " bytes");
    return false;
  }
  return true;
}

std::string ObjectReader::text(std::string_view name, const TextLimits& limits) {
  if (!has(name)) {
    if (object_ != nullptr) complain(name, "is missing");
    return {};
  }
  return maybe_text(name, limits).value_or("");
}

std::optional<std::string> ObjectReader::maybe_text(std::string_view name,
                                                    const TextLimits& limits) {
  const JsonIn* value = member(name);
  if (value == nullptr || !check_text(*value, name, limits)) return std::nullopt;
  return value->get<std::string>();
}

std::optional<bool> ObjectReader::maybe_flag(std::string_view name) {
  const JsonIn* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  complain(name, "must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> ObjectReader::maybe_integer(std::string_view name, std::int64_t min,
                                                        std::int64_t max) {
  const JsonIn* value = member(name);
  if (value == nullptr) return std::nullopt;
  const bool fits = value->is_number_unsigned()
                        ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
                        : value->is_number_integer();
  const std::int64_t number = fits ? value->get<std::int64_t>() : 0;
  if (fits && number >= min && number <= max) return number;
  complain(name,
           "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<double> ObjectReader::maybe_number(std::string_view name, double min, double max) {
  const JsonIn* value = member(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : min - 1;
  if (number >= min && number <= max) return number;
  complain(name, "must be a number from " + Json(min).dump() + " to " + Json(max).dump());
  return std::nullopt;
}

const JsonIn* ObjectReader::maybe_array(std::string_view name, std::size_t count_max) {
  const JsonIn* value = member(name);
  if (value == nullptr) return nullptr;
  if (value->is_array() && value->size() <= count_max) return value;
  complain(name, "must be a list of at most " + std::to_string(count_max));
  return nullptr;
}

std::optional<std::vector<std::string>> ObjectReader::maybe_texts(std::string_view name,
                                                                  std::size_t count_max,
                                                                  const TextLimits& limits) {
  const JsonIn* array = maybe_array(name, count_max);
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const JsonIn& item : *array) {
    if (!check_text(item, name, limits)) return std::nullopt;
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::optional<Attributes> ObjectReader::maybe_attributes(std::string_view name) {
  const JsonIn* value = member(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_object()) {
    complain(name, "must be an object");
    return std::nullopt;
  }
  Attributes attributes;
  for (const auto& [key, item] : value->items()) {
    auto held = attribute_value(item);
    if (!held) {
      complain(name, "each value must be a text, a whole number, true, false or a list of texts");
      return std::nullopt;
    }
    attributes.emplace(key, *std::move(held));
  }
  if (const Status checked = check_attributes(attributes); !checked) {
    complain(name, checked.error().message);
    return std::nullopt;
  }
  return attributes;
}

std::optional<ObjectReader> ObjectReader::maybe_object(std::string_view name) {
  const JsonIn* value = member(name);
  if (value == nullptr) return std::nullopt;
  return ObjectReader(*value, pointer_ + escaped_pointer(name), *errors_);
}

}  // namespace wenyuan::api
