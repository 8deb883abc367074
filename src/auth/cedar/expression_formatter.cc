#include <string_view>
#include <utility>
#include <vector>

#include "auth/cedar/extension.h"
#include "auth/cedar/formatter.h"
#include "auth/cedar/literal.h"
#include "auth/cedar/name.h"

namespace wenyuan::auth::cedar {
namespace {

using Kind = ExpressionKind;

// How tightly an expression binds: what is looser than its place wants stands in parentheses.
enum class Level { any, disjunction, conjunction, relation, sum, product, unary, member };

constexpr std::size_t kUnaryMax = 4;  // of ! or - in a row

Level level_of(const Expression& expression) {
  switch (expression.kind) {
    case Kind::conditional: return Level::any;
    case Kind::disjunction: return Level::disjunction;
    case Kind::conjunction: return Level::conjunction;
    case Kind::equal:
    case Kind::not_equal:
    case Kind::less:
    case Kind::less_equal:
    case Kind::greater:
    case Kind::greater_equal:
    case Kind::in:
    case Kind::has:
    case Kind::like:
    case Kind::is: return Level::relation;
    case Kind::plus:
    case Kind::subtract: return Level::sum;
    case Kind::times: return Level::product;
    case Kind::negation:
    case Kind::minus: return Level::unary;
    case Kind::integer: return expression.integer() < 0 ? Level::unary : Level::member;
    default: return Level::member;
  }
}

std::string_view sign_of(Kind kind) {
  switch (kind) {
    case Kind::disjunction: return " || ";
    case Kind::conjunction: return " && ";
    case Kind::equal: return " == ";
    case Kind::not_equal: return " != ";
    case Kind::less: return " < ";
    case Kind::less_equal: return " <= ";
    case Kind::greater: return " > ";
    case Kind::greater_equal: return " >= ";
    case Kind::in: return " in ";
    case Kind::plus: return " + ";
    case Kind::subtract: return " - ";
    case Kind::times: return " * ";
    case Kind::contains: return "contains";
    case Kind::contains_all: return "containsAll";
    case Kind::contains_any: return "containsAny";
    case Kind::is_empty: return "isEmpty";
    case Kind::get_tag: return "getTag";
    case Kind::has_tag: return "hasTag";
    default: return "";
  }
}

bool is_plain(std::string_view name) { return is_identifier(name) && !is_reserved(name); }

class Writer {
 public:
  std::string take() { return std::move(text_); }

  void write(const Expression& expression, Level wanted) {
    const bool parentheses = level_of(expression) < wanted;
    if (parentheses) text_ += '(';
    write_bare(expression);
    if (parentheses) text_ += ')';
  }

 private:
  void write_bare(const Expression& expression);
  void write_unary(const Expression& expression);
  void write_chain(const Expression& expression, Level first, Level rest);
  void write_relation(const Expression& expression);
  void write_method(const Expression& expression, std::string_view method);
  void write_call(const Expression& expression);
  void write_record(const Expression& expression);
  void write_attribute(const Expression& expression);
  void write_list(const std::vector<Expression>& operands, std::size_t from);

  std::string text_;
};

void Writer::write_bare(const Expression& expression) {
  switch (expression.kind) {
    case Kind::boolean: text_ += expression.boolean() ? "true" : "false"; return;
    case Kind::integer: text_ += std::to_string(expression.integer()); return;
    case Kind::string: text_ += cedar::quoted(expression.text()); return;
    case Kind::entity: text_ += to_text(expression.entity()); return;
    case Kind::variable: text_ += name(expression.variable()); return;
    case Kind::disjunction: return write_chain(expression, Level::conjunction, Level::conjunction);
    case Kind::conjunction: return write_chain(expression, Level::relation, Level::relation);
    case Kind::plus:
    case Kind::subtract: return write_chain(expression, Level::sum, Level::product);
    case Kind::times: return write_chain(expression, Level::product, Level::unary);
    case Kind::negation:
    case Kind::minus: return write_unary(expression);
    case Kind::contains:
    case Kind::contains_all:
    case Kind::contains_any:
    case Kind::is_empty:
    case Kind::get_tag:
    case Kind::has_tag: return write_method(expression, sign_of(expression.kind));
    case Kind::attribute: return write_attribute(expression);
    case Kind::conditional:
      text_ += "if ";
      write(expression.operands[0], Level::any);
      text_ += " then ";
      write(expression.operands[1], Level::any);
      text_ += " else ";
      return write(expression.operands[2], Level::any);
    case Kind::set:
      text_ += '[';
      write_list(expression.operands, 0);
      text_ += ']';
      return;
    case Kind::record: return write_record(expression);
    case Kind::call: return write_call(expression);
    default: return write_relation(expression);
  }
}

// -(5) is not the number -5, and no more than four signs may follow each other.
void Writer::write_unary(const Expression& expression) {
  const char sign = expression.kind == Kind::negation ? '!' : '-';
  const Expression* at = &expression;
  std::size_t count = 0;
  while (at->kind == expression.kind && count < kUnaryMax) {
    text_ += sign;
    ++count;
    at = &at->operands.front();
  }
  const bool is_number = at->kind == Kind::integer && sign == '-';
  const bool takes_a_sign = is_number && at->integer() < 0 && count < kUnaryMax;
  const bool is_bare = takes_a_sign || (!is_number && level_of(*at) >= Level::member);
  if (is_bare) return write_bare(*at);
  text_ += '(';
  write_bare(*at);
  text_ += ')';
}

void Writer::write_chain(const Expression& expression, Level first, Level rest) {
  bool is_first = true;
  for (const Expression& operand : expression.operands) {
    if (!is_first) text_ += sign_of(expression.kind);
    write(operand, is_first ? first : rest);
    is_first = false;
  }
}

void Writer::write_relation(const Expression& expression) {
  write(expression.operands[0], Level::sum);
  switch (expression.kind) {
    case Kind::has: {
      text_ += " has ";
      const std::vector<std::string>& names = expression.names();
      if (names.size() == 1 && !is_plain(names.front())) {
        text_ += cedar::quoted(names.front());
        return;
      }
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) text_ += '.';
        text_ += names[i];
      }
      return;
    }
    case Kind::like:
      text_ += " like ";
      text_ += cedar::quoted(expression.pattern());
      return;
    case Kind::is:
      text_ += " is ";
      text_ += expression.text();
      if (expression.operands.size() == 1) return;
      text_ += " in ";
      return write(expression.operands[1], Level::sum);
    default: text_ += sign_of(expression.kind); return write(expression.operands[1], Level::sum);
  }
}

void Writer::write_method(const Expression& expression, std::string_view method) {
  write(expression.operands[0], Level::member);
  text_ += '.';
  text_ += method;
  text_ += '(';
  write_list(expression.operands, 1);
  text_ += ')';
}

void Writer::write_call(const Expression& expression) {
  const ExtensionSignature* const signature = find_extension(expression.text());
  if (signature != nullptr && signature->is_method) {
    return write_method(expression, expression.text());
  }
  text_ += expression.text();
  text_ += '(';
  write_list(expression.operands, 0);
  text_ += ')';
}

void Writer::write_record(const Expression& expression) {
  text_ += '{';
  for (std::size_t i = 0; i < expression.operands.size(); ++i) {
    if (i > 0) text_ += ", ";
    const std::string& key = expression.names()[i];
    text_ += is_plain(key) ? key : cedar::quoted(key);
    text_ += ": ";
    write(expression.operands[i], Level::any);
  }
  text_ += '}';
}

void Writer::write_attribute(const Expression& expression) {
  write(expression.operands[0], Level::member);
  if (is_plain(expression.text())) {
    text_ += '.';
    text_ += expression.text();
    return;
  }
  text_ += '[';
  text_ += cedar::quoted(expression.text());
  text_ += ']';
}

void Writer::write_list(const std::vector<Expression>& operands, std::size_t from) {
  for (std::size_t i = from; i < operands.size(); ++i) {
    if (i > from) text_ += ", ";
    write(operands[i], Level::any);
  }
}

}  // namespace

std::string format(const Expression& expression) {
  Writer writer;
  writer.write(expression, Level::any);
  return writer.take();
}

}  // namespace wenyuan::auth::cedar
