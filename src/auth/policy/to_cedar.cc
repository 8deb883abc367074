#include "auth/policy/to_cedar.h"

#include <utility>

#include "auth/cedar/schema_wenyuan.h"
#include "auth/policy/levels.h"

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

bool holds_a_level(const Expression& expression) {
  const auto* attribute = std::get_if<Attribute>(&expression.node);
  return attribute != nullptr && is_level_attribute(attribute->name);
}

// Whether a literal's texts that are levels are meant as such.
enum class Levels { are_texts, are_numbers };

class Translator {
 public:
  cedar::Expression translate(const Expression& expression, Levels levels = Levels::are_texts) {
    return std::visit([&](const auto& node) { return of(expression.at, node, levels); },
                      expression.node);
  }

 private:
  static cedar::Expression item(Position at, const std::string& text, Levels levels) {
    if (const auto number = level(text); number && levels == Levels::are_numbers) {
      return item(at, std::int64_t{*number}, levels);
    }
    return make(ExpressionKind::string, at, {}, text);
  }
  static cedar::Expression item(Position at, std::int64_t number, Levels) {
    return make(ExpressionKind::integer, at, {}, number);
  }
  static cedar::Expression item(Position at, bool truth, Levels) {
    return make(ExpressionKind::boolean, at, {}, truth);
  }
  template <class Item>
  static cedar::Expression item(Position at, const std::vector<Item>& items, Levels levels) {
    std::vector<cedar::Expression> operands;
    for (const Item& one : items) operands.push_back(item(at, one, levels));
    return make(ExpressionKind::set, at, std::move(operands));
  }

  cedar::Expression of(Position at, const Literal& literal, Levels levels) {
    return std::visit([&](const auto& value) { return item(at, value, levels); }, literal);
  }
  cedar::Expression of(Position at, const Attribute& attribute, Levels) {
    return make(ExpressionKind::attribute, at, list(variable(attribute.entity, at)),
                attribute.name);
  }
  cedar::Expression of(Position at, const Has& has, Levels) {
    return make(ExpressionKind::has, at, list(variable(has.entity, at)),
                std::vector<std::string>{has.name});
  }
  cedar::Expression of(Position at, const Not& negation, Levels) {
    return make(ExpressionKind::negation, at, list(translate(*negation.operand)));
  }
  cedar::Expression of(Position at, const All& all, Levels) {
    return make(ExpressionKind::conjunction, at, translated(all.operands));
  }
  cedar::Expression of(Position at, const Any& any, Levels) {
    return make(ExpressionKind::disjunction, at, translated(any.operands));
  }
  std::vector<cedar::Expression> translated(const std::vector<Expression>& operands) {
    std::vector<cedar::Expression> made;
    for (const Expression& operand : operands) made.push_back(translate(operand));
    return made;
  }

  cedar::Expression of(Position at, const Compare& compare, Levels) {
    const bool is_order =
        compare.comparison != Comparison::equal && compare.comparison != Comparison::not_equal;
    const auto beside = [&](const Expression& own, const Expression& other) {
      const auto* literal = std::get_if<Literal>(&own.node);
      const bool is_text = literal != nullptr && std::holds_alternative<std::string>(*literal);
      return is_text && (is_order || holds_a_level(other)) ? Levels::are_numbers
                                                           : Levels::are_texts;
    };
    return make(kind_of(compare.comparison), at,
                list(translate(*compare.left, beside(*compare.left, *compare.right)),
                     translate(*compare.right, beside(*compare.right, *compare.left))));
  }

  cedar::Expression of(Position at, const In& in, Levels) {
    const Levels levels = holds_a_level(*in.item) ? Levels::are_numbers : Levels::are_texts;
    return make(ExpressionKind::contains, at,
                list(translate(*in.list, levels), translate(*in.item)));
  }
};

}  // namespace

cedar::Policy to_cedar(const Rule& rule) {
  cedar::Policy made;
  made.effect = rule.effect == Effect::allow ? cedar::Effect::permit : cedar::Effect::forbid;
  if (rule.action) {
    made.action.kind = cedar::ScopeKind::equal;
    made.action.entities = {cedar::action_uid(*rule.action)};
  }
  made.conditions.push_back({false, Translator().translate(rule.condition)});
  return made;
}

}  // namespace wenyuan::auth::policy
