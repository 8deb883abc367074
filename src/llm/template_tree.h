// A chat template as a tree. Nodes are made by the parser and never change.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llm/template_value.h"

namespace wenyuan::llm {

struct TemplateExpression;
using TemplateExpressionPtr = std::unique_ptr<const TemplateExpression>;

enum class ExpressionKind {
  literal,
  name,
  list,        // of the parts; a tuple too
  dict,        // parts: key, value, key, value…
  attribute,   // parts[0].name
  item,        // parts[0][parts[1]]
  slice,       // parts[0][parts[1]:parts[2]:parts[3]]; a part may be missing (nullptr)
  call,        // parts[0](parts[1]…, named)
  filter,      // parts[0] | name(parts[1]…, named)
  test,        // parts[0] is name(parts[1]…)
  negation,    // not parts[0]
  sign,        // name is "-" or "+"
  compare,     // parts[0] operators[0] parts[1] operators[1] parts[2]…
  all_of,      // parts joined by `and`
  any_of,      // parts joined by `or`
  joined,      // parts joined by ~
  arithmetic,  // parts[0] name parts[1]
  choice,      // parts[1] if parts[0] else parts[2]; parts[2] may be missing
};

struct TemplateExpression {
  ExpressionKind kind = ExpressionKind::literal;
  int line = 1;
  int depth = 1;  // of the tree below
  std::string name;
  TemplateValue literal;
  std::vector<TemplateExpressionPtr> parts;
  std::vector<std::pair<std::string, TemplateExpressionPtr>> named;
  std::vector<std::string> operators;
};

struct TemplateStatement;
using TemplateBlock = std::vector<TemplateStatement>;

enum class StatementKind {
  text,
  output,        // {{ value }}
  condition,     // branches
  loop,          // for names in value (if branches[0].condition) branches[0].body, else_body
  set,           // names = value, or names[0].attribute = value
  set_block,     // names[0] = what branches[0].body writes, through the filters in value
  macro,         // macros[0]
  filter_block,  // what branches[0].body writes, through the filters in value
  group,         // branches[0].body, with its own names
  stop,          // break
  next,          // continue
};

struct TemplateBranch {
  TemplateExpressionPtr condition;  // missing: always
  TemplateBlock body;
};

struct TemplateStatement {
  StatementKind kind = StatementKind::text;
  int line = 1;
  TemplateText text;
  TemplateExpressionPtr value;
  std::vector<std::string> names;
  std::string attribute;
  std::vector<TemplateBranch> branches;
  TemplateBlock else_body;
  std::unique_ptr<const TemplateMacro> macro;
};

// The name of what a block wrote, for the filters behind it.
inline constexpr const char* kWritten = "";

struct TemplateMacro {
  std::string name;
  std::vector<std::string> parameters;
  // Of the last ones; the others have none.
  std::vector<TemplateExpressionPtr> defaults;
  TemplateBlock body;
};

}  // namespace wenyuan::llm
