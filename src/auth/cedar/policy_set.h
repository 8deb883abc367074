// The policies that decide together, with the templates that some of them were made from.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/cedar/ast.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// The entities that fill the open slots of a template.
struct SlotValues {
  std::optional<EntityUid> principal;
  std::optional<EntityUid> resource;
};

// A policy that was made by filling the slots of a template.
struct Link {
  std::string id;  // of the policy that it made
  std::string template_id;
  SlotValues values;
};

// Ids are unique over policies and templates together. Pointers to policies hold until one is
// added.
class PolicySet {
 public:
  // Policies in the order of their adding; never templates.
  const std::vector<Policy>& policies() const { return policies_; }
  const std::vector<Policy>& templates() const { return templates_; }
  const std::vector<Link>& links() const { return links_; }

  const Policy* find(std::string_view id) const;           // null when there is none
  const Policy* find_template(std::string_view id) const;  // null when there is none

  // To the templates when it has an open slot. Refuses an id that is taken.
  Status add(Policy policy);
  // Adds the policy `id`: the template with its slots filled. Refuses a value for a slot that is
  // not there and a slot without a value.
  Status link(std::string_view template_id, std::string id, const SlotValues& values);

 private:
  struct Place {
    bool is_template = false;
    std::size_t at = 0;
  };

  std::vector<Policy> policies_;
  std::vector<Policy> templates_;
  std::vector<Link> links_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace wenyuan::auth::cedar
