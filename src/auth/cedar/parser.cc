#include "auth/cedar/parser.h"

#include <optional>
#include <utility>

#include "auth/cedar/expression_parser.h"
#include "auth/cedar/name.h"
#include "auth/cedar/token_reader.h"
#include "base/text.h"

namespace wenyuan::auth::cedar {
namespace {

Status check_text(std::string_view text, const ParseOptions& options) {
  if (text.size() > options.text_bytes_max) {
    return Error{ErrorCode::too_large, "the text of the policies is too long"};
  }
  if (!is_utf8(text)) return Error{ErrorCode::invalid_argument, "the text is not valid UTF-8"};
  return Done{};
}

class PolicyParser {
 public:
  PolicyParser(std::string_view text, const ParseOptions& options)
      : reader_(text), expressions_(reader_, options) {}

  bool at_end() const { return reader_.peek().kind == TokenKind::end; }
  TokenReader& reader() { return reader_; }
  Result<Expression> expression() { return expressions_.parse(); }

  Result<Policy> policy();

 private:
  Status annotation(Policy& policy);
  Status head(Policy& policy);
  Result<Scope> scope(Variable variable);
  Status entity_or_slot(Scope& scope, Variable variable);
  Status actions(Scope& scope);
  Result<EntityUid> entity();
  Result<Condition> condition();

  TokenReader reader_;
  ExpressionParser expressions_;
};

Result<Policy> PolicyParser::policy() {
  Policy policy;
  const Span from = reader_.peek().span;
  while (reader_.is_sign("@")) WY_RETURN_IF_ERROR(annotation(policy));
  if (reader_.take_word("permit")) {
    policy.effect = Effect::permit;
  } else if (reader_.take_word("forbid")) {
    policy.effect = Effect::forbid;
  } else {
    return reader_.expected("`permit` or `forbid`");
  }
  WY_RETURN_IF_ERROR(head(policy));
  while (reader_.is_word("when") || reader_.is_word("unless")) {
    WY_TRY(Condition next, condition());
    policy.conditions.push_back(std::move(next));
  }
  if (!reader_.take_sign(";")) return reader_.expected("`when`, `unless` or `;`");
  policy.span = reader_.since(from);
  return policy;
}

Status PolicyParser::annotation(Policy& policy) {
  reader_.take();
  const Token key = reader_.peek();
  if (key.kind != TokenKind::word) return reader_.expected("the name of an annotation");
  reader_.take();
  std::string value;
  if (reader_.take_sign("(")) {
    WY_TRY(value, reader_.expect_string("a text in quotes"));
    WY_RETURN_IF_ERROR(reader_.expect_sign(")"));
  }
  if (!policy.annotations.emplace(key.text, std::move(value)).second) {
    return reader_.error_at(key.span, "this annotation is there twice");
  }
  return Done{};
}

Status PolicyParser::head(Policy& policy) {
  WY_RETURN_IF_ERROR(reader_.expect_sign("("));
  WY_TRY(policy.principal, scope(Variable::principal));
  WY_RETURN_IF_ERROR(reader_.expect_sign(","));
  WY_TRY(policy.action, scope(Variable::action));
  WY_RETURN_IF_ERROR(reader_.expect_sign(","));
  WY_TRY(policy.resource, scope(Variable::resource));
  reader_.take_sign(",");
  return reader_.expect_sign(")");
}

Result<Scope> PolicyParser::scope(Variable variable) {
  Scope scope;
  const Span from = reader_.peek().span;
  if (!reader_.take_word(name(variable))) {
    std::string what = "`";
    what += name(variable);
    what += '`';
    return reader_.expected(what);
  }
  const bool is_action = variable == Variable::action;
  if (!is_action && reader_.take_word("is")) {
    scope.kind = ScopeKind::is;
    WY_TRY(scope.type, expressions_.path("the name of an entity type"));
    if (reader_.take_word("in")) {
      scope.kind = ScopeKind::is_in;
      WY_RETURN_IF_ERROR(entity_or_slot(scope, variable));
    }
  } else if (reader_.take_sign("==")) {
    scope.kind = ScopeKind::equal;
    WY_RETURN_IF_ERROR(entity_or_slot(scope, variable));
  } else if (reader_.take_word("in")) {
    scope.kind = ScopeKind::in;
    WY_RETURN_IF_ERROR(is_action ? actions(scope) : entity_or_slot(scope, variable));
  } else if (!reader_.is_sign(",") && !reader_.is_sign(")")) {
    return reader_.expected(is_action ? "`==`, `in` or `,`" : "`==`, `in`, `is`, `,` or `)`");
  }
  if (is_action) {
    for (const EntityUid& uid : scope.entities) {
      if (base_name(uid.type) == "Action") continue;
      return reader_.error_at(from, to_text(uid) + " is not an action: its type is not Action");
    }
  }
  scope.span = reader_.since(from);
  return scope;
}

Status PolicyParser::entity_or_slot(Scope& scope, Variable variable) {
  std::size_t open = 0;
  while (reader_.take_sign("(")) ++open;
  const Token& token = reader_.peek();
  if (token.kind == TokenKind::slot) {
    if (variable == Variable::action) return reader_.expected("an action: it has no slot");
    std::string wanted = "?";
    wanted += name(variable);
    if (token.text != wanted) return reader_.expected("an entity or the slot `" + wanted + "`");
    scope.has_slot = true;
    reader_.take();
  } else {
    WY_TRY(EntityUid uid, entity());
    scope.entities.push_back(std::move(uid));
  }
  for (; open > 0; --open) WY_RETURN_IF_ERROR(reader_.expect_sign(")"));
  return Done{};
}

Status PolicyParser::actions(Scope& scope) {
  std::size_t open = 0;
  while (reader_.take_sign("(")) ++open;
  if (reader_.take_sign("[")) {
    scope.in_list = true;
    while (!reader_.take_sign("]")) {
      WY_RETURN_IF_ERROR(entity_or_slot(scope, Variable::action));
      if (!reader_.take_sign(",") && !reader_.is_sign("]")) return reader_.expected("`,` or `]`");
    }
  } else {
    WY_RETURN_IF_ERROR(entity_or_slot(scope, Variable::action));
  }
  for (; open > 0; --open) WY_RETURN_IF_ERROR(reader_.expect_sign(")"));
  return Done{};
}

Result<EntityUid> PolicyParser::entity() {
  constexpr std::string_view kWhat = "an entity such as User::\"alice\"";
  EntityUid uid;
  WY_TRY(uid.type, reader_.expect_identifier(kWhat));
  for (;;) {
    if (!reader_.take_sign("::")) return reader_.expected("`::` and the id of an entity in quotes");
    if (reader_.peek().kind == TokenKind::string) break;
    WY_TRY(std::string part, reader_.expect_identifier(kWhat));
    uid.type += "::";
    uid.type += part;
  }
  WY_TRY(uid.id, reader_.expect_string("the id of an entity in quotes"));
  return uid;
}

Result<Condition> PolicyParser::condition() {
  Condition condition;
  condition.is_unless = reader_.take().text == "unless";
  WY_RETURN_IF_ERROR(reader_.expect_sign("{"));
  WY_TRY(condition.body, expressions_.parse());
  if (!reader_.take_sign("}")) return reader_.expected("an operator or `}`");
  return condition;
}

std::string id_of(const Policy& policy, std::size_t number, const ParseOptions& options) {
  if (options.id_from_annotation) {
    const auto found = policy.annotations.find("id");
    if (found != policy.annotations.end() && !found->second.empty()) return found->second;
  }
  std::string id = "policy";
  id += std::to_string(number);
  return id;
}

}  // namespace

Result<PolicySet> parse_policies(std::string_view text, const ParseOptions& options) {
  WY_RETURN_IF_ERROR(check_text(text, options));
  PolicySet policies;
  PolicyParser parser(text, options);
  for (std::size_t number = 0; !parser.at_end(); ++number) {
    if (number == options.policy_count_max) {
      return Error{ErrorCode::too_large, "there are too many policies"};
    }
    WY_TRY(Policy policy, parser.policy());
    policy.id = id_of(policy, number, options);
    const Span span = policy.span;
    if (auto added = policies.add(std::move(policy)); !added) {
      return parser.reader().error_at(span, added.error().message);
    }
  }
  return policies;
}

Result<Policy> parse_policy(std::string_view text, const ParseOptions& options) {
  WY_RETURN_IF_ERROR(check_text(text, options));
  PolicyParser parser(text, options);
  WY_TRY(Policy policy, parser.policy());
  policy.id = id_of(policy, 0, options);
  if (!parser.at_end()) return parser.reader().expected("the end of the text after one policy");
  return policy;
}

Result<Expression> parse_expression(std::string_view text, const ParseOptions& options) {
  WY_RETURN_IF_ERROR(check_text(text, options));
  PolicyParser parser(text, options);
  WY_TRY(Expression expression, parser.expression());
  if (!parser.at_end()) return parser.reader().expected("an operator or the end of the text");
  return expression;
}

}  // namespace wenyuan::auth::cedar
