#include "auth/cedar/ast.h"

namespace wenyuan::auth::cedar {

std::string_view name(Variable variable) {
  switch (variable) {
    case Variable::principal: return "principal";
    case Variable::action: return "action";
    case Variable::resource: return "resource";
    case Variable::context: return "context";
  }
  return "";
}

std::string_view name(Effect effect) {
  switch (effect) {
    case Effect::permit: return "permit";
    case Effect::forbid: return "forbid";
  }
  return "";
}

}  // namespace wenyuan::auth::cedar
