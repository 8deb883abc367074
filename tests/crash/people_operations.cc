#include "auth/groups.h"
#include "tests/crash/operations.h"

namespace wenyuan::crash {
namespace {

Status add_user(Node& node, Scene& scene) {
  auth::User user;
  user.username = scene.fresh("user");
  user.display_name = "Somebody";
  return node.write("user.add", "", [&](store::Transaction& tx) -> Status {
    WY_TRY(const auth::User made, node.identities().add_user(tx, user, std::nullopt, node.now()));
    scene.target = made.id;
    return Done{};
  });
}

Status rename_user(Node& node, Scene& scene) {
  auth::UserChange change;
  change.display_name = scene.fresh("Name ");
  change.attributes = Attributes{{"department", scene.fresh("unit")}};
  return node.write("user.change", scene.target, [&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(node.identities().update_user(tx, scene.target, change, node.now()));
    return Done{};
  });
}

Status remove_user(Node& node, Scene& scene) {
  return node.write("user.remove", scene.target, [&](store::Transaction& tx) {
    return node.identities().remove_user(tx, scene.target, node.policies().access_attributes());
  });
}

Status add_key(Node& node, Scene& scene) {
  return node.write("key.add", "", [&](store::Transaction& tx) -> Status {
    WY_TRY(const auth::NewKey key,
           node.identities().add_key(tx, node.admin_id(), scene.fresh("key"), {"search"},
                                     std::nullopt, node.now()));
    scene.target = key.info.id;
    return Done{};
  });
}

Status remove_key(Node& node, Scene& scene) {
  return node.write("key.remove", scene.target, [&](store::Transaction& tx) {
    return node.identities().remove_key(tx, scene.target);
  });
}

Status add_group(Node& node, Scene& scene) {
  auth::Group group;
  group.name = scene.fresh("Group ");
  return node.write("group.add", "", [&](store::Transaction& tx) -> Status {
    WY_TRY(const auth::Group made, auth::add_group(tx, group, node.now()));
    scene.target = made.id;
    return Done{};
  });
}

Status add_member(Node& node, Scene& scene) {
  return node.write("group.member.add", scene.target, [&](store::Transaction& tx) {
    return auth::add_member(tx, scene.target, node.admin_id());
  });
}

Status group_with_member(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(add_group(node, scene));
  return add_member(node, scene);
}

Status remove_group(Node& node, Scene& scene) {
  return node.write("group.remove", scene.target, [&](store::Transaction& tx) {
    return auth::remove_group(tx, scene.target, node.policies().access_attributes());
  });
}

// Gives the document a compartment of its own.
Status grant_document(Node& node, Scene& scene) {
  auth::Grant grant;
  grant.principal_id = scene.target;
  grant.resource_id = scene.second;
  return node.write("grant.add", scene.second, [&](store::Transaction& tx) -> Status {
    WY_TRY(const auth::Grant made, node.policies().add_grant(tx, grant, node.now()));
    scene.target = made.id;
    return Done{};
  });
}

Status group_and_document(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(add_group(node, scene));
  WY_TRY(scene.second, ready_document(node, scene));
  return Done{};
}

Status granted_document(Node& node, Scene& scene) {
  WY_RETURN_IF_ERROR(group_and_document(node, scene));
  return grant_document(node, scene);
}

Status remove_grant(Node& node, Scene& scene) {
  return node.write("grant.remove", scene.target, [&](store::Transaction& tx) {
    return node.policies().remove_grant(tx, scene.target);
  });
}

auth::Policy some_policy(Scene& scene) {
  auth::Policy policy;
  policy.name = scene.fresh("Policy ");
  policy.text = "allow if user.department == resource.department";
  return policy;
}

Status add_policy(Node& node, Scene& scene) {
  return node.write("policy.add", "", [&](store::Transaction& tx) -> Status {
    WY_TRY(const auth::Policy made, node.policies().add_policy(tx, some_policy(scene), node.now()));
    scene.target = made.id;
    return Done{};
  });
}

Status replace_policy(Node& node, Scene& scene) {
  return node.write("policy.replace", scene.target, [&](store::Transaction& tx) -> Status {
    auth::Policy policy = some_policy(scene);
    policy.id = scene.target;
    WY_RETURN_IF_ERROR(node.policies().update_policy(tx, policy, node.now()));
    return Done{};
  });
}

Status remove_policy(Node& node, Scene& scene) {
  return node.write("policy.remove", scene.target, [&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(node.policies().remove_policy(tx, scene.target));
    return Done{};
  });
}

}  // namespace

std::vector<Operation> people_operations() {
  return {
      {"add a user", nullptr, add_user},
      {"change a user", add_user, rename_user},
      {"remove a user", add_user, remove_user},
      {"add a key", nullptr, add_key},
      {"remove a key", add_key, remove_key},
      {"add a group", nullptr, add_group},
      {"add a member", add_group, add_member},
      {"remove a group", group_with_member, remove_group},
      {"grant a document", group_and_document, grant_document},
      {"take a grant back", granted_document, remove_grant},
      {"add a policy", nullptr, add_policy},
      {"replace a policy", add_policy, replace_policy},
      {"remove a policy", add_policy, remove_policy},
  };
}

}  // namespace wenyuan::crash
