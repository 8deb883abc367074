#include "llm/template_methods.h"

#include <array>

#include "base/text.h"
#include "llm/template_lexer.h"
#include "llm/template_strings.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;

// A method of a string, with what it may need.
struct Call {
  TemplateEvaluator& evaluator;
  const TemplateText& text;
  std::string_view name;
  const TemplateArguments& arguments;

  Error error(const std::string& what) const {
    return template_error(arguments.line, std::string(name) + "() " + what);
  }
  // An argument that must be a string; nullptr when it is not there or none.
  Result<const TemplateText*> string(std::size_t place, std::string_view key) const {
    const Value* value = arguments.find(place, key);
    if (value == nullptr || value->is_none()) return nullptr;
    if (value->text() == nullptr) return error("wants a string");
    return value->text();
  }
  Result<std::int64_t> number(std::size_t place, std::string_view key,
                              std::int64_t otherwise) const {
    const Value* value = arguments.find(place, key);
    std::int64_t number = otherwise;
    if (value != nullptr && !value->to_integer(number)) return error("wants a whole number");
    return number;
  }
  Result<Value> list(const std::vector<TemplateText>& parts) const {
    TemplateItems items;
    for (const TemplateText& part : parts) items.emplace_back(part);
    return evaluator.list(std::move(items), arguments.line);
  }
  Result<Value> done(TemplateText made) const {
    return evaluator.text(std::move(made), arguments.line);
  }
};

Result<Value> strip(const Call& call, Side side) {
  WY_RETURN_IF_ERROR(call.arguments.only({"chars"}, call.name));
  WY_TRY(const TemplateText* set, call.string(0, "chars"));
  const std::size_t set_size = set == nullptr ? 1 : set->size() + 1;
  WY_RETURN_IF_ERROR(
      call.evaluator.spend((call.text.size() / 16 + 1) * set_size, call.arguments.line));
  return call.done(stripped(
      call.text, set == nullptr ? std::nullopt : std::optional<std::string_view>(set->bytes()),
      side));
}

Result<Value> split(const Call& call, Side from) {
  WY_RETURN_IF_ERROR(call.arguments.only({"sep", "maxsplit"}, call.name));
  WY_TRY(const TemplateText* separator, call.string(0, "sep"));
  WY_TRY(const std::int64_t count_max, call.number(1, "maxsplit", -1));
  // Short parts take more memory than their bytes.
  WY_RETURN_IF_ERROR(call.evaluator.spend(call.text.size() * 64, call.arguments.line));
  if (separator == nullptr) return call.list(split_at_spaces(call.text, count_max));
  if (separator->empty()) return call.error("has an empty separator");
  WY_RETURN_IF_ERROR(
      call.evaluator.spend_on_search(call.text.size(), separator->size(), call.arguments.line));
  return call.list(split_at(call.text, separator->bytes(), count_max, from));
}

Result<Value> replace(const Call& call) {
  WY_RETURN_IF_ERROR(call.arguments.only({"old", "new", "count"}, call.name));
  WY_TRY(const TemplateText* old, call.string(0, "old"));
  WY_TRY(const TemplateText* by, call.string(1, "new"));
  WY_TRY(const std::int64_t count_max, call.number(2, "count", -1));
  if (old == nullptr || by == nullptr || old->empty()) return call.error("wants two strings");
  WY_RETURN_IF_ERROR(
      call.evaluator.spend_on_search(call.text.size(), old->size(), call.arguments.line));
  const std::size_t most = call.text.size() / old->size() + 1;
  WY_RETURN_IF_ERROR(call.evaluator.spend(most * (by->size() + 64), call.arguments.line));
  return call.done(replaced(call.text, old->bytes(), *by, count_max));
}

// startswith and endswith, with one string or several.
Result<Value> begins_or_ends(const Call& call) {
  const bool begins = call.name == "startswith";
  const Value* wanted = call.arguments.find(0, "prefix");
  if (wanted == nullptr) return call.error("wants a string");
  const auto fits = [&](const TemplateText& part) {
    return begins ? call.text.bytes().starts_with(part.bytes())
                  : call.text.bytes().ends_with(part.bytes());
  };
  if (const TemplateText* part = wanted->text()) return Value(Value::Data(fits(*part)));
  if (wanted->items() == nullptr) return call.error("wants a string");
  for (const Value& item : *wanted->items()) {
    if (item.text() != nullptr && fits(*item.text())) return Value(Value::Data(true));
  }
  return Value(Value::Data(false));
}

Result<Value> find(const Call& call) {
  WY_TRY(const TemplateText* wanted, call.string(0, "sub"));
  if (wanted == nullptr) return call.error("wants a string");
  WY_RETURN_IF_ERROR(
      call.evaluator.spend_on_search(call.text.size(), wanted->size(), call.arguments.line));
  const std::string& bytes = call.text.bytes();
  if (call.name == "count") {
    if (wanted->empty()) return call.error("wants a string that is not empty");
    const auto parts = split_at(call.text, wanted->bytes(), -1, Side::left);
    return Value(Value::Data(static_cast<std::int64_t>(parts.size()) - 1));
  }
  const std::size_t at =
      call.name == "rfind" ? bytes.rfind(wanted->bytes()) : bytes.find(wanted->bytes());
  if (at == std::string::npos) return Value(Value::Data(std::int64_t{-1}));
  const std::size_t place = code_point_count(std::string_view(bytes).substr(0, at));
  return Value(Value::Data(static_cast<std::int64_t>(place)));
}

Result<Value> join(const Call& call) {
  const Value* parts = call.arguments.find(0, "iterable");
  if (parts == nullptr) return call.error("wants a list");
  WY_TRY(const TemplateItems items, call.evaluator.iterate(*parts, call.arguments.line));
  TemplateText all;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].text() == nullptr) return call.error("wants strings");
    WY_RETURN_IF_ERROR(
        call.evaluator.spend(items[i].text()->size() + call.text.size(), call.arguments.line));
    if (i > 0) all.append(call.text);
    all.append(*items[i].text());
  }
  return call.done(std::move(all));
}

// {} and {0} and {name}, without formats of numbers.
Result<Value> format(const Call& call) {
  TemplateText all;
  const std::string& bytes = call.text.bytes();
  std::size_t next = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t brace = std::min(bytes.find_first_of("{}", at), bytes.size());
    all.append(call.text.part(at, brace - at));
    if (brace == bytes.size()) break;
    if (brace + 1 < bytes.size() && bytes[brace + 1] == bytes[brace]) {
      all.append(call.text.part(brace, 1));
      at = brace + 2;
      continue;
    }
    const std::size_t end = bytes.find('}', brace);
    if (bytes[brace] == '}' || end == std::string::npos) return call.error("has a lonely brace");
    const std::string key = bytes.substr(brace + 1, end - brace - 1);
    const bool is_number =
        key.size() < 4 && key.find_first_not_of("0123456789") == std::string::npos;
    const std::size_t place = key.empty() ? next++
                              : is_number ? static_cast<std::size_t>(std::stoul(key))
                                          : call.arguments.values.size();
    const Value* value = call.arguments.find(place, key);
    if (value == nullptr) return call.error("cannot write {" + key + "}");
    WY_TRY(const TemplateText written, call.evaluator.written(*value, call.arguments.line));
    all.append(written);
    at = end + 1;
  }
  return call.done(std::move(all));
}

Result<Value> call_string_method(const Call& call) {
  const std::string_view name = call.name;
  WY_RETURN_IF_ERROR(call.evaluator.spend(call.text.size(), call.arguments.line));
  if (name == "strip") return strip(call, Side::both);
  if (name == "lstrip") return strip(call, Side::left);
  if (name == "rstrip") return strip(call, Side::right);
  if (name == "split") return split(call, Side::left);
  if (name == "rsplit") return split(call, Side::right);
  if (name == "splitlines") return call.list(split_lines(call.text));
  if (name == "startswith" || name == "endswith") return begins_or_ends(call);
  if (name == "replace") return replace(call);
  if (name == "upper") return call.done(with_case(call.text, LetterCase::upper));
  if (name == "lower") return call.done(with_case(call.text, LetterCase::lower));
  if (name == "title") return call.done(with_case(call.text, LetterCase::title));
  if (name == "capitalize") return call.done(with_case(call.text, LetterCase::capitalized));
  if (name == "find" || name == "rfind" || name == "count") return find(call);
  if (name == "join") return join(call);
  if (name == "format") return format(call);
  const std::string& bytes = call.text.bytes();
  const bool all_digits =
      !bytes.empty() && bytes.find_first_not_of("0123456789") == std::string::npos;
  if (name == "isdigit" || name == "isnumeric") return Value(Value::Data(all_digits));
  if (name == "isspace") {
    const bool white = !bytes.empty() && stripped(call.text, std::nullopt, Side::both).empty();
    return Value(Value::Data(white));
  }
  return call.error("is not supported for strings");
}

Result<Value> call_dict_method(TemplateEvaluator& evaluator, const TemplateMembers& members,
                               std::string_view name, const TemplateArguments& arguments) {
  const int line = arguments.line;
  if (name == "get") {
    const Value* key = arguments.find(0, "key");
    const Value* otherwise = arguments.find(1, "default");
    if (key == nullptr) return template_error(line, "get() wants a key");
    const Value* found =
        key->text() == nullptr ? nullptr : find_member(members, key->text()->bytes());
    if (found != nullptr) return *found;
    return otherwise == nullptr ? Value(Value::Data(None{})) : *otherwise;
  }
  if (name != "items" && name != "keys" && name != "values") {
    return template_error(line, std::string(name) + "() is not supported for dicts");
  }
  WY_RETURN_IF_ERROR(evaluator.spend(members.size() * 2 * sizeof(Value), line));
  TemplateItems items;
  for (const auto& [key, value] : members) {
    if (name == "keys") {
      items.emplace_back(key);
    } else if (name == "values") {
      items.push_back(value);
    } else {
      WY_TRY(Value pair, evaluator.list({Value(key), value}, line));
      items.push_back(std::move(pair));
    }
  }
  return evaluator.list(std::move(items), line);
}

}  // namespace

Result<TemplateValue> call_template_method(TemplateEvaluator& evaluator, const TemplateValue& base,
                                           std::string_view name,
                                           const TemplateArguments& arguments) {
  if (const TemplateText* text = base.text()) {
    return call_string_method({evaluator, *text, name, arguments});
  }
  if (const TemplateMembers* members = base.members()) {
    return call_dict_method(evaluator, *members, name, arguments);
  }
  return template_error(arguments.line, std::string(name) + "() is not supported for " +
                                            std::string(kind_name(base)));
}

std::string date_text(std::chrono::year_month_day day, std::string_view format) {
  constexpr std::array<std::string_view, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                     "Thursday", "Friday", "Saturday"};
  const unsigned month = static_cast<unsigned>(day.month());
  const std::string_view month_name = kMonths[(month + 11) % 12];
  const unsigned weekday = std::chrono::weekday(std::chrono::sys_days(day)).c_encoding() % 7;
  const auto two = [](unsigned number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  const int year = static_cast<int>(day.year());
  std::string text;
  for (std::size_t at = 0; at < format.size(); ++at) {
    if (format[at] != '%' || at + 1 == format.size()) {
      text += format[at];
      continue;
    }
    const bool plain = format[at + 1] == '-' && at + 2 < format.size();
    at += plain ? 2 : 1;
    const unsigned date = static_cast<unsigned>(day.day());
    switch (format[at]) {
      case 'Y': text += std::to_string(year); break;
      case 'y': text += two(static_cast<unsigned>(year % 100)); break;
      case 'm': text += plain ? std::to_string(month) : two(month); break;
      case 'd': text += plain ? std::to_string(date) : two(date); break;
      case 'B': text += month_name; break;
      case 'b': text += month_name.substr(0, 3); break;
      case 'A': text += kDays[weekday]; break;
      case 'a': text += kDays[weekday].substr(0, 3); break;
      case 'H':
      case 'M':
      case 'S': text += plain ? "0" : "00"; break;
      default: text += format[at];
    }
  }
  return text;
}

}  // namespace wenyuan::llm
