// What Cedar's JSON policy format calls the operators that have nothing but operands.
#pragma once

#include <string_view>

#include "auth/cedar/ast.h"

namespace wenyuan::auth::cedar {

struct JsonOperator {
  std::string_view name;
  ExpressionKind kind;
};

constexpr JsonOperator kJsonBinaries[] = {
    {"==", ExpressionKind::equal},
    {"!=", ExpressionKind::not_equal},
    {"<", ExpressionKind::less},
    {"<=", ExpressionKind::less_equal},
    {">", ExpressionKind::greater},
    {">=", ExpressionKind::greater_equal},
    {"+", ExpressionKind::plus},
    {"-", ExpressionKind::subtract},
    {"*", ExpressionKind::times},
    {"in", ExpressionKind::in},
    {"contains", ExpressionKind::contains},
    {"containsAll", ExpressionKind::contains_all},
    {"containsAny", ExpressionKind::contains_any},
    {"getTag", ExpressionKind::get_tag},
    {"hasTag", ExpressionKind::has_tag},
};

constexpr JsonOperator kJsonUnaries[] = {
    {"!", ExpressionKind::negation},
    {"neg", ExpressionKind::minus},
    {"isEmpty", ExpressionKind::is_empty},
};

}  // namespace wenyuan::auth::cedar
