// Reads the texts of policies: Cedar, or the short form, into the same tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/cedar/ast.h"
#include "auth/cedar/schema.h"
#include "base/result.h"
#include "store/content_store.h"

namespace wenyuan::auth {

// What was read, or why not; then the effect is that which an unreadable policy has.
struct PolicyText {
  std::optional<cedar::Policy> policy;
  cedar::Effect effect = cedar::Effect::forbid;
  std::string error;
};

// Never changes: any number of threads may use one.
//
// Cedar (text that begins with permit, forbid or an annotation) is checked against the schema of
// cedar/schema_wenyuan.h, strictly. The short form (policy/parser.h) may read an attribute without
// asking first whether it is there; where it is not, an allow gives nothing and a deny denies.
class PolicyLanguage {
 public:
  explicit PolicyLanguage(store::AccessAttributes access);

  const store::AccessAttributes& access() const { return access_; }  // sorted
  // The schema's text; empty when the attributes' names allow none.
  const std::string& schema_text() const { return schema_text_; }

  // One policy. Errors say line, column and what was expected.
  PolicyText read(std::string_view text) const;

 private:
  PolicyText read_cedar(std::string_view text) const;
  PolicyText read_short(std::string_view text) const;

  store::AccessAttributes access_;
  std::string schema_text_;
  std::optional<cedar::Schema> schema_;
  std::string schema_error_;
};

}  // namespace wenyuan::auth
