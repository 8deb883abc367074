// Who is asking: the same record whatever credential was shown.
#pragma once

#include <string>
#include <vector>

#include "base/attributes.h"

namespace wenyuan::auth {

struct Principal {
  std::string user_id;
  std::string username;
  std::string key_id;                  // empty for a password session
  std::vector<std::string> roles;      // admin, auditor, model_admin, data_scientist; sorted
  std::vector<std::string> group_ids;  // sorted
  std::vector<std::string> scopes;     // of the key; {"*"} is everything
  Attributes attributes;

  bool has_role(std::string_view role) const;
  bool has_scope(std::string_view scope) const;  // "search", "ask", "documents:write", "admin", …
};

}  // namespace wenyuan::auth
