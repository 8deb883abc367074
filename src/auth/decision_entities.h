// Principals and labels as the entities that policies speak about.
#pragma once

#include "auth/attribute_kinds.h"
#include "auth/cedar/entities.h"
#include "auth/principal.h"
#include "base/document.h"

namespace wenyuan::auth {

// As cedar/schema_wenyuan.h describes them, with every attribute that there is: one that is not
// declared, or not of its declared kind, cannot be meant by a policy that was checked. For the
// short form also user.roles, user.groups and resource.collection.
cedar::Entity entity_of(const Principal& principal, const AttributeKinds& kinds);
// A Document; or the Collection, for a label without an id, which stands for what is added to it.
cedar::Entity entity_of(const Label& label, const AttributeKinds& kinds);

}  // namespace wenyuan::auth
