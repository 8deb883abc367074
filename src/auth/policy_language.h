// Reads the texts of policies: Cedar, or the short form, into the same tree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/attribute_kinds.h"
#include "auth/cedar/ast.h"
#include "auth/cedar/policy_set.h"
#include "auth/cedar/schema.h"
#include "base/result.h"
#include "store/content_store.h"

namespace wenyuan::auth {

// What was read, or why not; then the effect is that which an unreadable policy has.
struct PolicyText {
  std::optional<cedar::Policy> policy;
  cedar::Effect effect = cedar::Effect::forbid;
  std::string error;
  // Decides nothing by itself, readable or not: only what its links make of it does.
  bool is_template = false;

  // "principal", "resource", "principal resource"; "" when it is not a template that can be read.
  std::string slots() const;
};

// Whether it is to be read as Cedar rather than as the short form.
bool is_cedar(std::string_view text);

// What a link makes of a template that stood the check when it was linked. Of one that cannot be
// read any more it is a policy that cannot be read.
PolicyText fill_slots(const PolicyText& base, const cedar::SlotValues& values);

// Never changes: any number of threads may use one.
//
// Cedar (text that begins with permit, forbid or an annotation) is checked against the schema of
// cedar/schema_wenyuan.h, strictly. The short form (policy/parser.h) may read an attribute without
// asking first whether it is there; where it is not, an allow gives nothing and a deny denies.
class PolicyLanguage {
 public:
  explicit PolicyLanguage(store::AccessAttributes access);
  explicit PolicyLanguage(AttributeKinds kinds);

  // For a schema's text as a server shows it: checks what can be checked without one.
  static Result<PolicyLanguage> of_schema(std::string_view schema_text);

  const AttributeKinds& kinds() const { return kinds_; }
  const store::AccessAttributes& access() const { return kinds_.access(); }  // sorted
  // The schema's text; empty when the attributes' names allow none.
  const std::string& schema_text() const { return schema_text_; }

  // One policy or template. Errors say line, column and what was expected.
  PolicyText read(std::string_view text) const;
  // Whether these values fill the slots of this template, and the policy that comes of it can be
  // meant; invalid_argument says why not.
  Status check_link(const PolicyText& base, const cedar::SlotValues& values) const;

 private:
  PolicyText read_cedar(std::string_view text) const;
  PolicyText read_short(std::string_view text) const;

  AttributeKinds kinds_;
  std::string schema_text_;
  std::optional<cedar::Schema> schema_;
  std::string schema_error_;
};

}  // namespace wenyuan::auth
