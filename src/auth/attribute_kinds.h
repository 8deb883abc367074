// Of what kind each attribute of users and documents is, and what that makes of its values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/schema_wenyuan.h"
#include "auth/cedar/value.h"
#include "base/attributes.h"
#include "base/result.h"
#include "store/content_store.h"

namespace wenyuan::auth {

// Of a user, or of a document or a collection.
enum class AttributeOwner { user, resource };

// Never changes: any number of threads may use one.
class AttributeKinds {
 public:
  using Levels = std::vector<std::string>;  // from the lowest to the highest

  // As names say: `sensitivity` and `clearance` are levels (policy/levels.h), all others texts to
  // Cedar, and what they are given as to the short form. Nothing is refused.
  static AttributeKinds guessed(store::AccessAttributes access);
  // As an owner says. invalid_argument names what is wrong.
  static Result<AttributeKinds> declared(cedar::SchemaAttributes attributes);

  const store::AccessAttributes& access() const { return access_; }  // of resources; sorted
  const cedar::SchemaAttributes& attributes() const { return attributes_; }

  // Refuses values that are not of the kind that was declared for them; attributes that were not
  // declared may be anything, as no policy can ask for them.
  Status check(AttributeOwner owner, const Attributes& values) const;
  // What policies see. A value that is not of its kind stays what it is, so that a policy about it
  // fails: then a permit gives nothing and a forbid denies.
  cedar::Value value(AttributeOwner owner, const std::string& name,
                     const AttributeValue& value) const;

  // The levels of this attribute; null when it is none.
  const Levels* levels(AttributeOwner owner, std::string_view name) const;
  // Those of all attributes with levels when they are the same; else null.
  const Levels* common_levels() const { return common_ ? &*common_ : nullptr; }

 private:
  const cedar::DeclaredAttribute* find(AttributeOwner owner, std::string_view name) const;

  bool is_guessed_ = true;
  store::AccessAttributes access_;
  cedar::SchemaAttributes attributes_;
  std::optional<Levels> common_;
};

// Its place among the levels; nothing for a text that is none of them.
std::optional<std::int64_t> level_number(const AttributeKinds::Levels& levels,
                                         std::string_view text);

}  // namespace wenyuan::auth
