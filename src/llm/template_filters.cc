// The filters of templates, as Jinja and transformers define them.
#include "llm/template_filters.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "llm/template_lexer.h"
#include "llm/template_methods.h"
#include "llm/template_strings.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;
using Use = TemplateFilterUse;

Result<Value> trim(const Use& use) {
  WY_RETURN_IF_ERROR(use.given.only({"chars"}, "trim"));
  WY_TRY(const TemplateText text, use.text());
  const Value* set = use.given.find(0, "chars");
  if (set == nullptr || set->text() == nullptr) {
    return use.done(stripped(text, std::nullopt, Side::both));
  }
  WY_RETURN_IF_ERROR(
      use.evaluator.spend((text.size() / 16 + 1) * (set->text()->size() + 1), use.given.line));
  return use.done(stripped(text, set->text()->bytes(), Side::both));
}

Result<Value> length(const Use& use) {
  std::size_t size = 0;
  if (const TemplateText* text = use.input.text()) {
    size = code_point_count(text->bytes());
  } else if (const TemplateItems* items = use.input.items()) {
    size = items->size();
  } else if (const TemplateMembers* members = use.input.members()) {
    size = members->size();
  } else if (!use.input.is_undefined()) {
    return use.error("wants a string, a list or a dict");
  }
  return Value(Value::Data(static_cast<std::int64_t>(size)));
}

template <LetterCase how>
Result<Value> to_case(const Use& use) {
  WY_TRY(const TemplateText text, use.text());
  return use.done(with_case(text, how));
}

Result<Value> otherwise(const Use& use) {
  WY_RETURN_IF_ERROR(use.given.only({"default_value", "boolean"}, "default"));
  const Value* value = use.given.find(0, "default_value");
  const Value* boolean = use.given.find(1, "boolean");
  const bool falsy_too = boolean != nullptr && boolean->is_true();
  const bool keep = !use.input.is_undefined() && (!falsy_too || use.input.is_true());
  if (keep) return use.input;
  return value == nullptr ? Value(TemplateText()) : *value;
}

Result<Value> to_string(const Use& use) {
  WY_TRY(TemplateText text, use.text());
  return use.done(std::move(text));
}

Result<Value> same(const Use& use) { return use.input; }

Result<Value> escape(const Use& use) {
  WY_TRY(const TemplateText text, use.text());
  WY_RETURN_IF_ERROR(use.evaluator.spend(text.size() * 6, use.given.line));
  return use.done(escaped_html(text));
}

Result<Value> to_whole(const Use& use) {
  const Value* given = use.given.find(0, "default");
  const Value none = given == nullptr ? Value(Value::Data(std::int64_t{0})) : *given;
  double real = 0;
  std::int64_t whole = 0;
  if (use.input.to_integer(whole)) return Value(Value::Data(whole));
  const TemplateText* text = use.input.text();
  if (text != nullptr) {
    const std::string_view digits = wenyuan::trim(text->bytes());
    const char* end = digits.data() + digits.size();
    const char* begin = digits.data() + (digits.starts_with('+') ? 1 : 0);
    auto done = std::from_chars(begin, end, whole);
    if (done.ec == std::errc{} && done.ptr == end) return Value(Value::Data(whole));
    done = std::from_chars(begin, end, real);
    if (done.ec != std::errc{} || done.ptr != end) return none;
  } else if (!use.input.to_real(real)) {
    return none;
  }
  if (!(std::abs(real) < 9e18)) return none;
  return Value(Value::Data(static_cast<std::int64_t>(real)));
}

Result<Value> to_real(const Use& use) {
  const Value* given = use.given.find(0, "default");
  double real = 0;
  if (use.input.to_real(real)) return Value(Value::Data(real));
  if (const TemplateText* text = use.input.text()) {
    const std::string_view digits = wenyuan::trim(text->bytes());
    const auto done = std::from_chars(digits.data(), digits.data() + digits.size(), real);
    if (done.ec == std::errc{} && done.ptr == digits.data() + digits.size()) {
      return Value(Value::Data(real));
    }
  }
  return given == nullptr ? Value(Value::Data(0.0)) : *given;
}

Result<Value> replace(const Use& use) {
  WY_TRY(const TemplateText text, use.text());
  return call_template_method(use.evaluator, Value(text), "replace", use.given);
}

Result<Value> indent(const Use& use) {
  WY_RETURN_IF_ERROR(use.given.only({"width", "first", "blank"}, "indent"));
  WY_TRY(const TemplateText text, use.text());
  const auto is_on = [&](std::size_t place, std::string_view key) {
    const Value* value = use.given.find(place, key);
    return value != nullptr && value->is_true();
  };
  TemplateText margin("    ", Origin::model);
  if (const Value* width = use.given.find(0, "width")) {
    std::int64_t count = 0;
    if (width->text() != nullptr) {
      margin = *width->text();
    } else if (!width->to_integer(count) || count < 0 || count > 1000) {
      return use.error("wants a small number");
    } else {
      margin = TemplateText(std::string(static_cast<std::size_t>(count), ' '), Origin::model);
    }
  }
  TemplateText all;
  const auto lines = split_at(text, "\n", -1, Side::left);
  WY_RETURN_IF_ERROR(use.evaluator.spend(lines.size() * (margin.size() + 64), use.given.line));
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) all.append("\n", Origin::model);
    const bool wanted = i == 0 ? is_on(1, "first") : is_on(2, "blank") || !lines[i].empty();
    if (wanted) all.append(margin);
    all.append(lines[i]);
  }
  return use.done(std::move(all));
}

Result<Value> tojson(const Use& use) {
  WY_RETURN_IF_ERROR(
      use.given.only({"ensure_ascii", "indent", "separators", "sort_keys"}, "tojson"));
  JsonStyle style;
  std::int64_t number = 0;
  const Value* wanted = use.given.find(1, "indent");
  if (wanted != nullptr && wanted->to_integer(number)) {
    if (number < 0 || number > 16) return use.error("wants a small indent");
    style.indent = static_cast<int>(number);
  }
  const Value* separators = use.given.find(2, "separators");
  if (separators != nullptr && separators->items() != nullptr && separators->items()->size() == 2) {
    style.item_separator = to_text((*separators->items())[0]).bytes();
    style.key_separator = to_text((*separators->items())[1]).bytes();
    if (style.item_separator.size() + style.key_separator.size() > 16) {
      return use.error("wants short separators");
    }
  }
  const Value* sorted = use.given.find(3, "sort_keys");
  style.sorted = sorted != nullptr && sorted->is_true();
  const std::size_t factor = style.indent < 0 ? 8 : 64;
  WY_RETURN_IF_ERROR(use.evaluator.spend(use.input.weight() * factor, use.given.line));
  WY_TRY(TemplateText text, to_json(use.input, style, use.given.line));
  return use.done(std::move(text));
}

Result<Value> absolute(const Use& use) {
  std::int64_t whole = 0;
  double real = 0;
  if (use.input.to_integer(whole)) {
    if (whole == std::numeric_limits<std::int64_t>::min()) return use.error("gets too large");
    return Value(Value::Data(whole < 0 ? -whole : whole));
  }
  if (!use.input.to_real(real)) return use.error("wants a number");
  return Value(Value::Data(std::abs(real)));
}

constexpr TemplateFilter kFilters[] = {
    {"trim", trim},
    {"length", length},
    {"count", length},
    {"upper", to_case<LetterCase::upper>},
    {"lower", to_case<LetterCase::lower>},
    {"title", to_case<LetterCase::title>},
    {"capitalize", to_case<LetterCase::capitalized>},
    {"default", otherwise},
    {"d", otherwise},
    {"string", to_string},
    {"safe", same},
    {"escape", escape},
    {"e", escape},
    {"int", to_whole},
    {"float", to_real},
    {"replace", replace},
    {"indent", indent},
    {"tojson", tojson},
    {"abs", absolute},
};

}  // namespace

Result<TemplateValue> TemplateEvaluator::filter(std::string_view name, const TemplateValue& input,
                                                const TemplateArguments& arguments) {
  for (const std::span<const TemplateFilter> filters :
       {std::span<const TemplateFilter>(kFilters), template_list_filters()}) {
    for (const TemplateFilter& filter : filters) {
      if (filter.name != name) continue;
      WY_RETURN_IF_ERROR(enter(arguments.line));
      auto result = filter.apply({*this, name, input, arguments});
      leave();
      return result;
    }
  }
  return template_error(arguments.line, "the filter " + std::string(name) + " is not supported");
}

}  // namespace wenyuan::llm
