// The question: may this principal do this to that resource, in these circumstances?
#pragma once

#include "auth/cedar/entity_uid.h"
#include "auth/cedar/value.h"

namespace wenyuan::auth::cedar {

struct Request {
  EntityUid principal;
  EntityUid action;
  EntityUid resource;
  Record context;
};

}  // namespace wenyuan::auth::cedar
