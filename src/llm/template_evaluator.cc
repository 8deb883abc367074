#include "llm/template_evaluator.h"

#include <algorithm>

#include "base/text.h"
#include "llm/template_lexer.h"
#include "llm/template_strings.h"

namespace wenyuan::llm {
namespace {

constexpr std::int64_t kRangeMax = 100'000;

}  // namespace

void TemplateNames::set(std::string_view name, TemplateValue value) {
  const std::size_t begin = frames_.empty() ? 0 : frames_.back();
  for (std::size_t i = begin; i < values_.size(); ++i) {
    if (values_[i].first != name) continue;
    values_[i].second = std::move(value);
    return;
  }
  values_.emplace_back(std::string(name), std::move(value));
}

TemplateValue TemplateNames::get(std::string_view name) const {
  const auto look = [&](std::size_t begin, std::size_t end) -> const TemplateValue* {
    for (std::size_t i = end; i-- > begin;) {
      if (values_[i].first == name) return &values_[i].second;
    }
    return nullptr;
  };
  const std::size_t outermost = frames_.empty() ? values_.size() : frames_.front();
  const TemplateValue* found = look(visible_, values_.size());
  if (found == nullptr && visible_ > 0) found = look(0, outermost);
  return found == nullptr ? TemplateValue::undefined(std::string(name)) : *found;
}

void TemplateNames::pop_frame() {
  values_.resize(frames_.back());
  frames_.pop_back();
}

std::size_t TemplateNames::enter_macro() {
  const std::size_t former = visible_;
  visible_ = values_.size();
  push_frame();
  return former;
}

void TemplateNames::leave_macro(std::size_t former) {
  pop_frame();
  visible_ = former;
}

const TemplateValue* TemplateArguments::find(std::size_t place, std::string_view name) const {
  if (place < values.size()) return &values[place];
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

Status TemplateArguments::only(std::initializer_list<std::string_view> names,
                               std::string_view what) const {
  if (values.size() > names.size()) {
    return template_error(line, std::string(what) + " has too many arguments");
  }
  for (const auto& [key, value] : named) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      return template_error(line, std::string(what) + " has no argument " + key);
    }
  }
  return Done{};
}

Status TemplateEvaluator::step(int line, std::size_t count) {
  steps_ += static_cast<std::int64_t>(count);
  if (steps_ > limits_.steps) return template_error(line, "it takes too many steps");
  return Done{};
}

Status TemplateEvaluator::spend_on_search(std::size_t text, std::size_t wanted, int line) {
  if (wanted > text) return Done{};
  return spend(((text - wanted) / 64 + 1) * (wanted / 64 + 1) * 64, line);
}

Status TemplateEvaluator::spend(std::size_t bytes, int line) {
  const auto left = static_cast<std::size_t>(limits_.bytes - bytes_);
  if (bytes > left) return template_error(line, "it makes too much text");
  bytes_ += static_cast<std::int64_t>(bytes);
  return Done{};
}

Status TemplateEvaluator::enter(int line) {
  if (depth_ >= limits_.depth) return template_error(line, "it is nested too deeply");
  ++depth_;
  return Done{};
}

Result<TemplateText> TemplateEvaluator::written(const TemplateValue& value, int line) {
  WY_RETURN_IF_ERROR(spend(value.weight(), line));
  return to_text(value);
}

Result<TemplateValue> TemplateEvaluator::list(TemplateItems items, int line) {
  WY_RETURN_IF_ERROR(spend(items.size() * sizeof(TemplateValue), line));
  std::size_t weight = 0;
  for (const TemplateValue& item : items) {
    weight += item.weight();
    if (!item.fits() || weight > TemplateValue::kWeightMax) {
      return template_error(line, "a list cannot hold this, or gets too large");
    }
  }
  return TemplateValue::list(std::move(items));
}

Result<TemplateValue> TemplateEvaluator::dict(TemplateMembers members, int line) {
  if (members.size() > kTemplateMembersMax) return template_error(line, "a dict is too large");
  WY_RETURN_IF_ERROR(spend(members.size() * 2 * sizeof(TemplateValue), line));
  std::size_t weight = 0;
  for (const auto& [name, value] : members) {
    weight += name.size() + value.weight();
    if (!value.fits() || weight > TemplateValue::kWeightMax) {
      return template_error(line, "a dict cannot hold this, or gets too large");
    }
  }
  return TemplateValue::dict(std::move(members));
}

Result<TemplateValue> TemplateEvaluator::text(TemplateText text, int line) {
  WY_RETURN_IF_ERROR(spend(text.size() + sizeof(TemplateText), line));
  return TemplateValue(std::move(text));
}

Result<TemplateValue> TemplateEvaluator::evaluate(const TemplateExpression& expression) {
  WY_RETURN_IF_ERROR(step(expression.line));
  WY_RETURN_IF_ERROR(enter(expression.line));
  auto result = evaluate_inside(expression);
  leave();
  return result;
}

Result<TemplateValue> TemplateEvaluator::evaluate_inside(const TemplateExpression& expression) {
  switch (expression.kind) {
    case ExpressionKind::literal: return expression.literal;
    case ExpressionKind::name:
      // Looked for one by one.
      WY_RETURN_IF_ERROR(step(expression.line, names_.size() / 64));
      return names_.get(expression.name);
    case ExpressionKind::list: return make_list(expression);
    case ExpressionKind::dict: return make_dict(expression);
    case ExpressionKind::attribute: {
      WY_TRY(const Value base, part(expression, 0));
      return attribute(base, expression.name, expression.line);
    }
    case ExpressionKind::item: {
      WY_TRY(const Value base, part(expression, 0));
      WY_TRY(const Value index, part(expression, 1));
      return item(base, index, expression.line);
    }
    case ExpressionKind::slice: return slice(expression);
    case ExpressionKind::call: return call(expression);
    case ExpressionKind::filter: return filter_of(expression);
    case ExpressionKind::test: return test_of(expression);
    case ExpressionKind::negation: {
      WY_TRY(const Value value, part(expression, 0));
      return Value(Value::Data(!value.is_true()));
    }
    case ExpressionKind::sign: return sign(expression);
    case ExpressionKind::compare: return compare(expression);
    case ExpressionKind::all_of:
    case ExpressionKind::any_of: return logic(expression);
    case ExpressionKind::joined: return join_parts(expression);
    case ExpressionKind::arithmetic: return arithmetic(expression);
    case ExpressionKind::choice: {
      WY_TRY(const Value condition, part(expression, 0));
      if (condition.is_true()) return part(expression, 1);
      return expression.parts[2] == nullptr ? Value() : part(expression, 2);
    }
  }
  return Value();
}

Result<TemplateValue> TemplateEvaluator::part(const TemplateExpression& expression,
                                              std::size_t at) {
  return evaluate(*expression.parts[at]);
}

Result<TemplateValue> TemplateEvaluator::make_list(const TemplateExpression& expression) {
  TemplateItems items;
  for (const TemplateExpressionPtr& item : expression.parts) {
    WY_TRY(Value value, evaluate(*item));
    items.push_back(std::move(value));
  }
  return list(std::move(items), expression.line);
}

Result<TemplateValue> TemplateEvaluator::make_dict(const TemplateExpression& expression) {
  TemplateMembers members;
  if (expression.parts.size() > 2 * kTemplateMembersMax) {
    return template_error(expression.line, "a dict is too large");
  }
  for (std::size_t i = 0; i + 1 < expression.parts.size(); i += 2) {
    WY_TRY(const Value key, part(expression, i));
    WY_TRY(Value value, part(expression, i + 1));
    if (key.text() == nullptr) {
      return template_error(expression.line, "the keys of a dict must be strings");
    }
    const auto same = std::find_if(members.begin(), members.end(), [&](const auto& member) {
      return member.first.bytes() == key.text()->bytes();
    });
    if (same == members.end()) {
      members.emplace_back(*key.text(), std::move(value));
    } else {
      same->second = std::move(value);
    }
  }
  return dict(std::move(members), expression.line);
}

Result<TemplateItems> TemplateEvaluator::iterate(const TemplateValue& value, int line) {
  if (const TemplateItems* items = value.items()) {
    WY_RETURN_IF_ERROR(spend(items->size() * sizeof(Value), line));
    return *items;
  }
  TemplateItems items;
  if (const TemplateMembers* members = value.members()) {
    for (const auto& [key, member] : *members) items.emplace_back(key);
    return items;
  }
  if (const TemplateText* held = value.text()) {
    WY_RETURN_IF_ERROR(spend(held->size() * 2 * sizeof(TemplateText), line));
    const std::vector<std::size_t> places = character_places(*held);
    for (std::size_t i = 0; i + 1 < places.size(); ++i) {
      items.emplace_back(held->part(places[i], places[i + 1] - places[i]));
    }
    return items;
  }
  if (value.is_undefined()) return items;
  return template_error(line, "there is nothing to go over in " + std::string(kind_name(value)));
}

Result<TemplateArguments> TemplateEvaluator::arguments(const TemplateExpression& expression) {
  TemplateArguments arguments;
  arguments.line = expression.line;
  for (std::size_t i = 1; i < expression.parts.size(); ++i) {
    WY_TRY(Value value, part(expression, i));
    arguments.values.push_back(std::move(value));
  }
  for (const auto& [name, argument] : expression.named) {
    WY_TRY(Value value, evaluate(*argument));
    arguments.named.emplace_back(name, std::move(value));
  }
  return arguments;
}

Result<TemplateValue> TemplateEvaluator::filter_of(const TemplateExpression& expression) {
  WY_TRY(const Value input, part(expression, 0));
  WY_TRY(const TemplateArguments given, arguments(expression));
  return filter(expression.name, input, given);
}

Result<TemplateValue> TemplateEvaluator::test_of(const TemplateExpression& expression) {
  WY_TRY(const Value value, part(expression, 0));
  WY_TRY(const TemplateArguments given, arguments(expression));
  WY_TRY(const bool holds, test(expression.name, value, given));
  return Value(Value::Data(holds));
}

Result<TemplateValue> TemplateEvaluator::logic(const TemplateExpression& expression) {
  const bool stops_at = expression.kind == ExpressionKind::any_of;
  Value value;
  for (const TemplateExpressionPtr& operand : expression.parts) {
    WY_TRY(value, evaluate(*operand));
    if (value.is_true() == stops_at) break;
  }
  return value;
}

Result<TemplateValue> TemplateEvaluator::join_parts(const TemplateExpression& expression) {
  TemplateText all;
  for (const TemplateExpressionPtr& operand : expression.parts) {
    WY_TRY(const Value value, evaluate(*operand));
    WY_TRY(const TemplateText next, written(value, expression.line));
    all.append(next);
  }
  return text(std::move(all), expression.line);
}

Result<TemplateValue> TemplateEvaluator::range(const TemplateArguments& arguments) {
  std::int64_t bounds[3] = {0, 0, 1};
  const std::size_t count = arguments.values.size();
  if (count < 1 || count > 3 || !arguments.named.empty()) {
    return template_error(arguments.line, "range has one to three arguments");
  }
  for (std::size_t i = 0; i < count; ++i) {
    // One argument alone is the end.
    if (!arguments.values[i].to_integer(bounds[count == 1 ? 1 : i])) {
      return template_error(arguments.line, "range wants whole numbers");
    }
  }
  const auto [begin, end, stride] = bounds;
  if (stride == 0) return template_error(arguments.line, "the step of range is 0");
  TemplateItems items;
  for (std::int64_t i = begin; stride > 0 ? i < end : i > end;) {
    items.emplace_back(Value::Data(i));
    if (static_cast<std::int64_t>(items.size()) > kRangeMax) {
      return template_error(arguments.line, "the range is too long");
    }
    if (__builtin_add_overflow(i, stride, &i)) break;
  }
  return list(std::move(items), arguments.line);
}

Result<TemplateValue> TemplateEvaluator::call_macro(const TemplateMacro& macro,
                                                    const TemplateArguments& arguments) {
  WY_RETURN_IF_ERROR(enter(arguments.line));
  const std::size_t first_default = macro.parameters.size() - macro.defaults.size();
  std::vector<Value> values;
  for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
    Value value = Value::undefined(macro.parameters[i]);
    if (const Value* given = arguments.find(i, macro.parameters[i])) {
      value = *given;
    } else if (i >= first_default) {
      WY_TRY(value, evaluate(*macro.defaults[i - first_default]));
    }
    values.push_back(std::move(value));
  }
  const std::size_t former = names_.enter_macro();
  for (std::size_t i = 0; i < values.size(); ++i) {
    names_.set(macro.parameters[i], std::move(values[i]));
  }
  WY_TRY(TemplateText written, macros_.run_body(macro.body));
  names_.leave_macro(former);
  leave();
  return text(std::move(written), arguments.line);
}

}  // namespace wenyuan::llm
