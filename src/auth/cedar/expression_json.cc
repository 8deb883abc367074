#include "auth/cedar/expression_json.h"

#include <span>
#include <utility>

#include "auth/cedar/expression_json_names.h"
#include "auth/cedar/value_json.h"
#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

using Kind = ExpressionKind;
using nlohmann::json;

json wrapped(std::string_view name, json inside) {
  json object = json::object();
  object[std::string(name)] = std::move(inside);
  return object;
}

json pair(std::string_view name, json left, json right) {
  return wrapped(name, {{"left", std::move(left)}, {"right", std::move(right)}});
}

// Pairs that lean to the left, as Cedar writes them; a long chain is halved first, which means the
// same, or its depth would be its length.
json chain(std::string_view name, std::span<const Expression> operands) {
  constexpr std::size_t kLeaningMax = 64;
  if (operands.size() > kLeaningMax) {
    const std::size_t half = operands.size() / 2;
    return pair(name, chain(name, operands.first(half)), chain(name, operands.subspan(half)));
  }
  json all = json_of(operands.front());
  for (const Expression& operand : operands.subspan(1)) {
    all = pair(name, std::move(all), json_of(operand));
  }
  return all;
}

json has(const Expression& expression) {
  json base = json_of(expression.operands[0]);
  json all;
  for (const std::string& name : expression.names()) {
    const json inside = {{"left", base}, {"attr", name}};
    json one = wrapped("has", inside);
    all = all.is_null() ? std::move(one) : pair("&&", std::move(all), std::move(one));
    base = wrapped(".", inside);
  }
  return all;
}

json like(const Expression& expression) {
  json pattern = json::array();
  bool is_first = true;
  for (const std::string& piece : expression.pattern().pieces) {
    if (!is_first) pattern.push_back("Wildcard");
    is_first = false;
    for (std::size_t at = 0; at < piece.size();) {  // one for each character, as Cedar does
      const std::size_t begin = at;
      next_code_point(piece, at);
      pattern.push_back(wrapped("Literal", piece.substr(begin, at - begin)));
    }
  }
  return wrapped("like",
                 {{"left", json_of(expression.operands[0])}, {"pattern", std::move(pattern)}});
}

json is(const Expression& expression) {
  json inside = {{"left", json_of(expression.operands[0])}, {"entity_type", expression.text()}};
  if (expression.operands.size() > 1) inside["in"] = json_of(expression.operands[1]);
  return wrapped("is", std::move(inside));
}

json list(const std::vector<Expression>& operands) {
  json all = json::array();
  for (const Expression& operand : operands) all.push_back(json_of(operand));
  return all;
}

json record(const Expression& expression) {
  json inside = json::object();
  for (std::size_t i = 0; i < expression.operands.size(); ++i) {
    inside[expression.names()[i]] = json_of(expression.operands[i]);
  }
  return wrapped("Record", std::move(inside));
}

json simple_operator(const Expression& expression) {
  for (const JsonOperator& each : kJsonUnaries) {
    if (each.kind != expression.kind) continue;
    return wrapped(each.name, wrapped("arg", json_of(expression.operands[0])));
  }
  for (const JsonOperator& each : kJsonBinaries) {
    if (each.kind != expression.kind) continue;
    return pair(each.name, json_of(expression.operands[0]), json_of(expression.operands[1]));
  }
  return nullptr;
}

}  // namespace

json json_of(const Expression& expression) {
  switch (expression.kind) {
    case Kind::boolean: return wrapped("Value", expression.boolean());
    case Kind::integer: return wrapped("Value", expression.integer());
    case Kind::string: return wrapped("Value", expression.text());
    case Kind::entity: return wrapped("Value", json_of(Value(expression.entity())));
    case Kind::variable: return wrapped("Var", name(expression.variable()));
    case Kind::conjunction: return chain("&&", expression.operands);
    case Kind::disjunction: return chain("||", expression.operands);
    case Kind::attribute:
      return wrapped(".", {{"left", json_of(expression.operands[0])}, {"attr", expression.text()}});
    case Kind::has: return has(expression);
    case Kind::like: return like(expression);
    case Kind::is: return is(expression);
    case Kind::conditional:
      return wrapped("if-then-else", {{"if", json_of(expression.operands[0])},
                                      {"then", json_of(expression.operands[1])},
                                      {"else", json_of(expression.operands[2])}});
    case Kind::set: return wrapped("Set", list(expression.operands));
    case Kind::record: return record(expression);
    case Kind::call: return wrapped(expression.text(), list(expression.operands));
    default: return simple_operator(expression);
  }
}

}  // namespace wenyuan::auth::cedar
