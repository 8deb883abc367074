// Remembers what was decided for principals at one epoch, up to a size.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/principal.h"
#include "base/permit.h"

namespace wenyuan::auth {

// What one principal may do one action on. All sorted.
struct Decided {
  std::vector<LabelId> labels;
  std::vector<std::string> collections;  // by their own attributes
  std::vector<std::string> visible;      // these, and those with a permitted label
};

// Everything about a principal that a decision can depend on, and the action, in a form that no two
// different ones share.
std::string fingerprint(const Principal& principal, Action action);

// Thread-safe. Holds one epoch, the newest that it was given something for: nothing older can be
// asked for by a new request. The least recently used go first when it is full.
class DecisionCache {
 public:
  explicit DecisionCache(std::size_t size_max) : size_max_(size_max) {}

  // Null when it is not known.
  std::shared_ptr<const Decided> find(Epoch epoch, const std::string& fingerprint);
  void insert(Epoch epoch, const std::string& fingerprint, std::shared_ptr<const Decided> decided);

 private:
  struct Entry {
    std::string fingerprint;
    std::shared_ptr<const Decided> decided;
    std::size_t size = 0;
  };

  std::mutex mutex_;
  const std::size_t size_max_;  // bytes, about
  // The rest is guarded by mutex_.
  Epoch epoch_ = 0;
  std::size_t size_ = 0;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace wenyuan::auth
