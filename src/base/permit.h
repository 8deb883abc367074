// The proof that somebody may do something: the only key to content in store and index.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/document.h"

namespace wenyuan {

namespace auth {
class PolicyEngine;
}

// Raised in the transaction of every change of a policy, role, grant, user, collection or label.
using Epoch = std::int64_t;

enum class Action { read, write, manage };

// Move-only; only auth::PolicyEngine can make one. It says: this principal may do this action on
// content with these labels, as decided at this epoch. Store and index refuse it once the epoch has
// risen (conflict): ask for a new one and try again.
class Permit {
 public:
  Permit(Permit&&) = default;
  Permit& operator=(Permit&&) = default;
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;

  const std::string& principal_id() const { return principal_id_; }
  Action action() const { return action_; }
  Epoch epoch() const { return epoch_; }
  // Sorted ascending.
  const std::vector<LabelId>& labels() const { return labels_; }
  bool covers(LabelId label) const {
    return std::binary_search(labels_.begin(), labels_.end(), label);
  }
  // For action write and manage: the collections (ids sorted ascending) that may be written to,
  // including ones that hold no document yet.
  const std::vector<std::string>& collections() const { return collections_; }
  bool covers_collection(const std::string& id) const {
    return std::binary_search(collections_.begin(), collections_.end(), id);
  }

 private:
  friend class auth::PolicyEngine;
  Permit(std::string principal_id, Action action, Epoch epoch, std::vector<LabelId> labels,
         std::vector<std::string> collections)
      : principal_id_(std::move(principal_id)),
        action_(action),
        epoch_(epoch),
        labels_(std::move(labels)),
        collections_(std::move(collections)) {}

  std::string principal_id_;
  Action action_;
  Epoch epoch_;
  std::vector<LabelId> labels_;
  std::vector<std::string> collections_;
};

}  // namespace wenyuan
