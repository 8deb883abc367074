#include "auth/cedar/validator_suggestion.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace wenyuan::auth::cedar {
namespace {

// Names longer than this, and more names than that, are not compared: a guess is not worth it.
constexpr std::size_t kNameSizeMax = 64;
constexpr std::size_t kNameCountMax = 2000;

// How many letters have to be changed, added or left out (Levenshtein).
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t changed = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

class Guess {
 public:
  explicit Guess(std::string_view name)
      : name_(name), best_(std::min<std::size_t>(3, name.size() / 2)) {}

  void consider(std::string_view candidate) {
    if (++count_ > kNameCountMax || name_.size() > kNameSizeMax) return;
    if (candidate.size() > kNameSizeMax) return;
    const std::size_t found = distance(name_, candidate);
    if (found > best_ || (found == best_ && !chosen_.empty())) return;
    best_ = found;
    chosen_ = candidate;
  }
  std::string_view chosen() const { return chosen_; }

 private:
  std::string_view name_;
  std::size_t best_;
  std::size_t count_ = 0;
  std::string_view chosen_;
};

std::string asked(std::string_view name) {
  if (name.empty()) return "";
  std::string text = "; did you mean `";
  return text.append(name).append("`?");
}

}  // namespace

std::string suggestion(std::string_view name, const Schema::EntityTypes& types) {
  Guess guess(name);
  for (const auto& [each, type] : types) guess.consider(each);
  return asked(guess.chosen());
}

std::string suggestion(std::string_view name, const AttributeTypes& attributes) {
  Guess guess(name);
  for (const auto& [each, type] : attributes) guess.consider(each);
  return asked(guess.chosen());
}

std::string suggested_action(const EntityUid& uid, const Schema& schema) {
  Guess guess(uid.id);
  for (const auto& [each, action] : schema.actions()) guess.consider(each.id);
  for (const auto& [each, action] : schema.actions()) {
    if (each.id == guess.chosen()) return asked(to_text(each));
  }
  return "";
}

}  // namespace wenyuan::auth::cedar
