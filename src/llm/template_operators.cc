// Comparisons and arithmetic of templates, as in Python.
#include <cmath>

#include "llm/template_evaluator.h"
#include "llm/template_lexer.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;

Error no_operator(std::string_view sign, const Value& a, const Value& b, int line) {
  std::string what(sign);
  what += " is not possible with ";
  what += kind_name(a);
  what += " and ";
  what += kind_name(b);
  for (const Value* value : {&a, &b}) {
    if (const auto* missing = value->as<Undefined>())
      what += "; " + missing->name + " is undefined";
  }
  return template_error(line, what);
}

Error too_large(int line) { return template_error(line, "a number is too large"); }

// Rounded down, as Python does, not towards zero.
std::int64_t floor_divided(std::int64_t a, std::int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

Result<Value> whole_power(std::int64_t base, std::int64_t exponent, int line) {
  if (exponent < 0) {
    return Value(Value::Data(std::pow(static_cast<double>(base), static_cast<double>(exponent))));
  }
  std::int64_t result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) {
    if (__builtin_mul_overflow(result, base, &result)) return too_large(line);
    if (result == 0 || result == 1) break;
    if (result == -1) {
      result = (exponent - i) % 2 == 1 ? -1 : 1;
      break;
    }
  }
  return Value(Value::Data(result));
}

Result<Value> of_whole(std::string_view sign, std::int64_t a, std::int64_t b, int line) {
  std::int64_t result = 0;
  if (sign == "**") return whole_power(a, b, line);
  const bool divides = sign == "//" || sign == "%" || sign == "/";
  if (divides && b == 0) return template_error(line, "there is a division by zero");
  if (sign == "/") return Value(Value::Data(static_cast<double>(a) / static_cast<double>(b)));
  if (divides && b == -1) {  // the one quotient that may not fit
    if (sign == "//" && __builtin_sub_overflow(std::int64_t{0}, a, &result)) return too_large(line);
    return Value(Value::Data(result));
  }
  bool overflow = false;
  if (sign == "+") {
    overflow = __builtin_add_overflow(a, b, &result);
  } else if (sign == "-") {
    overflow = __builtin_sub_overflow(a, b, &result);
  } else if (sign == "*") {
    overflow = __builtin_mul_overflow(a, b, &result);
  } else {
    const std::int64_t quotient = floor_divided(a, b);
    result = sign == "//" ? quotient : a - quotient * b;
  }
  if (overflow) return too_large(line);
  return Value(Value::Data(result));
}

Result<Value> of_real(std::string_view sign, double a, double b, int line) {
  const bool divides = sign == "//" || sign == "%" || sign == "/";
  if (divides && b == 0) return template_error(line, "there is a division by zero");
  double result = 0;
  if (sign == "+") result = a + b;
  if (sign == "-") result = a - b;
  if (sign == "*") result = a * b;
  if (sign == "/") result = a / b;
  if (sign == "//") result = std::floor(a / b);
  if (sign == "%") result = a - b * std::floor(a / b);
  if (sign == "**") result = std::pow(a, b);
  return Value(Value::Data(result));
}

}  // namespace

Result<TemplateValue> TemplateEvaluator::sign(const TemplateExpression& expression) {
  WY_TRY(const Value value, part(expression, 0));
  std::int64_t whole = 0;
  double real = 0;
  const bool minus = expression.name == "-";
  if (value.to_integer(whole)) {
    if (minus && __builtin_sub_overflow(std::int64_t{0}, whole, &whole)) {
      return too_large(expression.line);
    }
    return Value(Value::Data(whole));
  }
  if (value.to_real(real)) return Value(Value::Data(minus ? -real : real));
  return template_error(expression.line,
                        expression.name + " wants a number, not " + std::string(kind_name(value)));
}

Result<TemplateValue> TemplateEvaluator::arithmetic(const TemplateExpression& expression) {
  WY_TRY(const Value a, part(expression, 0));
  WY_TRY(const Value b, part(expression, 1));
  const std::string& sign = expression.name;
  const int line = expression.line;
  std::int64_t i = 0, j = 0;
  if (a.to_integer(i) && b.to_integer(j)) return of_whole(sign, i, j, line);
  double x = 0, y = 0;
  if (a.to_real(x) && b.to_real(y)) return of_real(sign, x, y, line);
  if (sign == "+") return add(a, b, line);
  if (sign == "*" && b.to_integer(j)) return repeat(a, j, line);
  if (sign == "*" && a.to_integer(i)) return repeat(b, i, line);
  return no_operator(sign, a, b, line);
}

Result<TemplateValue> TemplateEvaluator::add(const TemplateValue& a, const TemplateValue& b,
                                             int line) {
  if (a.text() != nullptr && b.text() != nullptr) {
    WY_RETURN_IF_ERROR(spend(a.text()->size() + b.text()->size(), line));
    TemplateText both = *a.text();
    both.append(*b.text());
    return Value(std::move(both));
  }
  if (a.items() != nullptr && b.items() != nullptr) {
    WY_RETURN_IF_ERROR(spend((a.items()->size() + b.items()->size()) * sizeof(Value), line));
    TemplateItems both = *a.items();
    both.insert(both.end(), b.items()->begin(), b.items()->end());
    return list(std::move(both), line);
  }
  return no_operator("+", a, b, line);
}

Result<TemplateValue> TemplateEvaluator::repeat(const TemplateValue& value, std::int64_t count,
                                                int line) {
  constexpr std::int64_t kCountMax = 1 << 20;
  if (count > kCountMax) return template_error(line, "it is repeated too often");
  const auto times = static_cast<std::size_t>(std::max(count, std::int64_t{0}));
  if (const TemplateText* once = value.text()) {
    WY_RETURN_IF_ERROR(spend((once->size() + 1) * times, line));
    TemplateText all;
    for (std::size_t i = 0; i < times; ++i) all.append(*once);
    return Value(std::move(all));
  }
  if (const TemplateItems* once = value.items()) {
    WY_RETURN_IF_ERROR(spend((once->size() + 1) * times * sizeof(Value), line));
    TemplateItems all;
    for (std::size_t i = 0; i < times; ++i) all.insert(all.end(), once->begin(), once->end());
    return list(std::move(all), line);
  }
  return template_error(line, "only strings and lists can be repeated");
}

Result<TemplateValue> TemplateEvaluator::compare(const TemplateExpression& expression) {
  WY_TRY(Value left, part(expression, 0));
  bool holds = true;
  for (std::size_t i = 0; holds && i < expression.operators.size(); ++i) {
    WY_TRY(Value right, part(expression, i + 1));
    WY_TRY(holds, compare_two(left, expression.operators[i], right, expression.line));
    left = std::move(right);
  }
  return Value(Value::Data(holds));
}

Result<bool> TemplateEvaluator::compare_two(const TemplateValue& a, std::string_view sign,
                                            const TemplateValue& b, int line) {
  WY_RETURN_IF_ERROR(spend(a.weight() / 64, line));
  if (sign == "==") return equal(a, b);
  if (sign == "!=") return !equal(a, b);
  if (sign == "in") return contains(b, a, line);
  if (sign == "not in") {
    WY_TRY(const bool found, contains(b, a, line));
    return !found;
  }
  const bool swapped = sign == ">" || sign == "<=";
  WY_TRY(const bool is_less, swapped ? less(b, a, line) : less(a, b, line));
  return sign == "<" || sign == ">" ? is_less : !is_less;
}

Result<bool> TemplateEvaluator::less(const TemplateValue& a, const TemplateValue& b, int line) {
  std::int64_t i = 0, j = 0;
  if (a.to_integer(i) && b.to_integer(j)) return i < j;
  double x = 0, y = 0;
  if (a.to_real(x) && b.to_real(y)) return x < y;
  // The order of UTF-8 is that of the code points.
  if (a.text() != nullptr && b.text() != nullptr) return a.text()->bytes() < b.text()->bytes();
  return no_operator("a comparison", a, b, line);
}

Result<bool> TemplateEvaluator::contains(const TemplateValue& all, const TemplateValue& one,
                                         int line) {
  if (const TemplateText* text = all.text()) {
    if (one.text() == nullptr) return no_operator("in", one, all, line);
    WY_RETURN_IF_ERROR(spend_on_search(text->size(), one.text()->size(), line));
    return text->bytes().find(one.text()->bytes()) != std::string::npos;
  }
  if (const TemplateMembers* members = all.members()) {
    return one.text() != nullptr && find_member(*members, one.text()->bytes()) != nullptr;
  }
  if (const TemplateItems* items = all.items()) {
    WY_RETURN_IF_ERROR(spend(all.weight() / 16, line));
    for (const Value& item : *items) {
      if (equal(item, one)) return true;
    }
    return false;
  }
  if (all.is_undefined()) return false;
  return no_operator("in", one, all, line);
}

}  // namespace wenyuan::llm
