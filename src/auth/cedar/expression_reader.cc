#include <algorithm>
#include <utility>

#include "auth/cedar/expression_json.h"
#include "auth/cedar/expression_json_names.h"
#include "auth/cedar/extension.h"
#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"
#include "auth/cedar/value_json.h"

namespace wenyuan::auth::cedar {
namespace {

using Kind = ExpressionKind;
using nlohmann::json;

Error wrong(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

const json* member(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Result<std::string> text_member(const json& object, std::string_view key) {
  const json* const found = member(object, key);
  if (found != nullptr && found->is_string()) return found->get<std::string>();
  std::string message = cedar::quoted(key);
  message += " must be a text";
  return wrong(std::move(message));
}

Result<Variable> variable_of(const json& inside) {
  for (const Variable each :
       {Variable::principal, Variable::action, Variable::resource, Variable::context}) {
    if (inside == name(each)) return each;
  }
  return wrong("\"Var\" must be principal, action, resource or context");
}

Result<Pattern> pattern_of(const json& object) {
  const json* const list = member(object, "pattern");
  if (list == nullptr || !list->is_array()) return wrong("\"pattern\" must be a list");
  Pattern pattern;
  pattern.pieces.emplace_back();
  for (const json& each : *list) {
    if (each == "Wildcard") {
      pattern.pieces.emplace_back();
      continue;
    }
    WY_TRY(const std::string literal, text_member(each, "Literal"));
    pattern.pieces.back() += literal;
  }
  return pattern;
}

Expression leaf(Kind kind, Expression::Payload payload) {
  Expression made;
  made.kind = kind;
  made.payload = std::move(payload);
  return made;
}

}  // namespace

Result<Expression> ExpressionReader::read(const json& document) { return read_at(document, 1); }

Result<Expression> ExpressionReader::node(Kind kind, std::vector<Expression> operands,
                                          Expression::Payload payload) {
  if (++node_count_ > options_.node_count_max) {
    return Error{ErrorCode::too_large, "the policies are too large"};
  }
  Expression made = leaf(kind, std::move(payload));
  made.operands = std::move(operands);
  return made;
}

Result<Expression> ExpressionReader::read_at(const json& document, std::size_t depth) {
  if (depth > options_.depth_max) return wrong("the expression is nested too deeply");
  if (!document.is_object() || document.size() != 1) {
    return wrong("an expression is an object with one member");
  }
  return named(document.begin().key(), document.begin().value(), depth + 1);
}

Result<Expression> ExpressionReader::named(std::string_view name, const json& inside,
                                           std::size_t depth) {
  if (name == "Value") return value(inside, depth);
  if (name == "Var") {
    WY_TRY(const Variable variable, variable_of(inside));
    return node(Kind::variable, {}, variable);
  }
  if (name == "&&") return chain(Kind::conjunction, inside, depth);
  if (name == "||") return chain(Kind::disjunction, inside, depth);
  if (name == ".") return with_left(Kind::attribute, inside, depth);
  if (name == "has") return with_left(Kind::has, inside, depth);
  if (name == "like") return with_left(Kind::like, inside, depth);
  if (name == "is") return is(inside, depth);
  if (name == "Record") return record(inside, depth);
  if (name == "Set") {
    WY_TRY(auto operands, elements(inside, depth));
    return node(Kind::set, std::move(operands));
  }
  if (name == "if-then-else") {
    WY_TRY(auto operands, members(inside, {"if", "then", "else"}, depth));
    return node(Kind::conditional, std::move(operands));
  }
  for (const JsonOperator& each : kJsonUnaries) {
    if (each.name != name) continue;
    WY_TRY(auto operand, members(inside, {"arg"}, depth));
    return node(each.kind, std::move(operand));
  }
  for (const JsonOperator& each : kJsonBinaries) {
    if (each.name != name) continue;
    WY_TRY(auto operands, members(inside, {"left", "right"}, depth));
    return node(each.kind, std::move(operands));
  }
  return call(name, inside, depth);
}

// Pairs that lean to the left are one chain, however long.
Result<Expression> ExpressionReader::chain(Kind kind, const json& inside, std::size_t depth) {
  const std::string_view name = kind == Kind::conjunction ? "&&" : "||";
  std::vector<Expression> operands;
  const json* at = &inside;
  for (;;) {
    const json* const left = member(*at, "left");
    const json* const right = member(*at, "right");
    if (left == nullptr || right == nullptr) return wrong("\"left\" or \"right\" is missing");
    WY_TRY(auto operand, read_at(*right, depth));
    operands.push_back(std::move(operand));
    const json* const deeper = left->size() == 1 ? member(*left, name) : nullptr;
    if (deeper == nullptr) {
      WY_TRY(auto first, read_at(*left, depth));
      operands.push_back(std::move(first));
      std::reverse(operands.begin(), operands.end());
      return node(kind, std::move(operands));
    }
    at = deeper;
  }
}

Result<Expression> ExpressionReader::with_left(Kind kind, const json& inside, std::size_t depth) {
  WY_TRY(auto operand, members(inside, {"left"}, depth));
  if (kind == Kind::like) {
    WY_TRY(Pattern pattern, pattern_of(inside));
    return node(kind, std::move(operand), std::move(pattern));
  }
  WY_TRY(std::string attribute, text_member(inside, "attr"));
  if (kind == Kind::attribute) return node(kind, std::move(operand), std::move(attribute));
  return node(kind, std::move(operand), std::vector<std::string>{std::move(attribute)});
}

Result<Expression> ExpressionReader::is(const json& inside, std::size_t depth) {
  const bool has_in = member(inside, "in") != nullptr;
  WY_TRY(std::string type, text_member(inside, "entity_type"));
  if (!is_path(type)) return wrong(cedar::quoted(type) + " cannot be the name of an entity type");
  auto operands =
      has_in ? members(inside, {"left", "in"}, depth) : members(inside, {"left"}, depth);
  if (!operands) return std::move(operands).error();
  return node(Kind::is, *std::move(operands), std::move(type));
}

Result<Expression> ExpressionReader::record(const json& inside, std::size_t depth) {
  if (!inside.is_object()) return wrong("\"Record\" must be an object");
  std::vector<std::string> names;
  std::vector<Expression> operands;
  for (const auto& [key, each] : inside.items()) {
    WY_TRY(auto operand, read_at(each, depth));
    names.push_back(key);
    operands.push_back(std::move(operand));
  }
  return node(Kind::record, std::move(operands), std::move(names));
}

Result<Expression> ExpressionReader::call(std::string_view name, const json& inside,
                                          std::size_t depth) {
  if (find_extension(name) == nullptr) {
    return wrong("there is no expression or function " + cedar::quoted(name));
  }
  WY_TRY(auto operands, elements(inside, depth));
  if (operands.empty()) return wrong(cedar::quoted(name) + " wants an argument");
  return node(Kind::call, std::move(operands), std::string(name));
}

// A value becomes expressions: sets, records and calls of extension functions.
Result<Expression> ExpressionReader::value(const json& inside, std::size_t depth) {
  if (depth > options_.depth_max) return wrong("the expression is nested too deeply");
  const json* const called = inside.size() == 1 ? member(inside, "__extn") : nullptr;
  const bool is_entity = inside.size() == 1 && member(inside, "__entity") != nullptr;
  if (called != nullptr) return extension_value(*called, depth);
  if (inside.is_array() || (inside.is_object() && !is_entity)) {
    std::vector<std::string> names;
    std::vector<Expression> operands;
    for (const auto& [key, each] : inside.items()) {
      WY_TRY(auto operand, value(each, depth + 1));
      names.push_back(key);
      operands.push_back(std::move(operand));
    }
    if (inside.is_array()) return node(Kind::set, std::move(operands));
    return node(Kind::record, std::move(operands), std::move(names));
  }
  WY_TRY(const Value read, value_of(inside, nullptr));
  if (const bool* const truth = read.as_bool()) return node(Kind::boolean, {}, *truth);
  if (const auto* const number = read.as_integer()) return node(Kind::integer, {}, *number);
  if (const auto* const text = read.as_string()) return node(Kind::string, {}, *text);
  if (const auto* const uid = read.as_entity()) return node(Kind::entity, {}, *uid);
  return wrong("\"Value\" has no value that an expression can have");
}

Result<Expression> ExpressionReader::extension_value(const json& called, std::size_t depth) {
  WY_TRY(std::string function, text_member(called, "fn"));
  if (find_extension(function) == nullptr) {
    return wrong("there is no extension function " + cedar::quoted(function));
  }
  std::vector<Expression> operands;
  const json* const one = member(called, "arg");
  const json* const many = member(called, "args");
  if (one != nullptr) {
    WY_TRY(auto operand, value(*one, depth + 1));
    operands.push_back(std::move(operand));
  } else if (many != nullptr && many->is_array() && !many->empty()) {
    for (const json& each : *many) {
      WY_TRY(auto operand, value(each, depth + 1));
      operands.push_back(std::move(operand));
    }
  } else {
    return wrong("\"arg\" is missing");
  }
  return node(Kind::call, std::move(operands), std::move(function));
}

auto ExpressionReader::members(const json& inside, std::initializer_list<std::string_view> names,
                               std::size_t depth) -> Operands {
  std::vector<Expression> operands;
  for (const std::string_view name : names) {
    const json* const found = member(inside, name);
    if (found == nullptr) return wrong(cedar::quoted(name) + " is missing");
    WY_TRY(auto operand, read_at(*found, depth));
    operands.push_back(std::move(operand));
  }
  return operands;
}

auto ExpressionReader::elements(const json& inside, std::size_t depth) -> Operands {
  if (!inside.is_array()) return wrong("a list was expected");
  std::vector<Expression> operands;
  for (const json& each : inside) {
    WY_TRY(auto operand, read_at(each, depth));
    operands.push_back(std::move(operand));
  }
  return operands;
}

}  // namespace wenyuan::auth::cedar
