#include "auth/policy/to_cedar.h"

#include <utility>

#include "auth/cedar/schema_wenyuan.h"

namespace wenyuan::auth::policy {
namespace {

using cedar::ExpressionKind;

cedar::Expression make(ExpressionKind kind, Position at, std::vector<cedar::Expression> operands,
                       cedar::Expression::Payload payload = {}) {
  cedar::Expression made;
  made.kind = kind;
  made.span.line = static_cast<std::uint32_t>(at.line);
  made.span.column = static_cast<std::uint32_t>(at.column);
  made.operands = std::move(operands);
  made.payload = std::move(payload);
  return made;
}

// std::vector's braces would copy.
std::vector<cedar::Expression> list(cedar::Expression first) {
  std::vector<cedar::Expression> operands;
  operands.push_back(std::move(first));
  return operands;
}
std::vector<cedar::Expression> list(cedar::Expression first, cedar::Expression second) {
  std::vector<cedar::Expression> operands = list(std::move(first));
  operands.push_back(std::move(second));
  return operands;
}

cedar::Expression variable(Entity entity, Position at) {
  const auto which =
      entity == Entity::user ? cedar::Variable::principal : cedar::Variable::resource;
  return make(ExpressionKind::variable, at, {}, which);
}

ExpressionKind kind_of(Comparison comparison) {
  switch (comparison) {
    case Comparison::equal: return ExpressionKind::equal;
    case Comparison::not_equal: return ExpressionKind::not_equal;
    case Comparison::less: return ExpressionKind::less;
    case Comparison::less_or_equal: return ExpressionKind::less_equal;
    case Comparison::greater: return ExpressionKind::greater;
    case Comparison::greater_or_equal: return ExpressionKind::greater_equal;
  }
  return ExpressionKind::equal;
}

AttributeOwner owner_of(Entity entity) {
  return entity == Entity::user ? AttributeOwner::user : AttributeOwner::resource;
}

// What texts beside it are places of; null: texts are texts.
using Levels = AttributeKinds::Levels;

class Translator {
 public:
  explicit Translator(const AttributeKinds& kinds) : kinds_(kinds) {}

  cedar::Expression translate(const Expression& expression, const Levels* levels = nullptr) {
    return std::visit([&](const auto& node) { return of(expression.at, node, levels); },
                      expression.node);
  }

 private:
  static cedar::Expression item(Position at, const std::string& text, const Levels* levels) {
    const auto number = levels != nullptr ? level_number(*levels, text) : std::nullopt;
    if (number) return item(at, *number, levels);
    return make(ExpressionKind::string, at, {}, text);
  }
  static cedar::Expression item(Position at, std::int64_t number, const Levels*) {
    return make(ExpressionKind::integer, at, {}, number);
  }
  static cedar::Expression item(Position at, bool truth, const Levels*) {
    return make(ExpressionKind::boolean, at, {}, truth);
  }
  template <class Item>
  static cedar::Expression item(Position at, const std::vector<Item>& items, const Levels* levels) {
    std::vector<cedar::Expression> operands;
    for (const Item& one : items) operands.push_back(item(at, one, levels));
    return make(ExpressionKind::set, at, std::move(operands));
  }

  cedar::Expression of(Position at, const Literal& literal, const Levels* levels) {
    return std::visit([&](const auto& value) { return item(at, value, levels); }, literal);
  }
  cedar::Expression of(Position at, const Attribute& attribute, const Levels*) {
    return make(ExpressionKind::attribute, at, list(variable(attribute.entity, at)),
                attribute.name);
  }
  cedar::Expression of(Position at, const Has& has, const Levels*) {
    return make(ExpressionKind::has, at, list(variable(has.entity, at)),
                std::vector<std::string>{has.name});
  }
  cedar::Expression of(Position at, const Not& negation, const Levels*) {
    return make(ExpressionKind::negation, at, list(translate(*negation.operand)));
  }
  cedar::Expression of(Position at, const All& all, const Levels*) {
    return make(ExpressionKind::conjunction, at, translated(all.operands));
  }
  cedar::Expression of(Position at, const Any& any, const Levels*) {
    return make(ExpressionKind::disjunction, at, translated(any.operands));
  }
  std::vector<cedar::Expression> translated(const std::vector<Expression>& operands) {
    std::vector<cedar::Expression> made;
    for (const Expression& operand : operands) made.push_back(translate(operand));
    return made;
  }

  cedar::Expression of(Position at, const Compare& compare, const Levels*) {
    const bool is_order =
        compare.comparison != Comparison::equal && compare.comparison != Comparison::not_equal;
    const auto beside = [&](const Expression& own, const Expression& other) {
      const auto* literal = std::get_if<Literal>(&own.node);
      const bool is_text = literal != nullptr && std::holds_alternative<std::string>(*literal);
      const Levels* const levels = is_text ? levels_of(other) : nullptr;
      return is_text && is_order && levels == nullptr ? kinds_.common_levels() : levels;
    };
    return make(kind_of(compare.comparison), at,
                list(translate(*compare.left, beside(*compare.left, *compare.right)),
                     translate(*compare.right, beside(*compare.right, *compare.left))));
  }

  cedar::Expression of(Position at, const In& in, const Levels*) {
    return make(ExpressionKind::contains, at,
                list(translate(*in.list, levels_of(*in.item)), translate(*in.item)));
  }

  const Levels* levels_of(const Expression& expression) const {
    const auto* attribute = std::get_if<Attribute>(&expression.node);
    if (attribute == nullptr) return nullptr;
    return kinds_.levels(owner_of(attribute->entity), attribute->name);
  }

  const AttributeKinds& kinds_;
};

}  // namespace

cedar::Policy to_cedar(const Rule& rule, const AttributeKinds& kinds) {
  cedar::Policy made;
  made.effect = rule.effect == Effect::allow ? cedar::Effect::permit : cedar::Effect::forbid;
  if (rule.action) {
    made.action.kind = cedar::ScopeKind::equal;
    made.action.entities = {cedar::action_uid(*rule.action)};
  }
  made.conditions.push_back({false, Translator(kinds).translate(rule.condition)});
  return made;
}

}  // namespace wenyuan::auth::policy
