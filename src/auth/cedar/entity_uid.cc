#include "auth/cedar/entity_uid.h"

#include "auth/cedar/literal.h"

namespace wenyuan::auth::cedar {

std::string to_text(const EntityUid& uid) {
  std::string text = uid.type;
  text += "::";
  text += cedar::quoted(uid.id);
  return text;
}

}  // namespace wenyuan::auth::cedar
