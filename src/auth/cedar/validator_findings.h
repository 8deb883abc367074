// Collects what is wrong with one policy, each thing once.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "auth/cedar/validator.h"

namespace wenyuan::auth::cedar {

class Findings {
 public:
  // The policy must outlive the findings.
  Findings(const Policy& policy, std::vector<ValidationFinding>& errors)
      : policy_(policy), errors_(errors) {}

  // The same thing is found again for each kind of request, and said once.
  void add(const Span& span, std::string message) {
    add(span, std::move(message), [] { return std::string(); });
  }
  // `guess` makes what is put behind the message, for the first findings only: it may be slow.
  template <class Guess>
  void add(const Span& span, std::string message, const Guess& guess) {
    if (errors_.size() >= kErrorCountMax) return;
    if (!said_.emplace(span.begin, span.end, message).second) return;
    if (said_.size() <= kGuessCountMax) message.append(guess());
    errors_.push_back({policy_.id, span, std::move(message)});
  }
  const Policy& policy() const { return policy_; }

 private:
  static constexpr std::size_t kErrorCountMax = 1000;
  static constexpr std::size_t kGuessCountMax = 50;

  const Policy& policy_;
  std::vector<ValidationFinding>& errors_;
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::string>> said_;
};

}  // namespace wenyuan::auth::cedar
