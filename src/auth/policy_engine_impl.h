// What the files of PolicyEngine share.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "auth/access_state.h"
#include "auth/cedar/value.h"
#include "auth/decision_cache.h"
#include "auth/policy_engine.h"
#include "auth/policy_language.h"
#include "base/clock.h"

namespace wenyuan::auth {

struct PolicyEngine::Impl {
  Impl(AttributeKinds kinds, const Clock* given)
      : language(std::move(kinds)), clock(given == nullptr ? system_clock : *given) {}

  cedar::Record context_of(const Principal& principal) const;

  // Null before anything was decided.
  std::shared_ptr<const AccessState> newest() const {
    const std::lock_guard lock(state_mutex);
    return state;
  }

  // All that decisions look at, as this snapshot has it.
  Result<std::shared_ptr<const AccessState>> state_of(store::Snapshot& snapshot);
  Result<std::shared_ptr<const AccessState>> state_of(store::Snapshot& snapshot, Epoch epoch,
                                                      bool remember);
  // Of a collection, or of a document; not_found when there is neither.
  static Result<Label> label_of(store::Snapshot& snapshot, const AccessState& state,
                                const std::string& resource_id);
  Result<std::shared_ptr<const Decided>> decided(store::Snapshot& snapshot, Epoch epoch,
                                                 const Principal& principal, Action action);

  // What a request under break-glass reads; never remembered, as it ends by the clock.
  Result<std::shared_ptr<const Decided>> decided_under_break_glass(store::Snapshot& snapshot,
                                                                   Epoch epoch,
                                                                   const Principal& principal,
                                                                   Action action);

  const PolicyLanguage language;
  const SystemClock system_clock;
  const Clock& clock;
  DecisionCache cache{std::size_t{64} << 20};
  std::mutex load_mutex;  // one thread loads a new epoch, others wait for it
  mutable std::mutex state_mutex;
  std::shared_ptr<const AccessState> state;  // guarded by state_mutex
};

}  // namespace wenyuan::auth
