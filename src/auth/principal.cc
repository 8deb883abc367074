#include "auth/principal.h"

#include <algorithm>

namespace wenyuan::auth {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

}  // namespace

bool Principal::has_role(std::string_view role) const { return contains(roles, role); }

bool Principal::has_scope(std::string_view scope) const {
  return contains(scopes, scope) || contains(scopes, "*");
}

bool Principal::acts_as(std::string_view role) const {
  return has_role(role) && has_scope("admin");
}

bool Principal::may(Duty duty) const { return duties.has(duty) && has_scope("admin"); }

bool Principal::scopes_open(Action action) const {
  switch (action) {
    case Action::read:
      return has_scope("documents:read") || has_scope("search") || has_scope("ask");
    case Action::write: return has_scope("documents:write");
    case Action::manage: return has_scope("admin");
  }
  return false;
}

}  // namespace wenyuan::auth
