// Members, items, slices and calls of templates.
#include <algorithm>

#include "base/text.h"
#include "llm/template_evaluator.h"
#include "llm/template_lexer.h"
#include "llm/template_methods.h"
#include "llm/template_strings.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;

Value loop_member(const TemplateLoop& loop, std::string_view name) {
  const TemplateItems& items = loop.items->items;
  const auto number = [](std::size_t value) {
    return Value(Value::Data(static_cast<std::int64_t>(value)));
  };
  if (name == "index") return number(loop.index + 1);
  if (name == "index0") return number(loop.index);
  if (name == "revindex") return number(items.size() - loop.index);
  if (name == "revindex0") return number(items.size() - loop.index - 1);
  if (name == "length") return number(items.size());
  if (name == "first") return Value(Value::Data(loop.index == 0));
  if (name == "last") return Value(Value::Data(loop.index + 1 == items.size()));
  if (name == "previtem" && loop.index > 0) return items[loop.index - 1];
  if (name == "nextitem" && loop.index + 1 < items.size()) return items[loop.index + 1];
  return Value::undefined("loop." + std::string(name));
}

// The place that an index means; nothing when there is none. Negative ones count from the end.
std::optional<std::size_t> place_of(std::int64_t index, std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

// The places of [begin:end:stride] among `size`.
std::vector<std::size_t> places_of(std::optional<std::int64_t> begin,
                                   std::optional<std::int64_t> end, std::int64_t stride,
                                   std::size_t size) {
  const auto count = static_cast<std::int64_t>(size);
  const bool forward = stride > 0;
  const auto bound = [&](std::optional<std::int64_t> given, std::int64_t otherwise) {
    if (!given) return otherwise;
    const std::int64_t from_start = *given < 0 ? *given + count : *given;
    const std::int64_t low = forward ? 0 : -1;
    return std::clamp(from_start, low, forward ? count : count - 1);
  };
  std::vector<std::size_t> places;
  const std::int64_t stop = bound(end, forward ? count : -1);
  for (std::int64_t at = bound(begin, forward ? 0 : count - 1); forward ? at < stop : at > stop;) {
    places.push_back(static_cast<std::size_t>(at));
    if (__builtin_add_overflow(at, stride, &at)) break;
  }
  return places;
}

}  // namespace

Result<TemplateValue> TemplateEvaluator::attribute(const TemplateValue& base, std::string_view name,
                                                   int line) {
  if (const auto* missing = base.as<Undefined>()) {
    return template_error(line, json_quoted(missing->name) + " is undefined");
  }
  if (const TemplateLoop* loop = base.loop()) return loop_member(*loop, name);
  if (const TemplateNamespace* names = base.names()) {
    for (const auto& [key, value] : names->members) {
      if (key == name) return value;
    }
  }
  if (const TemplateMembers* members = base.members()) {
    if (const Value* found = find_member(*members, name)) return *found;
  }
  return Value::undefined(std::string(name));
}

Result<TemplateValue> TemplateEvaluator::item(const TemplateValue& base, const TemplateValue& index,
                                              int line) {
  if (const TemplateText* name = index.text()) return attribute(base, name->bytes(), line);
  if (const auto* missing = base.as<Undefined>()) {
    return template_error(line, json_quoted(missing->name) + " is undefined");
  }
  std::int64_t number = 0;
  if (!index.to_integer(number)) return Value::undefined("an item");
  if (const TemplateItems* items = base.items()) {
    const auto place = place_of(number, items->size());
    return place ? (*items)[*place] : Value::undefined("item " + std::to_string(number));
  }
  if (const TemplateText* held = base.text()) {
    WY_RETURN_IF_ERROR(spend(held->size(), line));
    const std::vector<std::size_t> places = character_places(*held);
    const auto place = place_of(number, places.size() - 1);
    if (!place) return Value::undefined("character " + std::to_string(number));
    return Value(held->part(places[*place], places[*place + 1] - places[*place]));
  }
  return Value::undefined("item " + std::to_string(number));
}

Result<TemplateValue> TemplateEvaluator::slice(const TemplateExpression& expression) {
  const int line = expression.line;
  WY_TRY(const Value base, part(expression, 0));
  std::optional<std::int64_t> bounds[3];
  for (std::size_t i = 0; i < 3; ++i) {
    if (expression.parts[i + 1] == nullptr) continue;
    WY_TRY(const Value value, part(expression, i + 1));
    std::int64_t number = 0;
    if (value.is_none()) continue;
    if (!value.to_integer(number)) return template_error(line, "slices want whole numbers");
    bounds[i] = number;
  }
  const std::int64_t stride = bounds[2].value_or(1);
  if (stride == 0) return template_error(line, "the step of a slice is 0");
  if (const TemplateItems* items = base.items()) {
    WY_RETURN_IF_ERROR(spend(items->size() * sizeof(std::size_t), line));
    TemplateItems some;
    for (const std::size_t at : places_of(bounds[0], bounds[1], stride, items->size())) {
      some.push_back((*items)[at]);
    }
    return list(std::move(some), line);
  }
  if (const TemplateText* held = base.text()) {
    WY_RETURN_IF_ERROR(spend(held->size() * 2 * sizeof(std::size_t), line));
    const std::vector<std::size_t> chars = character_places(*held);
    TemplateText some;
    for (const std::size_t at : places_of(bounds[0], bounds[1], stride, chars.size() - 1)) {
      some.append(held->part(chars[at], chars[at + 1] - chars[at]));
    }
    return text(std::move(some), line);
  }
  if (base.is_undefined()) return base;
  return template_error(line, "there is no slice of " + std::string(kind_name(base)));
}

Result<TemplateValue> TemplateEvaluator::call(const TemplateExpression& expression) {
  const TemplateExpression& callee = *expression.parts[0];
  const int line = expression.line;
  if (callee.kind == ExpressionKind::attribute) {
    WY_TRY(const Value base, part(callee, 0));
    WY_TRY(const TemplateArguments given, arguments(expression));
    if (const auto* missing = base.as<Undefined>()) {
      return template_error(line, json_quoted(missing->name) + " is undefined");
    }
    return call_template_method(*this, base, callee.name, given);
  }
  WY_TRY(const Value function, evaluate(callee));
  WY_TRY(const TemplateArguments given, arguments(expression));
  if (const auto* macro = function.as<const TemplateMacro*>()) return call_macro(**macro, given);
  if (const auto* known = function.as<TemplateFunction>()) return call_function(*known, given);
  const auto* missing = function.as<Undefined>();
  return template_error(line, missing != nullptr
                                  ? "there is no function " + missing->name
                                  : std::string(kind_name(function)) + " is no function");
}

Result<TemplateValue> TemplateEvaluator::call_function(TemplateFunction function,
                                                       const TemplateArguments& arguments) {
  const int line = arguments.line;
  switch (function) {
    case TemplateFunction::range: return range(arguments);
    case TemplateFunction::raise_exception: {
      const Value* message = arguments.find(0, "message");
      TemplateText why;
      if (message != nullptr) {
        WY_TRY(why, written(*message, line));
      }
      return Error{ErrorCode::invalid_argument,
                   "the chat template refuses the conversation: " + why.bytes()};
    }
    case TemplateFunction::strftime_now: {
      const Value* format = arguments.find(0, "format");
      if (format == nullptr || format->text() == nullptr) {
        return template_error(line, "strftime_now wants a format");
      }
      return text(TemplateText(date_text(today_, format->text()->bytes()), Origin::model), line);
    }
    case TemplateFunction::make_namespace: {
      auto names = std::make_shared<TemplateNamespace>();
      for (const auto& [name, value] : arguments.named) {
        if (!value.fits()) return template_error(line, "a namespace cannot hold this");
        names->members.emplace_back(name, value);
      }
      return Value(Value::Data(std::move(names)));
    }
    case TemplateFunction::make_dict: {
      TemplateMembers members;
      for (const auto& [name, value] : arguments.named) {
        members.emplace_back(TemplateText(name, Origin::model), value);
      }
      return dict(std::move(members), line);
    }
  }
  return Value();
}

}  // namespace wenyuan::llm
