#include "auth/policy/evaluator.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "auth/policy/levels.h"

namespace wenyuan::auth::policy {
namespace {

// A value that is kept elsewhere: in the tree, the principal or the label.
using Operand = std::variant<bool, std::int64_t, std::string_view, std::span<const std::string>,
                             std::span<const std::int64_t>>;
// Nothing: the evaluation has ended, and Evaluator::end_ says how.
using Value = std::optional<Operand>;

template <class Stored>
Operand borrowed(const Stored& value) {
  return std::visit([](const auto& held) { return Operand(held); }, value);
}

std::optional<std::size_t> list_size(const Operand& value) {
  if (const auto* texts = std::get_if<std::span<const std::string>>(&value)) return texts->size();
  if (const auto* numbers = std::get_if<std::span<const std::int64_t>>(&value)) {
    return numbers->size();
  }
  return std::nullopt;
}

template <class Item>
bool same_set(std::span<const Item> left, std::span<const Item> right) {
  const auto within = [](std::span<const Item> part, std::span<const Item> whole) {
    return std::ranges::all_of(
        part, [&](const Item& item) { return std::ranges::find(whole, item) != whole.end(); });
  };
  return within(left, right) && within(right, left);
}

// Nothing when the two are of different types. An empty list has no type of its own.
std::optional<bool> equal(const Operand& left, const Operand& right) {
  const auto left_size = list_size(left);
  const auto right_size = list_size(right);
  if (left_size && right_size && (*left_size == 0 || *right_size == 0)) {
    return *left_size == *right_size;
  }
  if (left.index() != right.index()) return std::nullopt;
  return std::visit(
      [&](const auto& a) -> bool {
        using Type = std::decay_t<decltype(a)>;
        const Type& b = *std::get_if<Type>(&right);
        if constexpr (requires { typename Type::element_type; }) {
          return same_set(a, b);
        } else {
          return a == b;
        }
      },
      left);
}

template <class Number>
bool ordered(Comparison comparison, Number left, Number right) {
  switch (comparison) {
    case Comparison::less: return left < right;
    case Comparison::less_or_equal: return left <= right;
    case Comparison::greater: return left > right;
    case Comparison::greater_or_equal: return left >= right;
    case Comparison::equal: return left == right;
    case Comparison::not_equal: return left != right;
  }
  return false;
}

class Evaluator {
 public:
  Evaluator(const Principal& user, const Label* resource) : user_(user), resource_(resource) {}

  Evaluation run(const Expression& condition) {
    const auto answer = truth(condition);
    if (!answer) return end_;
    return {*answer ? Verdict::holds : Verdict::does_not_hold, Fault::none, nullptr};
  }

 private:
  Value fail(Fault fault, const Expression& place) {
    end_ = {Verdict::failed, fault, &place};
    return std::nullopt;
  }

  std::optional<bool> truth(const Expression& expression) {
    const Value found = value(expression);
    if (!found) return std::nullopt;
    if (const bool* answer = std::get_if<bool>(&*found)) return *answer;
    fail(Fault::not_boolean, expression);
    return std::nullopt;
  }

  Value value(const Expression& expression) {
    return std::visit([&](const auto& node) { return of(expression, node); }, expression.node);
  }

  Value of(const Expression&, const Literal& literal) { return borrowed(literal); }

  Value of(const Expression& place, const Attribute& wanted) {
    if (wanted.entity == Entity::resource && resource_ == nullptr) return need_resource();
    const Value found = find(wanted.entity, wanted.name);
    return found ? found : fail(Fault::no_attribute, place);
  }

  Value of(const Expression&, const Has& has) {
    if (has.entity == Entity::resource && resource_ == nullptr) return need_resource();
    return Operand(find(has.entity, has.name).has_value());
  }

  Value of(const Expression&, const Not& negation) {
    const auto answer = truth(*negation.operand);
    if (!answer) return std::nullopt;
    return Operand(!*answer);
  }

  Value of(const Expression&, const All& all) { return settle(all.operands, false); }
  Value of(const Expression&, const Any& any) { return settle(any.operands, true); }

  // The first operand with the settling answer ends it.
  Value settle(const std::vector<Expression>& operands, bool settling) {
    for (const Expression& operand : operands) {
      const auto answer = truth(operand);
      if (!answer) return std::nullopt;
      if (*answer == settling) return Operand(settling);
    }
    return Operand(!settling);
  }

  Value of(const Expression& place, const Compare& compare) {
    const Value left = value(*compare.left);
    if (!left) return std::nullopt;
    const Value right = value(*compare.right);
    if (!right) return std::nullopt;
    const Comparison comparison = compare.comparison;
    if (comparison == Comparison::equal || comparison == Comparison::not_equal) {
      const auto same = equal(*left, *right);
      if (!same) return fail(Fault::mixed_types, place);
      return Operand(*same == (comparison == Comparison::equal));
    }
    if (left->index() != right->index()) return fail(Fault::mixed_types, place);
    if (const auto* number = std::get_if<std::int64_t>(&*left)) {
      return Operand(ordered(comparison, *number, *std::get_if<std::int64_t>(&*right)));
    }
    if (const auto* text = std::get_if<std::string_view>(&*left)) {
      const auto low = level(*text);
      const auto high = level(*std::get_if<std::string_view>(&*right));
      if (low && high) return Operand(ordered(comparison, *low, *high));
    }
    return fail(Fault::no_order, place);
  }

  Value of(const Expression& place, const In& in) {
    const Value item = value(*in.item);
    if (!item) return std::nullopt;
    const Value list = value(*in.list);
    if (!list) return std::nullopt;
    const auto size = list_size(*list);
    if (!size || list_size(*item)) return fail(Fault::not_in_a_list, place);
    if (*size == 0) return Operand(false);
    if (const auto* texts = std::get_if<std::span<const std::string>>(&*list)) {
      const auto* text = std::get_if<std::string_view>(&*item);
      if (text == nullptr) return fail(Fault::mixed_types, place);
      return Operand(std::ranges::find(*texts, *text) != texts->end());
    }
    const auto* number = std::get_if<std::int64_t>(&*item);
    if (number == nullptr) return fail(Fault::mixed_types, place);
    const auto& numbers = *std::get_if<std::span<const std::int64_t>>(&*list);
    return Operand(std::ranges::find(numbers, *number) != numbers.end());
  }

  Value need_resource() {
    end_ = {Verdict::needs_resource, Fault::none, nullptr};
    return std::nullopt;
  }

  // The built-in names come first: an attribute of the same name cannot replace them.
  Value find(Entity entity, std::string_view name) const {
    if (entity == Entity::user) {
      if (name == "id") return Operand(std::string_view(user_.user_id));
      if (name == "username") return Operand(std::string_view(user_.username));
      if (name == "roles") return Operand(std::span<const std::string>(user_.roles));
      if (name == "groups") return Operand(std::span<const std::string>(user_.group_ids));
      return attribute(user_.attributes, name);
    }
    if (name == "collection") return Operand(std::string_view(resource_->collection_id));
    if (name == "kind") return Operand(wenyuan::name(resource_->collection_kind));
    return attribute(resource_->attributes, name);
  }

  static Value attribute(const Attributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return std::nullopt;
    return borrowed(found->second);
  }

  const Principal& user_;
  const Label* resource_;
  Evaluation end_;
};

std::string_view message(Fault fault) {
  switch (fault) {
    case Fault::none: return "nothing is wrong";
    case Fault::no_attribute: return "there is no such attribute";
    case Fault::not_boolean: return "this is neither true nor false";
    case Fault::mixed_types: return "the two sides are of different types";
    case Fault::no_order:
      return "only whole numbers and the levels public, internal, confidential and secret have an "
             "order";
    case Fault::not_in_a_list:
      return "'in' needs a single value on its left and a list on its right";
  }
  return "";
}

}  // namespace

Evaluation evaluate(const Rule& rule, const Principal& user, const Label* resource) {
  return Evaluator(user, resource).run(rule.condition);
}

std::string explain(const Evaluation& evaluation) {
  if (evaluation.place == nullptr) return std::string(message(evaluation.fault));
  const Position at = evaluation.place->at;
  std::string text =
      "line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": ";
  const auto* attribute = std::get_if<Attribute>(&evaluation.place->node);
  if (evaluation.fault != Fault::no_attribute || attribute == nullptr) {
    return text.append(message(evaluation.fault));
  }
  text += attribute->entity == Entity::user ? "the user" : "the resource";
  return text + " has no attribute " + attribute->name;
}

}  // namespace wenyuan::auth::policy
