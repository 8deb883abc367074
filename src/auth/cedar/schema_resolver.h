// Makes a schema of what a text declares: looks up names, checks hierarchies.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/schema.h"
#include "auth/cedar/schema_fragment.h"
#include "auth/cedar/schema_names.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// For one use. The fragment must outlive it.
class SchemaResolver {
 public:
  explicit SchemaResolver(const SchemaFragment& fragment) : fragment_(fragment) {}

  Result<Schema> resolve();

 private:
  struct CommonType {
    bool resolving = false;  // its own declaration is being read: a cycle when it comes up again
    const Type* type = nullptr;
  };

  Status declare_entities(const NamespaceDeclaration& declared);
  Status declare_actions(const NamespaceDeclaration& declared);
  Status resolve_entity(std::string_view name_space, const EntityDeclaration& declared);
  Status resolve_action(std::string_view name_space, const ActionDeclaration& declared);
  Status close_hierarchies();

  Result<const Type*> type_of(std::string_view name_space, const TypeDeclaration& declared);
  Result<const Type*> record_of(std::string_view name_space, const TypeDeclaration& declared);
  Result<const Type*> common_type(const std::string& name, const SchemaPlace& place);
  // The same, which has to be a record: the attributes of `what`.
  Result<const Type*> shape_of(std::string_view name_space, const TypeDeclaration& declared,
                               std::string_view what);
  const Type* entity_reference(const std::string& name);
  Result<std::vector<std::string>> entity_types(std::string_view name_space,
                                                const std::vector<NameReference>& names);
  // Counts what is copied for each name that a declaration shares.
  Status spend(std::size_t count);

  const SchemaFragment& fragment_;
  SchemaNames names_;
  Schema schema_;
  std::map<std::string, CommonType, std::less<>> common_;
  std::map<std::string, const Type*, std::less<>> references_;
  std::map<std::string, std::vector<std::string>, std::less<>> entity_parents_;
  std::map<EntityUid, std::vector<EntityUid>> action_parents_;
  std::map<EntityUid, SchemaPlace> action_places_;
  std::size_t common_depth_ = 0;
  std::size_t type_depth_ = 0;
  std::size_t spent_ = 0;
};

}  // namespace wenyuan::auth::cedar
