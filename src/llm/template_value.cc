#include "llm/template_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace wenyuan::llm {
namespace {

constexpr std::size_t kSmallWeight = 8;

std::string written(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  std::string text(digits, end);
  // A real number shows that it is one.
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

// As Python's repr(): in quotes, with escapes.
void append_quoted(TemplateText& to, const TemplateText& text) {
  const std::string& bytes = text.bytes();
  const bool single = bytes.find('\'') == std::string::npos || bytes.find('"') != std::string::npos;
  const std::string_view quote = single ? "'" : "\"";
  to.append(quote, Origin::model);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char c = bytes[at];
    const Origin origin = text.origin(at);
    if (c == '\n') {
      to.append("\\n", origin);
    } else if (c == '\r') {
      to.append("\\r", origin);
    } else if (c == '\t') {
      to.append("\\t", origin);
    } else if (c == '\\' || c == quote[0]) {
      to.append(std::string{'\\', c}, origin);
    } else {
      to.append(std::string_view(&c, 1), origin);
    }
  }
  to.append(quote, Origin::model);
}

void append_shown(TemplateText& to, const TemplateValue& value) {
  if (const TemplateText* text = value.text()) {
    append_quoted(to, *text);
  } else {
    to.append(to_text(value));
  }
}

void append_list(TemplateText& to, const TemplateItems& items) {
  to.append("[", Origin::model);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) to.append(", ", Origin::model);
    append_shown(to, items[i]);
  }
  to.append("]", Origin::model);
}

void append_dict(TemplateText& to, const TemplateMembers& members) {
  to.append("{", Origin::model);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) to.append(", ", Origin::model);
    append_quoted(to, members[i].first);
    to.append(": ", Origin::model);
    append_shown(to, members[i].second);
  }
  to.append("}", Origin::model);
}

}  // namespace

TemplateValue TemplateValue::list(TemplateItems items) {
  auto list = std::make_shared<TemplateList>();
  for (const TemplateValue& item : items) {
    list->depth = std::max(list->depth, item.depth() + 1);
    list->weight += item.weight();
  }
  list->items = std::move(items);
  return Data(std::shared_ptr<const TemplateList>(std::move(list)));
}

TemplateValue TemplateValue::dict(TemplateMembers members) {
  auto dict = std::make_shared<TemplateDict>();
  for (const auto& [name, value] : members) {
    dict->depth = std::max(dict->depth, value.depth() + 1);
    dict->weight += kSmallWeight + name.size() + value.weight();
  }
  dict->members = std::move(members);
  return Data(std::shared_ptr<const TemplateDict>(std::move(dict)));
}

bool TemplateValue::fits() const {
  return names() == nullptr && loop() == nullptr && depth() < kDepthMax && weight() < kWeightMax;
}

std::size_t TemplateValue::weight() const {
  if (const TemplateText* held = text()) return kSmallWeight + held->size();
  if (const auto* list = as<std::shared_ptr<const TemplateList>>()) return (*list)->weight;
  if (const auto* dict = as<std::shared_ptr<const TemplateDict>>()) return (*dict)->weight;
  return kSmallWeight;
}

int TemplateValue::depth() const {
  if (const auto* list = as<std::shared_ptr<const TemplateList>>()) return (*list)->depth;
  if (const auto* dict = as<std::shared_ptr<const TemplateDict>>()) return (*dict)->depth;
  return 0;
}

const TemplateText* TemplateValue::text() const {
  const auto* held = as<std::shared_ptr<const TemplateText>>();
  return held == nullptr ? nullptr : held->get();
}

const TemplateItems* TemplateValue::items() const {
  const auto* held = as<std::shared_ptr<const TemplateList>>();
  return held == nullptr ? nullptr : &(*held)->items;
}

const TemplateMembers* TemplateValue::members() const {
  const auto* held = as<std::shared_ptr<const TemplateDict>>();
  return held == nullptr ? nullptr : &(*held)->members;
}

TemplateNamespace* TemplateValue::names() const {
  const auto* held = as<std::shared_ptr<TemplateNamespace>>();
  return held == nullptr ? nullptr : held->get();
}

const TemplateLoop* TemplateValue::loop() const {
  const auto* held = as<std::shared_ptr<const TemplateLoop>>();
  return held == nullptr ? nullptr : held->get();
}

bool TemplateValue::is_number() const {
  return as<bool>() != nullptr || as<std::int64_t>() != nullptr || as<double>() != nullptr;
}

bool TemplateValue::to_integer(std::int64_t& value) const {
  if (const auto* held = as<std::int64_t>()) {
    value = *held;
  } else if (const auto* flag = as<bool>()) {
    value = *flag ? 1 : 0;
  } else {
    return false;
  }
  return true;
}

bool TemplateValue::to_real(double& value) const {
  std::int64_t whole = 0;
  if (const auto* held = as<double>()) {
    value = *held;
  } else if (to_integer(whole)) {
    value = static_cast<double>(whole);
  } else {
    return false;
  }
  return true;
}

bool TemplateValue::is_true() const {
  double number = 0;
  if (to_real(number)) return number != 0;
  if (const TemplateText* held = text()) return !held->empty();
  if (const TemplateItems* held = items()) return !held->empty();
  if (const TemplateMembers* held = members()) return !held->empty();
  return !is_undefined() && !is_none();
}

const TemplateValue* find_member(const TemplateMembers& members, std::string_view name) {
  for (const auto& [key, value] : members) {
    if (key.bytes() == name) return &value;
  }
  return nullptr;
}

bool equal(const TemplateValue& a, const TemplateValue& b) {
  std::int64_t i = 0, j = 0;
  if (a.to_integer(i) && b.to_integer(j)) return i == j;
  double x = 0, y = 0;
  if (a.to_real(x) && b.to_real(y)) return x == y;
  if (a.text() != nullptr && b.text() != nullptr) return a.text()->bytes() == b.text()->bytes();
  if (a.items() != nullptr && b.items() != nullptr) {
    return std::equal(a.items()->begin(), a.items()->end(), b.items()->begin(), b.items()->end(),
                      equal);
  }
  if (a.members() != nullptr && b.members() != nullptr) {
    if (a.members()->size() != b.members()->size()) return false;
    return std::all_of(a.members()->begin(), a.members()->end(), [&](const auto& member) {
      const TemplateValue* other = find_member(*b.members(), member.first.bytes());
      return other != nullptr && equal(member.second, *other);
    });
  }
  if (a.names() != nullptr) return a.names() == b.names();
  if (a.loop() != nullptr) return a.loop() == b.loop();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

TemplateText to_text(const TemplateValue& value) {
  if (const TemplateText* text = value.text()) return *text;
  TemplateText result;
  const auto write = [&](std::string_view bytes) { result.append(bytes, Origin::model); };
  if (value.is_none()) {
    write("None");
  } else if (const auto* flag = value.as<bool>()) {
    write(*flag ? "True" : "False");
  } else if (const auto* number = value.as<std::int64_t>()) {
    write(std::to_string(*number));
  } else if (const auto* real = value.as<double>()) {
    write(written(*real));
  } else if (const TemplateItems* items = value.items()) {
    append_list(result, *items);
  } else if (const TemplateMembers* members = value.members()) {
    append_dict(result, *members);
  } else if (!value.is_undefined()) {
    write("<");
    write(kind_name(value));
    write(">");
  }
  return result;
}

std::string_view kind_name(const TemplateValue& value) {
  if (value.is_undefined()) return "nothing";
  if (value.is_none()) return "none";
  if (value.is_number()) return "a number";
  if (value.text() != nullptr) return "a string";
  if (value.items() != nullptr) return "a list";
  if (value.members() != nullptr) return "a dict";
  if (value.names() != nullptr) return "a namespace";
  if (value.loop() != nullptr) return "a loop";
  return "a function";
}

}  // namespace wenyuan::llm
