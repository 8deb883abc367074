// Numbers expressions so that equal ones have equal numbers, wherever they stand.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/cedar/ast.h"

namespace wenyuan::auth::cedar {

// What is known of `resource.owner` after `resource.owner has name` is known of every other
// `resource.owner` too. Expressions must outlive the numbers.
class Shapes {
 public:
  int of(const Expression& expression);
  int attribute(int of_shape, std::string_view name);  // of `of_shape`.name
  int text(std::string_view value);                    // of the string itself

 private:
  int fold(const Expression& expression, ExpressionKind kind);
  int has_path(const Expression& expression);
  int make(const Expression& expression);
  int node(ExpressionKind kind, std::string_view payload, const std::vector<int>& operands);

  std::unordered_map<const Expression*, int> known_;
  std::unordered_map<std::string, int> numbers_;
};

}  // namespace wenyuan::auth::cedar
