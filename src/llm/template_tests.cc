// The tests of templates: what may follow `is`.
#include "llm/template_evaluator.h"
#include "llm/template_lexer.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;

std::string_view plain_name(std::string_view name) {
  if (name == "eq" || name == "==" || name == "equalto" || name == "sameas") return "==";
  if (name == "ne" || name == "!=") return "!=";
  if (name == "lt" || name == "lessthan") return "<";
  if (name == "gt" || name == "greaterthan") return ">";
  if (name == "le") return "<=";
  if (name == "ge") return ">=";
  return name == "in" ? name : std::string_view();
}

bool is_flag(const Value& value, bool wanted) {
  const auto* flag = value.as<bool>();
  return flag != nullptr && *flag == wanted;
}

// Tests of a value alone; nothing when there is no such test.
std::optional<bool> of_kind(std::string_view name, const Value& value) {
  const bool text = value.text() != nullptr;
  const bool items = value.items() != nullptr;
  const bool members = value.members() != nullptr;
  if (name == "defined") return !value.is_undefined();
  if (name == "undefined") return value.is_undefined();
  if (name == "none") return value.is_none();
  if (name == "string") return text;
  if (name == "mapping") return members;
  if (name == "sequence") return text || items || members || value.is_undefined();
  if (name == "iterable") return text || items || members || value.is_undefined();
  if (name == "number") return value.is_number();
  if (name == "integer") return value.as<std::int64_t>() != nullptr;
  if (name == "float") return value.as<double>() != nullptr;
  if (name == "boolean") return value.as<bool>() != nullptr;
  if (name == "true") return is_flag(value, true);
  if (name == "false") return is_flag(value, false);
  if (name == "callable") {
    return value.as<TemplateFunction>() != nullptr || value.as<const TemplateMacro*>() != nullptr;
  }
  return std::nullopt;
}

}  // namespace

Result<bool> TemplateEvaluator::test(std::string_view name, const TemplateValue& value,
                                     const TemplateArguments& arguments) {
  const int line = arguments.line;
  if (const auto holds = of_kind(name, value)) return *holds;
  std::int64_t number = 0, by = 2;
  const bool divisible = name == "divisibleby";
  if (name == "odd" || name == "even" || divisible) {
    const Value* given = arguments.find(0, "num");
    const bool whole =
        value.to_integer(number) && (!divisible || (given != nullptr && given->to_integer(by)));
    if (!whole || by == 0) return template_error(line, std::string(name) + " wants a whole number");
    const bool divides = by == -1 || number % by == 0;
    return name == "odd" ? !divides : divides;
  }
  if (name == "upper" || name == "lower") {
    WY_TRY(const Value other, filter(name, value, {{}, {}, line}));
    WY_TRY(const TemplateText as_text, written(value, line));
    return other.text()->bytes() == as_text.bytes();
  }
  const std::string_view sign = plain_name(name);
  if (sign.empty()) {
    return template_error(line, "the test " + std::string(name) + " is not supported");
  }
  const Value* other = arguments.find(0, "other");
  if (other == nullptr) {
    return template_error(line, "the test " + std::string(name) + " wants a value");
  }
  return compare_two(value, sign, *other, line);
}

}  // namespace wenyuan::llm
