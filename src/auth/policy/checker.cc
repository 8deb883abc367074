#include "auth/policy/checker.h"

#include <algorithm>

#include "auth/policy/lexer.h"

namespace wenyuan::auth::policy {
namespace {

// What is known before there is a user and a resource. An empty list and an attribute fit all.
enum class Type { boolean, integer, text, texts, integers, any_list, anything };

bool is_list(Type type) {
  return type == Type::texts || type == Type::integers || type == Type::any_list;
}

bool comparable(Type left, Type right) {
  if (left == Type::anything || right == Type::anything) return true;
  if (is_list(left) && is_list(right)) {
    return left == right || left == Type::any_list || right == Type::any_list;
  }
  return left == right;
}

Type type_of(const Literal& literal) {
  if (std::holds_alternative<bool>(literal)) return Type::boolean;
  if (std::holds_alternative<std::int64_t>(literal)) return Type::integer;
  if (std::holds_alternative<std::string>(literal)) return Type::text;
  if (std::holds_alternative<std::vector<std::int64_t>>(literal)) return Type::integers;
  const auto* texts = std::get_if<std::vector<std::string>>(&literal);
  return texts->empty() ? Type::any_list : Type::texts;
}

class Checker {
 public:
  explicit Checker(const AttributeKinds& kinds) : kinds_(kinds), access_(kinds.access()) {}

  Status condition(const Expression& expression) {
    WY_TRY(const Type type, check(expression));
    if (type == Type::boolean || type == Type::anything) return Done{};
    return error_at(expression.at, "expected something that is true or false");
  }

 private:
  Result<Type> check(const Expression& expression) {
    return std::visit([&](const auto& node) { return of(expression, node); }, expression.node);
  }

  Result<Type> of(const Expression&, const Literal& literal) { return type_of(literal); }

  Result<Type> of(const Expression& place, const Attribute& attribute) {
    WY_RETURN_IF_ERROR(check_name(place, attribute.entity, attribute.name));
    const std::string& name = attribute.name;
    if (attribute.entity == Entity::user) {
      if (name == "id" || name == "username") return Type::text;
      if (name == "roles" || name == "groups") return Type::texts;
    } else if (name == "collection" || name == "kind") {
      return Type::text;
    }
    return Type::anything;
  }

  Result<Type> of(const Expression& place, const Has& has) {
    WY_RETURN_IF_ERROR(check_name(place, has.entity, has.name));
    return Type::boolean;
  }

  Result<Type> of(const Expression&, const Not& negation) {
    WY_RETURN_IF_ERROR(condition(*negation.operand));
    return Type::boolean;
  }

  Result<Type> of(const Expression&, const All& all) { return conditions(all.operands); }
  Result<Type> of(const Expression&, const Any& any) { return conditions(any.operands); }
  Result<Type> conditions(const std::vector<Expression>& operands) {
    for (const Expression& operand : operands) WY_RETURN_IF_ERROR(condition(operand));
    return Type::boolean;
  }

  Result<Type> of(const Expression& place, const Compare& compare) {
    WY_TRY(const Type left, check(*compare.left));
    WY_TRY(const Type right, check(*compare.right));
    if (!comparable(left, right)) {
      return error_at(place.at, "expected two sides of the same type");
    }
    if (compare.comparison == Comparison::equal || compare.comparison == Comparison::not_equal) {
      return Type::boolean;
    }
    WY_RETURN_IF_ERROR(check_order(*compare.left, left, *compare.right));
    WY_RETURN_IF_ERROR(check_order(*compare.right, right, *compare.left));
    return Type::boolean;
  }

  Status check_order(const Expression& side, Type type, const Expression& other) const {
    const auto* literal = std::get_if<Literal>(&side.node);
    const auto* text = literal != nullptr ? std::get_if<std::string>(literal) : nullptr;
    const AttributeKinds::Levels* levels = levels_of(other);
    if (levels == nullptr) levels = kinds_.common_levels();
    const bool orderable = type == Type::integer || type == Type::text || type == Type::anything;
    const bool is_level = text == nullptr || (levels != nullptr && level_number(*levels, *text));
    if (orderable && is_level) return Done{};
    std::string wanted = "expected something with an order: a whole number";
    const char* between = " or one of ";
    for (std::size_t i = 0; levels != nullptr && i < levels->size(); ++i) {
      wanted.append(between).append((*levels)[i]);
      between = ", ";
    }
    return error_at(side.at, std::move(wanted));
  }

  const AttributeKinds::Levels* levels_of(const Expression& side) const {
    const auto* attribute = std::get_if<Attribute>(&side.node);
    if (attribute == nullptr) return nullptr;
    return kinds_.levels(
        attribute->entity == Entity::user ? AttributeOwner::user : AttributeOwner::resource,
        attribute->name);
  }

  Result<Type> of(const Expression&, const In& in) {
    WY_TRY(const Type item, check(*in.item));
    WY_TRY(const Type list, check(*in.list));
    if (is_list(item)) return error_at(in.item->at, "expected a single value before 'in'");
    if (list != Type::anything && !is_list(list)) {
      return error_at(in.list->at, "expected a list after 'in'");
    }
    const bool fits = item == Type::anything || list == Type::anything || list == Type::any_list ||
                      (item == Type::text && list == Type::texts) ||
                      (item == Type::integer && list == Type::integers);
    if (!fits) return error_at(in.item->at, "expected a value of the type of the list's items");
    return Type::boolean;
  }

  Status check_name(const Expression& place, Entity entity, const std::string& name) const {
    if (entity == Entity::user || name == "collection" || name == "kind") return Done{};
    if (std::ranges::find(access_, name) != access_.end()) return Done{};
    std::string known = "collection, kind";
    for (const std::string& attribute : access_) known += ", " + attribute;
    return error_at(place.at,
                    "access cannot depend on resource." + name + "; expected one of " + known);
  }

  const AttributeKinds& kinds_;
  const store::AccessAttributes& access_;
};

}  // namespace

Status check(const Rule& rule, const AttributeKinds& kinds) {
  return Checker(kinds).condition(rule.condition);
}

}  // namespace wenyuan::auth::policy
