#include "auth/cedar/operation.h"

#include <utility>

#include "auth/cedar/extension.h"

namespace wenyuan::auth::cedar {
namespace {

using Kind = ExpressionKind;
using Values = std::span<const Value* const>;

Applied made(Value value) {
  Applied applied;
  applied.kind = Applied::Kind::made;
  applied.made = std::move(value);
  return applied;
}

Applied borrowed(const Value* value) {
  Applied applied;
  applied.kind = Applied::Kind::borrowed;
  applied.borrowed = value;
  return applied;
}

Applied truth(bool value) {
  Applied applied;
  applied.kind = value ? Applied::Kind::is_true : Applied::Kind::is_false;
  return applied;
}

Applied failed() { return {}; }

// By reference, because the call that finds the fault also sets the result.
Applied truth_or_fault(Fault fault, const bool& result) {
  return fault == Fault::none ? truth(result) : failed();
}

Applied unary(Kind kind, const Value& value) {
  if (kind == Kind::is_empty) {
    return value.as_set() == nullptr ? failed() : truth(value.as_set()->empty());
  }
  const std::int64_t* const number = value.as_integer();
  std::int64_t result = 0;
  if (number == nullptr || __builtin_sub_overflow(std::int64_t{0}, *number, &result)) {
    return failed();
  }
  return made(Value(result));
}

Applied with_names(Kind kind, const Expression& payload, const Value& value,
                   const EntityView& entities) {
  const Value* found = nullptr;
  if (kind == Kind::attribute) {
    const Fault fault = get_attribute(entities, value, payload.text(), found);
    return fault == Fault::none ? borrowed(found) : failed();
  }
  if (kind == Kind::has) {
    bool result = false;
    return truth_or_fault(has_attributes(entities, value, payload.names(), result, &found), result);
  }
  if (kind == Kind::like) {
    const std::string* const text = value.as_string();
    return text == nullptr ? failed() : truth(matches(payload.pattern(), *text));
  }
  const EntityUid* const uid = value.as_entity();
  return uid == nullptr ? failed() : truth(uid->type == payload.text());
}

Applied many(Kind kind, const Expression* payload, Values operands) {
  if (kind == Kind::set) {
    std::vector<Value> values;
    values.reserve(operands.size());
    for (const Value* const each : operands) values.push_back(*each);
    return made(Value(Set(std::move(values))));
  }
  if (kind == Kind::record) {
    std::vector<Record::Attribute> attributes;
    attributes.reserve(operands.size());
    for (std::size_t i = 0; i < operands.size(); ++i) {
      attributes.emplace_back(payload->names()[i], *operands[i]);
    }
    return made(Value(Record(std::move(attributes))));
  }
  const ExtensionSignature* const signature = find_extension(payload->text());
  if (signature == nullptr) return failed();
  auto result = call_extension(*signature, operands);
  return result ? made(*std::move(result)) : failed();
}

Applied binary(Kind kind, Values values, const EntityView& entities) {
  const Value* blamed = nullptr;
  const Operands operands{*values[0], *values[1], &blamed};
  bool result = false;
  switch (kind) {
    case Kind::equal: return truth(operands.left == operands.right);
    case Kind::not_equal: return truth(operands.left != operands.right);
    case Kind::plus:
    case Kind::subtract:
    case Kind::times: {
      std::int64_t number = 0;
      const Fault fault = arithmetic(kind, operands, number);
      return fault == Fault::none ? made(Value(number)) : failed();
    }
    case Kind::in: return truth_or_fault(is_in(entities, operands, result), result);
    case Kind::contains:
    case Kind::contains_all:
    case Kind::contains_any: return truth_or_fault(contains(kind, operands, result), result);
    case Kind::has_tag: return truth_or_fault(has_tag(entities, operands, result), result);
    case Kind::get_tag: {
      const Value* tag = nullptr;
      const Fault fault = get_tag(entities, operands, tag);
      return fault == Fault::none ? borrowed(tag) : failed();
    }
    default: return truth_or_fault(compare(kind, operands, result), result);
  }
}

}  // namespace

Value Applied::take() && {
  switch (kind) {
    case Kind::is_false: return false;
    case Kind::is_true: return true;
    case Kind::borrowed: return *borrowed;
    case Kind::failure:
    case Kind::made: break;
  }
  return *std::move(made);
}

Applied apply(ExpressionKind kind, const Expression* payload, Values operands,
              const EntityView& entities) {
  switch (kind) {
    case Kind::minus:
    case Kind::is_empty: return unary(kind, *operands[0]);
    case Kind::attribute:
    case Kind::has:
    case Kind::like:
    case Kind::is: return with_names(kind, *payload, *operands[0], entities);
    case Kind::set:
    case Kind::record:
    case Kind::call: return many(kind, payload, operands);
    default: return binary(kind, operands, entities);
  }
}

}  // namespace wenyuan::auth::cedar
