// The unique id of an entity: its type, a path such as Company::User, with an id of that type.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>

namespace wenyuan::auth::cedar {

struct EntityUid {
  std::string type;
  std::string id;  // any text

  auto operator<=>(const EntityUid&) const = default;
  bool operator==(const EntityUid&) const = default;
};

// As it is written in a policy: Company::User::"alice", with escapes.
std::string to_text(const EntityUid& uid);

struct EntityUidHash {
  std::size_t operator()(const EntityUid& uid) const {
    const std::size_t type = std::hash<std::string>()(uid.type);
    return std::hash<std::string>()(uid.id) ^ (type * 0x9E3779B97F4A7C15u);
  }
};

}  // namespace wenyuan::auth::cedar
