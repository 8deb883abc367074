// What is known to be there: attributes and tags that `has` and `hasTag` have found.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <iterator>
#include <vector>

namespace wenyuan::auth::cedar {

// Numbers of shapes: the attribute (or tag) `what` of the expression `on` is there.
struct Capability {
  int on = 0;
  int what = 0;
  bool is_tag = false;
  auto operator<=>(const Capability&) const = default;
};

class Capabilities {
 public:
  Capabilities() = default;
  explicit Capabilities(Capability only) : sorted_{only} {}

  std::size_t size() const { return sorted_.size(); }
  bool contains(Capability one) const {
    return std::binary_search(sorted_.begin(), sorted_.end(), one);
  }

  friend Capabilities both(const Capabilities& left, const Capabilities& right) {
    Capabilities made;
    std::set_union(left.sorted_.begin(), left.sorted_.end(), right.sorted_.begin(),
                   right.sorted_.end(), std::back_inserter(made.sorted_));
    return made;
  }
  friend Capabilities common(const Capabilities& left, const Capabilities& right) {
    Capabilities made;
    std::set_intersection(left.sorted_.begin(), left.sorted_.end(), right.sorted_.begin(),
                          right.sorted_.end(), std::back_inserter(made.sorted_));
    return made;
  }

 private:
  std::vector<Capability> sorted_;
};

}  // namespace wenyuan::auth::cedar
