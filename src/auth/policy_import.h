// Policies as files have them: all of what is stored, and what an import of such files would
// change.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "auth/cedar/policy_set.h"
#include "auth/policy_engine.h"
#include "auth/policy_language.h"

namespace wenyuan::auth {

// What is wrong with one policy of an import.
struct ImportProblem {
  std::size_t at = 0;  // in PolicyImport::policies
  std::string member;  // "name", "text", "links/3", …
  std::string message;
};

// By name, then by id; links in the order of what they say. The same for the same policies,
// whatever their ids and times are.
Result<std::vector<PolicyEntry>> export_policies(store::Snapshot& snapshot);

// Looks at every policy before it answers: the problems are those of all of them, and no plan with
// problems may be applied.
Result<PolicyPlan> plan_import(store::Snapshot& snapshot, const PolicyImport& import,
                               const PolicyLanguage& language,
                               std::vector<ImportProblem>& problems);

// All of it, with one raise of the epoch when there is something to change. The plan was made in
// this transaction.
Status apply_import(store::Transaction& tx, const PolicyPlan& plan, const PolicyLanguage& language,
                    UnixMillis now);

// The plan as a change that can be simulated.
std::vector<PolicyChange> changes_of(const PolicyPlan& plan);

}  // namespace wenyuan::auth
