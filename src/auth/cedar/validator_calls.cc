// Functions and methods of the extension types.
#include <utility>

#include "auth/cedar/extension.h"
#include "auth/cedar/validator_checker.h"

namespace wenyuan::auth::cedar {
namespace {

const Type* type_of(ValueKind kind) {
  switch (kind) {
    case ValueKind::boolean: return primitive(TypeKind::boolean);
    case ValueKind::integer: return primitive(TypeKind::integer);
    case ValueKind::string: return primitive(TypeKind::text);
    case ValueKind::decimal: return extension_type("decimal");
    case ValueKind::ip_address: return extension_type("ipaddr");
    case ValueKind::datetime: return extension_type("datetime");
    case ValueKind::duration: return extension_type("duration");
    case ValueKind::entity:
    case ValueKind::set:
    case ValueKind::record: break;
  }
  return nullptr;
}

bool is_literal(const Expression& expression) {
  return expression.kind == ExpressionKind::boolean || expression.kind == ExpressionKind::integer ||
         expression.kind == ExpressionKind::string || expression.kind == ExpressionKind::entity;
}

}  // namespace

// Constructors take literals alone, so that a value that is none is found before it is needed.
bool TypeChecker::check_constructor(const Expression& expression) {
  for (const Expression& operand : expression.operands) {
    if (is_literal(operand)) continue;
    error(expression, "`" + expression.text() + "` takes a string that is written out");
    return false;
  }
  if (expression.operands.size() != 1) return true;
  const Expression& argument = expression.operands[0];
  if (argument.kind != ExpressionKind::string) return true;
  const ExtensionSignature* signature = find_extension(expression.text());
  const Value text(argument.text());
  const Value* arguments[] = {&text};
  const Result<Value> made = call_extension(*signature, arguments);
  if (!made) error(argument, made.error().message);
  return made.has_value();
}

auto TypeChecker::call(const Expression& expression, const Capabilities& prior) -> Answer {
  const ExtensionSignature* signature = find_extension(expression.text());
  if (signature == nullptr) {
    return error(expression, "there is no function `" + expression.text() + "`");
  }
  bool ok = true;
  const std::size_t wanted = signature->parameters.size();
  if (expression.operands.size() != wanted) {
    std::string message = "`";
    message.append(expression.text()).append("` takes ").append(std::to_string(wanted));
    message.append(wanted == 1 ? " argument, not " : " arguments, not ");
    error(expression, message.append(std::to_string(expression.operands.size())));
    ok = false;
  }
  if (!signature->is_method) ok = check_constructor(expression) && ok;
  for (std::size_t i = 0; i < expression.operands.size(); ++i) {
    const Expression& operand = expression.operands[i];
    const Answer answer = check(operand, prior);
    ok = ok && answer.ok;
    if (i >= wanted || answer.type == nullptr) continue;
    const Type* type = type_of(signature->parameters[i]);
    if (is_subtype(*answer.type, *type)) continue;
    error(operand, "expected " + describe(*type) + ", found " + describe(*answer.type));
    ok = false;
  }
  return of(type_of(signature->result), ok);
}

}  // namespace wenyuan::auth::cedar
