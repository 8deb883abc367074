// What one decision over all labels costs: policies × labels, from nothing to a decision for each.
//
//   cedar_partial [policies] [labels] [--json FILE]
//
// With --json, writes the policies, entities and requests for another engine to decide.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "auth/cedar/entities_json.h"
#include "auth/cedar/parser.h"
#include "auth/cedar/partial.h"

namespace {

using namespace wenyuan;               // NOLINT: a program of one file
using namespace wenyuan::auth::cedar;  // NOLINT
using Clock = std::chrono::steady_clock;

constexpr std::size_t kDepartments = 20;
constexpr std::size_t kProjects = 50;
constexpr std::size_t kGroups = 100;

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

std::string numbered(const char* name, std::size_t number) { return name + std::to_string(number); }

// By group and collection, by department and clearance, by project, with some that forbid. As a
// company might write them, one of three is about a group that the principal is not in, and many
// are equal but for the group; at worst all are about groups of the principal and no two are equal.
enum class Mix { company, worst };

std::string policies(std::size_t count, Mix mix) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_worst = mix == Mix::worst;
    const bool is_others = !is_worst && i % 3 == 0;
    const std::string group = numbered("g", (is_others ? kGroups / 2 : 0) + i % 50);
    const std::string department = numbered("d", is_worst ? i : i % kDepartments);
    const std::string project = numbered("p", is_worst ? i : i % kProjects);
    const std::string head = "(principal in Group::\"" + group + "\", action == Action::\"read\", ";
    switch (i % 5) {
      case 0:
        text += "permit" + head + "resource in Collection::\"" +
                numbered("c", is_worst ? i : i % 200) + "\");\n";
        break;
      case 1:
        text += "permit" + head + "resource) when { resource.department == \"" + department +
                "\" && resource.sensitivity <= " + std::to_string(i % 4) + " };\n";
        break;
      case 2:
        text += "permit" + head + "resource) when { resource.projects.contains(\"" + project +
                "\") && principal.clearance >= resource.sensitivity };\n";
        break;
      case 3:
        text += "forbid" + head + "resource) when { resource has region && resource.region == \"" +
                numbered("r", i) + "\" } unless { principal.clearance > 2 };\n";
        break;
      default:
        text += "permit" + head +
                "resource) when { resource.owner == principal || "
                "(resource.department == principal.department && resource.sensitivity < " +
                std::to_string(is_worst ? -static_cast<int>(i) : static_cast<int>(i % 3)) +
                ") };\n";
    }
  }
  return text;
}

std::vector<Entity> known_entities() {
  std::vector<Entity> all;
  Entity user;
  user.uid = {"User", "u"};
  user.attributes =
      Record({{"clearance", Value(std::int64_t{2})}, {"department", Value(std::string("d3"))}});
  for (std::size_t i = 0; i < kGroups / 2; ++i) user.parents.push_back({"Group", numbered("g", i)});
  all.push_back(user);
  for (std::size_t i = 0; i < 200; ++i) {
    Entity collection;
    collection.uid = {"Collection", numbered("c", i)};
    if (i >= 20) collection.parents.push_back({"Collection", numbered("c", i / 10)});
    all.push_back(collection);
  }
  return all;
}

std::vector<Entity> labels(std::size_t count) {
  std::vector<Entity> all;
  for (std::size_t i = 0; i < count; ++i) {
    Entity label;
    label.uid = {"Document", numbered("label", i)};
    std::vector<Record::Attribute> attributes = {
        {"department", Value(numbered("d", i % (kDepartments + 5)))},
        {"sensitivity", Value(static_cast<std::int64_t>(i % 4))},
        {"owner", Value(EntityUid{"User", numbered("owner", i)})},
        {"projects", Value(Set({Value(numbered("p", i % kProjects)), Value(numbered("q", i))}))}};
    if (i % 2 == 0) attributes.emplace_back("region", Value(numbered("r", i)));
    label.attributes = Record(std::move(attributes));
    label.parents = {{"Collection", numbered("c", 20 + i % 180)}};
    all.push_back(std::move(label));
  }
  return all;
}

void write_json(const std::string& path, const std::string& text, std::vector<Entity> entities,
                const std::vector<Entity>& resources, const std::vector<bool>& allowed) {
  entities.insert(entities.end(), resources.begin(), resources.end());
  nlohmann::json object = {{"policies", text},
                           {"entities", nlohmann::json::parse(to_json(entities))},
                           {"principal", "User::\"u\""},
                           {"action", "Action::\"read\""}};
  for (std::size_t i = 0; i < resources.size(); ++i) {
    object["resources"].push_back(to_text(resources[i].uid));
    object["allowed"].push_back(static_cast<bool>(allowed[i]));
  }
  std::ofstream(path) << object;
}

struct Measured {
  std::size_t open = 0;
  double parse_ms = 0, residual_ms = 1e9, all_ms = 1e9;
  std::vector<bool> allowed;
};

Measured measure(const std::string& text, const std::vector<Entity>& known,
                 const std::vector<Entity>& resources) {
  Measured measured;
  const auto start = Clock::now();
  const auto set = parse_policies(text);
  measured.parse_ms = milliseconds(Clock::now() - start);
  const auto entities = Entities::make(known);
  if (!set || !entities) return measured;
  for (int round = 0; round < 10; ++round) {
    measured.allowed.clear();
    const auto before = Clock::now();
    const Residual residual(*set, {{"User", "u"}, {"Action", "read"}, {}}, *entities);
    const auto built = Clock::now();
    ResourceDecider decider(residual);
    for (const Entity& resource : resources) {
      const auto decision = decider.decide(resource);
      measured.allowed.push_back(decision && *decision == Decision::allow);
    }
    measured.residual_ms = std::min(measured.residual_ms, milliseconds(built - before));
    measured.all_ms = std::min(measured.all_ms, milliseconds(Clock::now() - before));
    measured.open = residual.open_policy_count();
  }
  return measured;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  const std::size_t policy_count = !words.empty() ? std::stoul(words[0]) : 1000;
  const std::size_t label_count = words.size() > 1 ? std::stoul(words[1]) : 1000;
  const std::vector<Entity> known = known_entities();
  const std::vector<Entity> resources = labels(label_count);
  for (const Mix mix : {Mix::worst, Mix::company}) {
    const std::string text = policies(policy_count, mix);
    const Measured measured = measure(text, known, resources);
    const auto allowed = std::count(measured.allowed.begin(), measured.allowed.end(), true);
    std::printf(
        "%s: %zu policies (%zu distinct left open), %zu labels (%td allowed): parsed in %.1f ms, "
        "residual in %.2f ms, residual and all decisions in %.2f ms\n",
        mix == Mix::worst ? "worst" : "company", policy_count, measured.open, label_count, allowed,
        measured.parse_ms, measured.residual_ms, measured.all_ms);
    if (mix == Mix::company && words.size() > 3 && words[2] == "--json") {
      write_json(words[3], text, known, resources, measured.allowed);
    }
  }
  return 0;
}
