// Decides for many resources what one principal may do: all but the resource is evaluated once.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/entities.h"
#include "auth/cedar/operation.h"
#include "auth/cedar/policy_set.h"
#include "auth/cedar/residual_graph.h"
#include "auth/cedar/value.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

// What is known before there is a resource. The entities need not have the resource; if they do,
// they must have all about it.
struct PartialRequest {
  EntityUid principal;
  EntityUid action;
  Record context;
};

// What is left of a set of policies. Never changes, so any number of threads may use it. The
// policies and the entities must outlive it.
class Residual {
 public:
  Residual(const PolicySet& policies, PartialRequest request, const Entities& known,
           ErrorRule rule = ErrorRule::forbid_denies);

  // Policies whose outcome depends on the resource.
  std::size_t open_policy_count() const { return open_forbids_.size() + open_permits_.size(); }
  // Nothing when it takes the resource to tell.
  std::optional<Decision> settled() const;

 private:
  friend class ResourceDecider;

  enum class Outcome : std::uint8_t { fails, holds, holds_not, open };

  const PolicySet& policies_;
  PartialRequest request_;
  const Entities& known_;
  ErrorRule rule_;
  ResidualGraph graph_;
  std::vector<Outcome> outcomes_;                    // of every policy
  std::vector<NodeId> roots_;                        // of the open ones; others have no meaning
  std::vector<NodeId> open_forbids_, open_permits_;  // roots, each once
  bool is_forbidden_ = false;                        // whatever the resource is
  bool is_permitted_ = false;
};

// Evaluates a residual for one resource after another. Not thread-safe: one for each thread. The
// residual must outlive it.
class ResourceDecider {
 public:
  explicit ResourceDecider(const Residual& residual);

  // The same as authorize() with the resource among the entities, but not why. Refuses a resource
  // that would be its own ancestor.
  Result<Decision> decide(const Entity& resource);
  // The same, with the reasons and the errors.
  Result<Response> explain(const Entity& resource);

 private:
  enum class State : std::uint8_t { is_false, is_true, value, failure };
  struct Slot {
    std::uint32_t stamp = 0;  // of the resource that it was filled for
    State state = State::failure;
    const Value* value = nullptr;
  };

  Status begin(const Entity& resource);
  void note_ancestor(const EntityUid& uid);
  bool allows();
  State state_of(NodeId id);
  State evaluate(NodeId id, const Node& node);
  State chain(const Node& node, State settles);
  State operation(NodeId id, const Node& node);
  State borrow(NodeId id, const Value* value);
  const Value* value_of(NodeId id);
  std::string message_of(const Policy& policy) const;

  const Residual& residual_;
  const ResidualGraph& graph_;
  std::vector<Slot> slots_;
  std::uint32_t stamp_ = 0;
  std::deque<Value> made_;            // for this resource
  std::vector<char> is_under_;        // by the numbers of graph_.ancestors()
  std::vector<EntityUid> ancestors_;  // sorted; only when operations ask for them
  const Entity* resource_ = nullptr;
  Value uid_, true_, false_;
};

}  // namespace wenyuan::auth::cedar
