// Attributes and tags: what a guard has found, and what may be read because of it.
#include <utility>

#include "auth/cedar/literal.h"
#include "auth/cedar/validator_checker.h"
#include "auth/cedar/validator_suggestion.h"

namespace wenyuan::auth::cedar {
namespace {

std::string of_type(const Type& type) {
  std::string text = type.kind == TypeKind::record ? "the record " : "`";
  text.append(describe(type));
  return type.kind == TypeKind::record ? text : text.append("`");
}

}  // namespace

const AttributeTypes* TypeChecker::attributes_of(const Type& type) const {
  if (type.kind == TypeKind::record) return &type.attributes;
  const EntityTypeSchema* entity = schema_.entity_type(type.name);
  return entity == nullptr ? nullptr : &entity->shape->attributes;
}

const Type* TypeChecker::tags_of(const Type& type) const {
  const EntityTypeSchema* entity = schema_.entity_type(type.name);
  return entity == nullptr ? nullptr : entity->tags;
}

auto TypeChecker::attribute(const Expression& expression, const Capabilities& prior) -> Answer {
  const Expression& base = expression.operands[0];
  const Answer answer = expect(Wanted::entity_or_record, base, prior);
  if (answer.type == nullptr) return failed();
  return access(expression, answer, shapes_.of(base), expression.text(), prior);
}

auto TypeChecker::access(const Expression& expression, const Answer& base, int base_shape,
                         const std::string& name, const Capabilities& prior) -> Answer {
  const AttributeTypes* attributes = attributes_of(*base.type);
  const auto found =
      attributes == nullptr ? AttributeTypes::const_iterator() : attributes->find(name);
  if (attributes == nullptr || found == attributes->end()) {
    std::string message = "there is no attribute `";
    message.append(name).append("` in ").append(of_type(*base.type));
    findings_.add(expression.span, std::move(message), [&] {
      return attributes == nullptr ? std::string() : suggestion(name, *attributes);
    });
    return failed();
  }
  const AttributeType& type = found->second;
  if (type.required || prior.contains({base_shape, shapes_.text(name), false})) {
    return of(type.type, base.ok);
  }
  std::string message = "the attribute `";
  message.append(name).append("` is optional in ").append(of_type(*base.type));
  message.append("; ask for it before, with `has`");
  return error(expression, std::move(message), type.type);
}

auto TypeChecker::has(const Expression& expression, const Capabilities& prior) -> Answer {
  const Expression& base = expression.operands[0];
  Answer holder = expect(Wanted::entity_or_record, base, prior);
  if (holder.type == nullptr) return failed(primitive(TypeKind::boolean));
  const std::vector<std::string>& names = expression.names();
  int shape = shapes_.of(base);
  Answer all = has_one(holder, shape, names.front(), prior);
  // a has b.c is a has b && a.b has c.
  for (std::size_t i = 1; i < names.size(); ++i) {
    if (all.type->kind == TypeKind::always_false) return of(all.type, all.ok);
    const Capabilities known = joined(prior, all.known);
    holder = access(expression, holder, shape, names[i - 1], known);
    if (holder.type == nullptr) return failed(primitive(TypeKind::boolean));
    if (!fits(Wanted::entity_or_record, *holder.type)) {
      return wrong_type(Wanted::entity_or_record, expression, *holder.type);
    }
    shape = shapes_.attribute(shape, names[i - 1]);
    all = conjoined(all, has_one(holder, shape, names[i], known));
  }
  return all;
}

auto TypeChecker::has_one(const Answer& base, int base_shape, const std::string& name,
                          const Capabilities& prior) -> Answer {
  const AttributeTypes* attributes = attributes_of(*base.type);
  const auto found =
      attributes == nullptr ? AttributeTypes::const_iterator() : attributes->find(name);
  if (attributes == nullptr || found == attributes->end()) return of(singleton(false), base.ok);
  const Capability one{base_shape, shapes_.text(name), false};
  // An entity that is not there has no attributes, whatever its type requires.
  const bool always =
      prior.contains(one) || (found->second.required && base.type->kind == TypeKind::record);
  const Type* type = always ? singleton(true) : primitive(TypeKind::boolean);
  if (!base.ok) return failed(type);
  return {type, true, Capabilities(one)};
}

auto TypeChecker::has_tag(const Expression& expression, const Capabilities& prior) -> Answer {
  const Answer base = expect(Wanted::entity, expression.operands[0], prior);
  const Answer key = expect(Wanted::text, expression.operands[1], prior);
  if (base.type == nullptr) return failed();
  const Capability one{shapes_.of(expression.operands[0]), shapes_.of(expression.operands[1]),
                       true};
  const Type* type = primitive(TypeKind::boolean);
  if (tags_of(*base.type) == nullptr) {
    type = singleton(false);
  } else if (prior.contains(one)) {
    type = singleton(true);
  }
  if (!base.ok || !key.ok) return failed(type);
  return {type, true, Capabilities(one)};
}

auto TypeChecker::get_tag(const Expression& expression, const Capabilities& prior) -> Answer {
  const Expression& tag = expression.operands[1];
  const Answer base = expect(Wanted::entity, expression.operands[0], prior);
  const Answer key = expect(Wanted::text, tag, prior);
  if (base.type == nullptr) return failed();
  if (!prior.contains({shapes_.of(expression.operands[0]), shapes_.of(tag), true})) {
    std::string message = "the tag ";
    if (tag.kind == ExpressionKind::string) message.append(cedar::quoted(tag.text())).append(" ");
    message.append("may not be there; ask for it before, with `hasTag`");
    return error(expression, std::move(message));
  }
  const Type* tags = tags_of(*base.type);
  if (tags == nullptr) return error(expression, of_type(*base.type) + " has no tags");
  return of(tags, base.ok && key.ok);
}

}  // namespace wenyuan::auth::cedar
