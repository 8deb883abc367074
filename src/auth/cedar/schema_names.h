// Which names a schema declares, and what a name that is written in a namespace refers to.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/entity_uid.h"
#include "auth/cedar/schema_fragment.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// Full names ("Photos::User", or "User" in the empty namespace) of all that is declared, and of
// the types that Cedar brings along. Refers to the fragment, which must outlive it.
class SchemaNames {
 public:
  // A name that is looked up: which kinds of types it may be.
  enum class Wanted { entity, common, either };

  struct Found {
    bool is_common = false;
    std::string name;
  };

  struct Common {
    const CommonTypeDeclaration* declaration = nullptr;  // null: one of Cedar's own types
    std::string_view name_space;
    std::string builtin;  // Bool, Long, String or the name of an extension type
  };

  // Refuses what is declared twice, what is reserved, and names in a namespace that are also
  // declared in the empty one: nobody could tell which of the two is meant.
  static Result<SchemaNames> collect(const SchemaFragment& fragment);

  Result<Found> find_type(std::string_view name_space, const std::string& name, Wanted wanted,
                          const SchemaPlace& place) const;
  Result<EntityUid> find_action(std::string_view name_space, const ActionReference& action) const;

  bool is_entity(std::string_view name) const { return entities_.contains(name); }
  const std::map<std::string, Common, std::less<>>& common_types() const { return common_; }

  static std::string qualified(std::string_view name_space, std::string_view name);

 private:
  Status add_namespace(const NamespaceDeclaration& declaration);
  Status check_shadowing() const;
  void add_builtins();

  std::set<std::string, std::less<>> namespaces_;
  std::map<std::string, SchemaPlace, std::less<>> entities_;
  std::map<std::string, SchemaPlace, std::less<>> common_places_;
  std::map<std::string, Common, std::less<>> common_;
  std::map<EntityUid, SchemaPlace> actions_;
  std::size_t name_count_ = 0;
};

}  // namespace wenyuan::auth::cedar
