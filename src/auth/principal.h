// Who is asking: the same record whatever credential was shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/duties.h"
#include "base/attributes.h"
#include "base/clock.h"
#include "base/permit.h"

namespace wenyuan::auth {

// What a key may be used for. A scope narrows what the key's owner may do and never adds to it.
//
//   documents:read    read content         ┐
//   search            search in it         ├ any of the three opens Action::read
//   ask               ask questions on it  ┘
//   documents:write   Action::write
//   admin             Action::manage, and the duties of the owner's roles (duties.h)
//   *                 everything
inline constexpr std::string_view kScopes[] = {
    "*", "admin", "ask", "documents:read", "documents:write", "search"};

// What a request under break-glass reads; see break_glass.h.
struct BreakGlassUse {
  std::string id;             // bgl_…
  std::string owner_id;       // whose personal collections
  std::string collection_id;  // one of them; empty: all
  UnixMillis ends_at = 0;

  bool operator==(const BreakGlassUse&) const = default;
};

struct Principal {
  std::string user_id;
  std::string username;
  std::string key_id;                  // of the credential that was shown: key_, ses_, crd_ or jwt_
  std::vector<std::string> roles;      // see roles.h; sorted
  std::vector<std::string> group_ids;  // directly or through other groups; sorted
  std::vector<std::string> scopes;     // of the key; {"*"} is everything
  Attributes attributes;
  // Of the request, not of the user: policies may ask for them.
  std::string address{};       // where it came from; empty when by no network
  bool second_factor = false;  // was shown in this session
  // Of the roles together.
  DutySet duties{};
  // Of a request under break-glass: it reads this, and nothing else.
  std::optional<BreakGlassUse> break_glass{};

  bool has_role(std::string_view role) const;
  bool has_scope(std::string_view scope) const;  // "search", "ask", "documents:write", "admin", …
  // Holds the role, and the key that was shown may be used for it.
  bool acts_as(std::string_view role) const;
  // The same for a duty: what routes ask for.
  bool may(Duty duty) const;
  // Whether the scopes leave room for this action on content at all.
  bool scopes_open(Action action) const;

  bool operator==(const Principal&) const = default;
};

}  // namespace wenyuan::auth
