#include "auth/cedar/entities.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace wenyuan::auth::cedar {
namespace {

Error about(const EntityUid& uid, std::string_view problem) {
  std::string message = to_text(uid);
  message += problem;
  return {ErrorCode::invalid_argument, std::move(message)};
}

bool same_contents(const Entity& a, const Entity& b) {
  if (Value(a.attributes) != Value(b.attributes) || Value(a.tags) != Value(b.tags)) return false;
  std::vector<EntityUid> left = a.parents;
  std::vector<EntityUid> right = b.parents;
  for (auto* parents : {&left, &right}) {
    std::sort(parents->begin(), parents->end());
    parents->erase(std::unique(parents->begin(), parents->end()), parents->end());
  }
  return left == right;
}

// All ancestors of every entity, parents first. `parents` has one list for each entity; numbers
// from parents.size() on are entities that are not in the store and have no parents of their own.
class Closure {
 public:
  using Number = std::uint32_t;

  explicit Closure(const std::vector<std::vector<Number>>& parents)
      : parents_(parents), states_(parents.size()), ancestors_(parents.size()) {}

  // False where it stopped early. Without recursion, as a hierarchy may be as deep as it likes.
  bool run() {
    for (Number start = 0; start < parents_.size(); ++start) {
      if (states_[start] != State::done && !visit(start)) return false;
    }
    return true;
  }

  // An entity that is its own ancestor; nothing when it stopped because there were too many.
  std::optional<Number> on_cycle() const { return on_cycle_; }

  std::vector<std::vector<Number>> take() { return std::move(ancestors_); }

 private:
  enum class State : std::uint8_t { fresh, open, done };

  bool visit(Number start) {
    std::vector<std::pair<Number, std::size_t>> path = {{start, 0}};  // with the next parent
    states_[start] = State::open;
    while (!path.empty()) {
      auto& [child, next] = path.back();
      if (next == parents_[child].size()) {
        finish(child);
        if (count_ > kAncestorCountMax) return false;
        path.pop_back();
        continue;
      }
      const Number parent = parents_[child][next++];
      if (parent >= parents_.size() || states_[parent] == State::done) continue;
      if (states_[parent] == State::open) {
        on_cycle_ = parent;
        return false;
      }
      states_[parent] = State::open;
      path.emplace_back(parent, 0);
    }
    return true;
  }

  void finish(Number child) {
    std::vector<Number>& all = ancestors_[child];
    for (const Number parent : parents_[child]) {
      all.push_back(parent);
      if (parent < parents_.size()) {
        all.insert(all.end(), ancestors_[parent].begin(), ancestors_[parent].end());
      }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    all.shrink_to_fit();
    count_ += all.size();
    states_[child] = State::done;
  }

  const std::vector<std::vector<Number>>& parents_;
  std::vector<State> states_;
  std::vector<std::vector<Number>> ancestors_;
  std::size_t count_ = 0;
  std::optional<Number> on_cycle_;
};

}  // namespace

Result<Entities> Entities::make(std::vector<Entity> entities) {
  Entities made;
  made.entities_.reserve(entities.size());
  for (Entity& entity : entities) {
    const auto number = static_cast<Number>(made.entities_.size());
    const auto [place, is_new] = made.numbers_.emplace(entity.uid, number);
    if (is_new) {
      made.entities_.push_back(std::move(entity));
    } else if (!same_contents(entity, made.entities_[place->second])) {
      return about(entity.uid, " is there twice, with different contents");
    }
  }
  std::vector<std::vector<Number>> parents(made.entities_.size());
  for (std::size_t i = 0; i < made.entities_.size(); ++i) {
    for (const EntityUid& parent : made.entities_[i].parents) {
      const auto next = static_cast<Number>(made.numbers_.size());
      const auto [place, is_new] = made.numbers_.emplace(parent, next);
      if (is_new) made.outside_.push_back(parent);
      parents[i].push_back(place->second);
    }
  }
  Closure closure(parents);
  if (!closure.run()) {
    const auto on_cycle = closure.on_cycle();
    if (on_cycle) return about(made.entities_[*on_cycle].uid, " is its own ancestor");
    return Error{ErrorCode::too_large, "the entities have too many ancestors"};
  }
  made.ancestors_ = closure.take();
  return made;
}

const Entity* Entities::find(const EntityUid& uid) const {
  const auto found = numbers_.find(uid);
  if (found == numbers_.end() || found->second >= entities_.size()) return nullptr;
  return &entities_[found->second];
}

bool Entities::is_in(const EntityUid& uid, const EntityUid& ancestor) const {
  if (uid == ancestor) return true;
  const auto below = numbers_.find(uid);
  if (below == numbers_.end() || below->second >= entities_.size()) return false;
  const auto above = numbers_.find(ancestor);
  if (above == numbers_.end()) return false;
  const std::vector<Number>& all = ancestors_[below->second];
  return std::binary_search(all.begin(), all.end(), above->second);
}

std::vector<EntityUid> Entities::ancestors(const EntityUid& uid) const {
  std::vector<EntityUid> found;
  each_ancestor(uid, [&found](const EntityUid& each) { found.push_back(each); });
  return found;
}

bool Entities::is_under_outsider(const EntityUid& uid) const {
  const auto below = numbers_.find(uid);
  if (below == numbers_.end() || below->second >= entities_.size()) return false;
  const std::vector<Number>& all = ancestors_[below->second];
  return !all.empty() && all.back() >= entities_.size();
}

}  // namespace wenyuan::auth::cedar
