// The part of the expression parser that binds tightest: values, names, calls and accesses.
#include <charconv>
#include <set>
#include <utility>

#include "auth/cedar/expression_parser.h"
#include "auth/cedar/extension.h"

namespace wenyuan::auth::cedar {
namespace {

struct Method {
  std::string_view name;
  ExpressionKind kind;
  std::size_t argument_count;
};

constexpr Method kMethods[] = {
    {"contains", ExpressionKind::contains, 1},
    {"containsAll", ExpressionKind::contains_all, 1},
    {"containsAny", ExpressionKind::contains_any, 1},
    {"isEmpty", ExpressionKind::is_empty, 0},
    {"getTag", ExpressionKind::get_tag, 1},
    {"hasTag", ExpressionKind::has_tag, 1},
};

const Method* find_method(std::string_view name) {
  for (const Method& method : kMethods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

struct NamedVariable {
  std::string_view name;
  Variable variable;
};

constexpr NamedVariable kVariables[] = {
    {"principal", Variable::principal},
    {"action", Variable::action},
    {"resource", Variable::resource},
    {"context", Variable::context},
};

std::string quoted_name(std::string_view before, std::string_view name, std::string_view after) {
  std::string text(before);
  text += '`';
  text += name;
  text += '`';
  text += after;
  return text;
}

}  // namespace

auto ExpressionParser::member() -> Result<Tree> { return accesses(primary()); }

auto ExpressionParser::accesses(Result<Tree> tree) -> Result<Tree> {
  while (tree) {
    if (reader_.take_sign(".")) {
      tree = dot(*std::move(tree));
    } else if (reader_.take_sign("[")) {
      tree = index(*std::move(tree));
    } else if (reader_.is_sign("(")) {
      return reader_.error_at(reader_.peek().span, "only functions and methods can be called");
    } else {
      break;
    }
  }
  return tree;
}

auto ExpressionParser::dot(Tree left) -> Result<Tree> {
  const Token name = reader_.peek();
  WY_TRY(std::string attribute, reader_.expect_identifier("an attribute or a method"));
  if (reader_.is_sign("(")) return method(std::move(left), name);
  const Span from = left.expression.span;
  std::vector<Tree> operand;
  operand.push_back(std::move(left));
  return node(ExpressionKind::attribute, std::move(operand), std::move(attribute), from);
}

auto ExpressionParser::method(Tree left, const Token& name) -> Result<Tree> {
  const Span from = left.expression.span;
  const Method* const method = find_method(name.text);
  const ExtensionSignature* const extension = find_extension(name.text);
  if (method == nullptr && extension == nullptr) {
    return reader_.error_at(name.span, quoted_name("there is no method ", name.text, ""));
  }
  if (extension != nullptr && !extension->is_method) {
    return reader_.error_at(
        name.span, quoted_name("", name.text, " is a function: write its name before its value"));
  }
  WY_TRY(std::vector<Tree> operands, arguments());
  if (method != nullptr && operands.size() != method->argument_count) {
    std::string takes = method->argument_count == 0 ? " takes no argument" : " takes one argument";
    takes += ", not ";
    takes += std::to_string(operands.size());
    return reader_.error_at(name.span, quoted_name("", name.text, takes));
  }
  operands.insert(operands.begin(), std::move(left));
  if (method != nullptr) return node(method->kind, std::move(operands), {}, from);
  return node(ExpressionKind::call, std::move(operands), std::string(name.text), from);
}

auto ExpressionParser::index(Tree left) -> Result<Tree> {
  const Span from = left.expression.span;
  WY_TRY(std::string attribute, reader_.expect_string("the name of an attribute in quotes"));
  WY_RETURN_IF_ERROR(reader_.expect_sign("]"));
  std::vector<Tree> operand;
  operand.push_back(std::move(left));
  return node(ExpressionKind::attribute, std::move(operand), std::move(attribute), from);
}

auto ExpressionParser::primary() -> Result<Tree> {
  const Token& token = reader_.peek();
  const Span from = token.span;
  switch (token.kind) {
    case TokenKind::integer: return integer(false, reader_.take(), from);
    case TokenKind::string: {
      WY_TRY(std::string text, reader_.expect_string("a text"));
      return leaf(ExpressionKind::string, std::move(text), from);
    }
    case TokenKind::word: return word();
    case TokenKind::slot:
      return reader_.error_at(from, "a slot may stand only in the head of a policy");
    default: break;
  }
  if (reader_.is_sign("[")) return set();
  if (reader_.is_sign("{")) return record();
  if (!reader_.take_sign("(")) return reader_.expected("an expression");
  WY_TRY(auto inside, any());
  WY_RETURN_IF_ERROR(reader_.expect_sign(")"));
  inside.expression.span = reader_.since(from);
  return inside;
}

// The sign, if there is one, has been taken and begins at `from`.
auto ExpressionParser::integer(bool negative, const Token& digits, const Span& from)
    -> Result<Tree> {
  std::string text = negative ? "-" : "";
  text += digits.text;
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || rest != end) {
    return reader_.error_at(from, "the number does not fit into 64 bits");
  }
  return leaf(ExpressionKind::integer, value, from);
}

auto ExpressionParser::word() -> Result<Tree> {
  const Span from = reader_.peek().span;
  if (reader_.take_word("true")) return leaf(ExpressionKind::boolean, true, from);
  if (reader_.take_word("false")) return leaf(ExpressionKind::boolean, false, from);
  WY_TRY(std::string text, reader_.expect_identifier("an expression"));
  while (reader_.take_sign("::")) {
    if (reader_.peek().kind == TokenKind::string) return entity({std::move(text), from});
    WY_TRY(std::string part, reader_.expect_identifier("a name, or the id of an entity in quotes"));
    text += "::";
    text += part;
  }
  return variable_or_call({std::move(text), reader_.since(from)});
}

auto ExpressionParser::entity(Path path) -> Result<Tree> {
  WY_TRY(std::string id, reader_.expect_string("the id of an entity in quotes"));
  return leaf(ExpressionKind::entity, EntityUid{std::move(path.text), std::move(id)}, path.span);
}

auto ExpressionParser::variable_or_call(const Path& path) -> Result<Tree> {
  for (const NamedVariable& each : kVariables) {
    if (each.name == path.text) return leaf(ExpressionKind::variable, each.variable, path.span);
  }
  if (!reader_.is_sign("(")) {
    return reader_.error_at(
        path.span, quoted_name("expected an expression, found ", path.text,
                               ": there are the variables principal, action, resource and context, "
                               "and an entity is written with its id, as in User::\"alice\""));
  }
  const ExtensionSignature* const extension = find_extension(path.text);
  if (find_method(path.text) != nullptr || (extension != nullptr && extension->is_method)) {
    return reader_.error_at(
        path.span, quoted_name("", path.text, " is a method: write it behind its value and a dot"));
  }
  if (extension == nullptr) {
    return reader_.error_at(path.span, quoted_name("there is no function ", path.text, ""));
  }
  WY_TRY(std::vector<Tree> operands, arguments());
  return node(ExpressionKind::call, std::move(operands), path.text, path.span);
}

auto ExpressionParser::set() -> Result<Tree> {
  const Span from = reader_.take().span;
  std::vector<Tree> elements;
  while (!reader_.take_sign("]")) {
    WY_TRY(auto element, any());
    elements.push_back(std::move(element));
    if (!reader_.take_sign(",") && !reader_.is_sign("]")) return reader_.expected("`,` or `]`");
  }
  return node(ExpressionKind::set, std::move(elements), {}, from);
}

Result<std::string> ExpressionParser::record_key() {
  if (reader_.peek().kind == TokenKind::string) return reader_.expect_string("an attribute");
  return reader_.expect_identifier("the name of an attribute");
}

auto ExpressionParser::record() -> Result<Tree> {
  const Span from = reader_.take().span;
  std::vector<Tree> values;
  std::vector<std::string> names;
  std::set<std::string> seen;
  while (!reader_.take_sign("}")) {
    const Span key_span = reader_.peek().span;
    WY_TRY(std::string key, record_key());
    if (!seen.insert(key).second) {
      return reader_.error_at(key_span, quoted_name("the attribute ", key, " is there twice"));
    }
    WY_RETURN_IF_ERROR(reader_.expect_sign(":"));
    WY_TRY(auto value, any());
    names.push_back(std::move(key));
    values.push_back(std::move(value));
    if (!reader_.take_sign(",") && !reader_.is_sign("}")) return reader_.expected("`,` or `}`");
  }
  return node(ExpressionKind::record, std::move(values), std::move(names), from);
}

auto ExpressionParser::arguments() -> Result<std::vector<Tree>> {
  WY_RETURN_IF_ERROR(reader_.expect_sign("("));
  std::vector<Tree> operands;
  while (!reader_.take_sign(")")) {
    WY_TRY(auto operand, any());
    operands.push_back(std::move(operand));
    if (!reader_.take_sign(",") && !reader_.is_sign(")")) return reader_.expected("`,` or `)`");
  }
  return operands;
}

Result<std::string> ExpressionParser::path(std::string_view what) {
  WY_TRY(std::string text, reader_.expect_identifier(what));
  while (reader_.take_sign("::")) {
    WY_TRY(std::string part, reader_.expect_identifier(what));
    text += "::";
    text += part;
  }
  return text;
}

}  // namespace wenyuan::auth::cedar
