// One table of the settings, which remembers what was read, so that the rest can be called unknown.
#pragma once

#include <toml++/toml.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace wenyuan::app {

// Every error names `where` and the setting; all are invalid_argument, except those of a file. What
// is absent leaves its target as it is.
class Section {
 public:
  Section(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  template <class T>
  Status read(const std::string& key, T& target) {
    known_.push_back(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return Done{};
    const auto value = node->value<T>();
    if (!value) return bad(key + " has the wrong type");
    target = *value;
    return Done{};
  }
  Status read(const std::string& key, std::vector<std::string>& target);
  // A table of texts: { claim = "attribute" }.
  Result<std::vector<std::pair<std::string, std::string>>> pairs(const std::string& key);
  // The content of a file that the owner alone can read; empty when the setting is absent.
  Result<std::string> secret(const std::string& key);
  Status no_unknown() const;

  Error bad(const std::string& what) const;
  const std::string& where() const { return where_; }

 private:
  const toml::table& table_;
  std::string where_;
  std::vector<std::string> known_;
};

}  // namespace wenyuan::app
