#include "auth/duties.h"

#include <algorithm>
#include <array>

namespace wenyuan::auth {
namespace {

struct Words {
  std::string_view name, description;
};

// By the number of the duty.
constexpr std::array<Words, kDutyCount> kWords{{
    {"audit.hold", "Hold audit records back from being retired or erased"},
    {"audit.read", "Read, prove and export the audit log, without what is personal in it"},
    {"audit.read_personal", "Read what is personal in the audit log: questions, answers, names"},
    {"backups.manage", "Make and ship backups, and see how far they are"},
    {"break_glass.approve", "Approve, refuse and end what others ask for under break-glass"},
    {"break_glass.read", "See all break-glass requests and accesses"},
    {"break_glass.request", "Ask for, and use, read access to somebody's personal collections"},
    {"collections.manage", "Make collections of the organization and set their attributes"},
    {"credentials.manage", "Others' keys, sessions, passwords, second factors and lockouts"},
    {"directory.read", "See users, groups and roles"},
    {"groups.manage", "Make, change and remove groups, and say who is in them"},
    {"master_key.rotate", "Put all keys of the store under another master key"},
    {"metrics.read", "Read the server's metrics from elsewhere"},
    {"policies.manage", "Make, change and remove policies"},
    {"policies.read", "Read policies, and ask who can see what"},
    {"quotas.manage", "See and set quotas"},
    {"roles.manage", "Make, change and remove roles"},
    {"users.manage", "Make, change and remove users, and give them roles"},
}};
static_assert(std::ranges::is_sorted(kWords, {}, &Words::name));

const Words& words_of(Duty duty) { return kWords[static_cast<std::size_t>(duty)]; }

}  // namespace

std::string_view name(Duty duty) { return words_of(duty).name; }
std::string_view description(Duty duty) { return words_of(duty).description; }

std::optional<Duty> duty(std::string_view name) {
  const auto found = std::lower_bound(
      kWords.begin(), kWords.end(), name,
      [](const Words& words, std::string_view wanted) { return words.name < wanted; });
  if (found == kWords.end() || found->name != name) return std::nullopt;
  return static_cast<Duty>(found - kWords.begin());
}

std::vector<std::string> DutySet::names() const {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < kDutyCount; ++at) {
    if (has(static_cast<Duty>(at))) found.emplace_back(kWords[at].name);
  }
  return found;
}

}  // namespace wenyuan::auth
