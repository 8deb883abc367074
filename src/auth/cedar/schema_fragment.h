// What a schema's text declares, before its names are looked up: both syntaxes are read into this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::auth::cedar {

// Limits of what one schema may hold; far above any schema that a person could keep in mind.
constexpr std::size_t kSchemaTextMax = std::size_t{1} << 20;
constexpr std::size_t kSchemaDepthMax = 48;  // of nested types
constexpr std::size_t kSchemaDeclarationMax = 20'000;

// Where something stands: in a text by line and column (from 1, code points), in JSON by a path.
struct SchemaPlace {
  std::uint32_t line = 0;  // 0: in JSON
  std::uint32_t column = 0;
  std::string path;
};

// "line 3, column 7: `message`" or "$.Photos.actions.view: `message`", as invalid_argument.
Error schema_error(const SchemaPlace& place, std::string_view message);

struct NameReference {
  std::string name;  // as written: "User" or "Ns::User"
  SchemaPlace place;
};

struct AttributeDeclaration;

struct TypeDeclaration {
  enum class Kind : std::uint8_t {
    boolean,
    integer,
    text,
    set,
    record,
    extension,         // by the name of the extension type
    entity,            // the name is that of an entity type,
    common,            // that of a common type,
    entity_or_common,  // or either: a common type comes first
  };

  Kind kind = Kind::record;
  SchemaPlace place{};
  std::string name{};
  std::vector<TypeDeclaration> element{};  // one, of a set
  std::vector<AttributeDeclaration> attributes;
};

struct AttributeDeclaration {
  std::string name;
  bool required = true;
  TypeDeclaration type;
};

// One declaration may give several names the same meaning.
struct EntityDeclaration {
  std::vector<NameReference> names;
  std::vector<NameReference> parents{};
  TypeDeclaration shape{};  // has to become a record
  std::optional<TypeDeclaration> tags{};
  std::vector<std::string> choices{};  // the only ids of an enumerated type; else empty
};

struct ActionReference {
  std::string type;  // empty: Action
  std::string id;
  SchemaPlace place;
};

struct ActionDeclaration {
  std::vector<NameReference> names;  // ids
  std::vector<ActionReference> parents{};
  std::vector<NameReference> principals{};
  std::vector<NameReference> resources{};
  TypeDeclaration context{};  // has to become a record
};

struct CommonTypeDeclaration {
  NameReference name;
  TypeDeclaration type{};
};

struct NamespaceDeclaration {
  std::string name{};  // empty: the empty namespace
  SchemaPlace place{};
  std::vector<EntityDeclaration> entities{};
  std::vector<ActionDeclaration> actions{};
  std::vector<CommonTypeDeclaration> common_types{};
};

using SchemaFragment = std::vector<NamespaceDeclaration>;

// In Cedar's schema syntax (docs of Cedar: "entity User in [Group] { name: String };").
Result<SchemaFragment> parse_schema_text(std::string_view text);

// In Cedar's JSON schema format.
Result<SchemaFragment> parse_schema_json(std::string_view json);

}  // namespace wenyuan::auth::cedar
