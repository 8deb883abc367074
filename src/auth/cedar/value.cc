#include "auth/cedar/value.h"

#include <algorithm>

#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {

std::string_view name(ValueKind kind) {
  switch (kind) {
    case ValueKind::boolean: return "bool";
    case ValueKind::integer: return "long";
    case ValueKind::string: return "string";
    case ValueKind::entity: return "entity";
    case ValueKind::set: return "set";
    case ValueKind::record: return "record";
    case ValueKind::decimal: return "decimal";
    case ValueKind::ip_address: return "ipaddr";
    case ValueKind::datetime: return "datetime";
    case ValueKind::duration: return "duration";
  }
  return "";
}

Value::Value(Set value) : state_(std::make_shared<const Set>(std::move(value))) {}
Value::Value(Record value) : state_(std::make_shared<const Record>(std::move(value))) {}

const Set* Value::as_set() const {
  const auto* held = std::get_if<std::shared_ptr<const Set>>(&state_);
  return held == nullptr ? nullptr : held->get();
}

const Record* Value::as_record() const {
  const auto* held = std::get_if<std::shared_ptr<const Record>>(&state_);
  return held == nullptr ? nullptr : held->get();
}

// Not by way of compare, which has to find out which string is the lesser.
bool Value::equal(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case ValueKind::boolean: return *left.as_bool() == *right.as_bool();
    case ValueKind::integer: return *left.as_integer() == *right.as_integer();
    case ValueKind::string: return *left.as_string() == *right.as_string();
    case ValueKind::entity: {
      const EntityUid& a = *left.as_entity();
      const EntityUid& b = *right.as_entity();
      return a.id == b.id && a.type == b.type;
    }
    case ValueKind::decimal: return *left.as_decimal() == *right.as_decimal();
    case ValueKind::ip_address: return *left.as_ip_address() == *right.as_ip_address();
    case ValueKind::datetime: return *left.as_datetime() == *right.as_datetime();
    case ValueKind::duration: return *left.as_duration() == *right.as_duration();
    case ValueKind::set:
      return left.as_set() == right.as_set() || left.as_set()->values() == right.as_set()->values();
    case ValueKind::record:
      return left.as_record() == right.as_record() ||
             left.as_record()->attributes() == right.as_record()->attributes();
  }
  return false;
}

std::strong_ordering Value::compare(const Value& left, const Value& right) {
  if (left.kind() != right.kind()) return left.kind() <=> right.kind();
  switch (left.kind()) {
    case ValueKind::boolean: return *left.as_bool() <=> *right.as_bool();
    case ValueKind::integer: return *left.as_integer() <=> *right.as_integer();
    case ValueKind::string: return *left.as_string() <=> *right.as_string();
    case ValueKind::entity: return *left.as_entity() <=> *right.as_entity();
    case ValueKind::decimal: return *left.as_decimal() <=> *right.as_decimal();
    case ValueKind::ip_address: return *left.as_ip_address() <=> *right.as_ip_address();
    case ValueKind::datetime: return *left.as_datetime() <=> *right.as_datetime();
    case ValueKind::duration: return *left.as_duration() <=> *right.as_duration();
    case ValueKind::set: {
      const Set& a = *left.as_set();
      const Set& b = *right.as_set();
      if (&a == &b) return std::strong_ordering::equal;
      if (a.size() != b.size()) return a.size() <=> b.size();
      return std::lexicographical_compare_three_way(a.values().begin(), a.values().end(),
                                                    b.values().begin(), b.values().end());
    }
    case ValueKind::record: {
      const Record& a = *left.as_record();
      const Record& b = *right.as_record();
      if (&a == &b) return std::strong_ordering::equal;
      return std::lexicographical_compare_three_way(a.attributes().begin(), a.attributes().end(),
                                                    b.attributes().begin(), b.attributes().end());
    }
  }
  return std::strong_ordering::equal;
}

Set::Set(std::vector<Value> values) : values_(std::move(values)) {
  std::sort(values_.begin(), values_.end());
  values_.erase(std::unique(values_.begin(), values_.end()), values_.end());
}

bool Set::contains(const Value& value) const {
  return std::binary_search(values_.begin(), values_.end(), value);
}

bool Set::contains_all(const Set& other) const {
  return std::includes(values_.begin(), values_.end(), other.values_.begin(), other.values_.end());
}

bool Set::contains_any(const Set& other) const {
  const Set& few = size() < other.size() ? *this : other;
  const Set& many = size() < other.size() ? other : *this;
  return std::any_of(few.values_.begin(), few.values_.end(),
                     [&many](const Value& value) { return many.contains(value); });
}

Record::Record(std::vector<Attribute> attributes) : attributes_(std::move(attributes)) {
  std::stable_sort(attributes_.begin(), attributes_.end(),
                   [](const Attribute& a, const Attribute& b) { return a.first < b.first; });
  // Keeps the last of each run of equal names.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    const bool is_last =
        i + 1 == attributes_.size() || attributes_[i].first != attributes_[i + 1].first;
    if (!is_last) continue;
    if (kept != i) attributes_[kept] = std::move(attributes_[i]);
    ++kept;
  }
  attributes_.erase(attributes_.begin() + static_cast<std::ptrdiff_t>(kept), attributes_.end());
}

const Value* Record::find(std::string_view name) const {
  const auto found = std::lower_bound(
      attributes_.begin(), attributes_.end(), name,
      [](const Attribute& attribute, std::string_view wanted) { return attribute.first < wanted; });
  return found != attributes_.end() && found->first == name ? &found->second : nullptr;
}

namespace {

void append(std::string& text, const Value& value) {
  switch (value.kind()) {
    case ValueKind::boolean: text += *value.as_bool() ? "true" : "false"; return;
    case ValueKind::integer: text += std::to_string(*value.as_integer()); return;
    case ValueKind::string: text += cedar::quoted(*value.as_string()); return;
    case ValueKind::entity: text += to_text(*value.as_entity()); return;
    case ValueKind::decimal: text += to_expression(*value.as_decimal()); return;
    case ValueKind::ip_address: text += to_expression(*value.as_ip_address()); return;
    case ValueKind::datetime: text += to_expression(*value.as_datetime()); return;
    case ValueKind::duration: text += to_expression(*value.as_duration()); return;
    case ValueKind::set: {
      text += '[';
      bool first = true;
      for (const Value& each : value.as_set()->values()) {
        if (!first) text += ", ";
        first = false;
        append(text, each);
      }
      text += ']';
      return;
    }
    case ValueKind::record: {
      text += '{';
      bool first = true;
      for (const auto& [key, each] : value.as_record()->attributes()) {
        if (!first) text += ", ";
        first = false;
        text += cedar::quoted(key);
        text += ": ";
        append(text, each);
      }
      text += '}';
      return;
    }
  }
}

}  // namespace

std::string to_text(const Value& value) {
  std::string text;
  append(text, value);
  return text;
}

}  // namespace wenyuan::auth::cedar
