#include "auth/policy_import.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "auth/policy_store.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

using cedar::SlotValues;

bool before(const SlotValues& a, const SlotValues& b) {
  return std::tie(a.principal, a.resource) < std::tie(b.principal, b.resource);
}
bool same(const SlotValues& a, const SlotValues& b) {
  return a.principal == b.principal && a.resource == b.resource;
}

// Files end with a line feed or two more or less.
bool same_text(const std::string& a, const std::string& b) { return trim(a) == trim(b); }

// The links of a policy against those that it shall have.
void compare_links(const std::vector<PolicyLink>& present, const std::vector<SlotValues>& wanted,
                   PolicyStep& step) {
  for (const PolicyLink& link : present) {
    const bool stays =
        std::ranges::any_of(wanted, [&](const auto& one) { return same(one, link.values); });
    if (!stays) step.links_removed.push_back(link);
  }
  for (const SlotValues& values : wanted) {
    const bool is_there =
        std::ranges::any_of(present, [&](const auto& link) { return same(link.values, values); });
    if (!is_there) step.links_added.push_back(values);
  }
}

class Planner {
 public:
  Planner(store::Snapshot& snapshot, const PolicyLanguage& language,
          std::vector<ImportProblem>& problems)
      : snapshot_(snapshot), language_(language), problems_(problems) {}

  Result<PolicyPlan> plan(const PolicyImport& import) {
    WY_TRY(auto stored, policy_store::all(snapshot_));
    // By name and then by id already.
    for (Policy& policy : stored) by_name_[policy.name].push_back(std::move(policy));
    for (std::size_t at = 0; at < import.policies.size(); ++at) {
      WY_RETURN_IF_ERROR(take(at, import.policies[at]));
    }
    for (auto& [name, left] : by_name_) {
      for (std::size_t i = taken_[name]; i < left.size(); ++i) {
        PolicyStep step;
        step.kind = import.prune ? PolicyStep::Kind::remove : PolicyStep::Kind::leave;
        step.before = std::move(left[i]);
        plan_.steps.push_back(std::move(step));
      }
    }
    return std::move(plan_);
  }

 private:
  Status take(std::size_t at, const PolicyEntry& entry) {
    PolicyStep step;
    step.after = entry;
    std::vector<PolicyLink> links;
    const auto found = by_name_.find(entry.name);
    if (found != by_name_.end() && taken_[entry.name] < found->second.size()) {
      step.before = found->second[taken_[entry.name]++];
      WY_TRY(links, policy_links(snapshot_, step.before.id));
      step.text_changes = !same_text(entry.text, step.before.text);
      step.description_changes = entry.description != step.before.description;
    }
    if (entry.links) compare_links(links, *entry.links, step);
    WY_RETURN_IF_ERROR(check(at, entry, links));
    if (step.before.id.empty()) {
      step.kind = PolicyStep::Kind::add;
    } else if (step.text_changes || step.description_changes || !step.links_added.empty() ||
               !step.links_removed.empty()) {
      step.kind = PolicyStep::Kind::change;
    }
    plan_.steps.push_back(std::move(step));
    return Done{};
  }

  Status check(std::size_t at, const PolicyEntry& entry, const std::vector<PolicyLink>& present) {
    const auto complain = [&](std::string member, const Error& error) {
      problems_.push_back({at, std::move(member), error.message});
    };
    Policy as_policy;
    as_policy.name = entry.name;
    as_policy.text = entry.text;
    as_policy.description = entry.description;
    const auto read = policy_store::check(as_policy, language_);
    if (!read) {
      complain("", read.error());
      return Done{};
    }
    for (std::size_t i = 0; entry.links && i < entry.links->size(); ++i) {
      const SlotValues& values = (*entry.links)[i];
      Status fine = language_.check_link(*read, values);
      if (fine) fine = check_link_values(snapshot_, values);
      if (!fine && fine.error().code != ErrorCode::invalid_argument) return fine;
      if (!fine) complain("links/" + std::to_string(i), fine.error());
      const auto begin = entry.links->begin();
      const auto end = begin + static_cast<std::ptrdiff_t>(i);
      if (std::any_of(begin, end, [&](const auto& one) { return same(one, values); })) {
        complain("links/" + std::to_string(i),
                 {ErrorCode::invalid_argument, "the same link stands here twice"});
      }
    }
    for (const PolicyLink& link : present) {
      if (entry.links) break;
      if (const Status fits = language_.check_link(*read, link.values); !fits) {
        complain("text", within("it does not fit its link " + link.id, fits.error()));
      }
    }
    return Done{};
  }

  store::Snapshot& snapshot_;
  const PolicyLanguage& language_;
  std::vector<ImportProblem>& problems_;
  std::map<std::string, std::vector<Policy>> by_name_;
  std::map<std::string, std::size_t> taken_;
  PolicyPlan plan_;
};

Status add_links(store::Transaction& tx, const std::string& id,
                 const std::vector<SlotValues>& added, const PolicyText& read,
                 const PolicyLanguage& language, UnixMillis now) {
  for (const SlotValues& values : added) {
    const PolicyLink link{"", id, values, now};
    WY_RETURN_IF_ERROR(insert_policy_link(tx, link, read, language, now));
  }
  return Done{};
}

Status apply_step(store::Transaction& tx, const PolicyStep& step, const PolicyLanguage& language,
                  UnixMillis now) {
  Policy policy = step.before;
  policy.name = step.after.name;
  policy.description = step.after.description;
  // A text that differs by the end of its last line alone makes no new version.
  if (step.before.id.empty() || step.text_changes) policy.text = step.after.text;
  if (step.kind == PolicyStep::Kind::add) {
    WY_TRY(policy, policy_store::insert(tx, policy, language, now));
  } else {
    for (const PolicyLink& link : step.links_removed) {
      WY_RETURN_IF_ERROR(delete_policy_link(tx, link.policy_id, link.id));
    }
    if (step.text_changes || step.description_changes) {
      WY_TRY(policy, policy_store::change(tx, policy, language, now));
    }
  }
  if (step.links_added.empty()) return Done{};
  return add_links(tx, policy.id, step.links_added, language.read(policy.text), language, now);
}

}  // namespace

Result<std::vector<PolicyEntry>> export_policies(store::Snapshot& snapshot) {
  WY_TRY(const auto policies, policy_store::all(snapshot));
  WY_TRY(const auto links, policy_links(snapshot));
  std::vector<PolicyEntry> entries;
  for (const Policy& policy : policies) {
    PolicyEntry entry{policy.name, policy.text, policy.description};
    if (!policy.slots.empty()) entry.links.emplace();
    const auto first = std::ranges::lower_bound(links, policy.id, {}, &PolicyLink::policy_id);
    for (auto at = first; at != links.end() && at->policy_id == policy.id; ++at) {
      entry.links->push_back(at->values);
    }
    if (entry.links) std::ranges::sort(*entry.links, before);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Result<PolicyPlan> plan_import(store::Snapshot& snapshot, const PolicyImport& import,
                               const PolicyLanguage& language,
                               std::vector<ImportProblem>& problems) {
  return Planner(snapshot, language, problems).plan(import);
}

Status apply_import(store::Transaction& tx, const PolicyPlan& plan, const PolicyLanguage& language,
                    UnixMillis now) {
  using Kind = PolicyStep::Kind;
  // First what goes, so that what comes finds room.
  for (const PolicyStep& step : plan.steps) {
    if (step.kind == Kind::remove) WY_RETURN_IF_ERROR(policy_store::erase(tx, step.before.id));
  }
  for (const Kind kind : {Kind::change, Kind::add}) {
    for (const PolicyStep& step : plan.steps) {
      if (step.kind == kind) WY_RETURN_IF_ERROR(apply_step(tx, step, language, now));
    }
  }
  return plan.changes_something() ? tx.raise_epoch() : Status(Done{});
}

std::vector<PolicyChange> changes_of(const PolicyPlan& plan) {
  using Kind = PolicyChange::Kind;
  std::vector<PolicyChange> changes;
  for (std::size_t at = 0; at < plan.steps.size(); ++at) {
    const PolicyStep& step = plan.steps[at];
    std::string id = step.before.id;
    if (step.kind == PolicyStep::Kind::remove) changes.push_back({Kind::remove, id});
    if (step.kind != PolicyStep::Kind::add && step.kind != PolicyStep::Kind::change) continue;
    if (id.empty()) {
      id = "new " + std::to_string(at);
      changes.push_back({Kind::add, id, step.after.text});
    }
    for (const PolicyLink& link : step.links_removed) {
      changes.push_back({.kind = Kind::unlink, .id = id, .link_id = link.id});
    }
    if (step.text_changes) changes.push_back({Kind::replace, id, step.after.text});
    for (const SlotValues& values : step.links_added) {
      changes.push_back({.kind = Kind::link, .id = id, .values = values});
    }
  }
  return changes;
}

}  // namespace wenyuan::auth
