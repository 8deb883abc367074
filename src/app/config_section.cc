#include "app/config_section.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"

namespace wenyuan::app {

namespace fs = std::filesystem;

Error Section::bad(const std::string& what) const {
  return {ErrorCode::invalid_argument, where_ + ": " + what};
}

Status Section::read(const std::string& key, std::vector<std::string>& target) {
  known_.push_back(key);
  const toml::node* node = table_.get(key);
  if (node == nullptr) return Done{};
  const Error wrong = bad(key + " must be a list of texts");
  if (!node->is_array()) return wrong;
  target.clear();
  for (const toml::node& item : *node->as_array()) {
    const auto text = item.value<std::string>();
    if (!text) return wrong;
    target.push_back(*text);
  }
  return Done{};
}

Result<std::vector<std::pair<std::string, std::string>>> Section::pairs(const std::string& key) {
  known_.push_back(key);
  std::vector<std::pair<std::string, std::string>> found;
  const toml::node* node = table_.get(key);
  if (node == nullptr) return found;
  const Error wrong = bad(key + " must be a table of texts");
  if (!node->is_table()) return wrong;
  for (const auto& [name, value] : *node->as_table()) {
    const auto text = value.value<std::string>();
    if (!text) return wrong;
    found.emplace_back(std::string(name.str()), *text);
  }
  return found;
}

Result<std::string> Section::secret(const std::string& key) {
  std::string name;
  WY_RETURN_IF_ERROR(read(key, name));
  if (name.empty()) return std::string();
  std::error_code failed;
  const fs::perms all = fs::status(name, failed).permissions();
  if (!failed && (all & fs::perms::others_read) != fs::perms::none) {
    return bad("everybody may read " + name);
  }
  auto content = read_file(name, std::size_t{1} << 20);
  if (!content) return within(where_ + ": " + key, content.error());
  return std::string(trim(*content));
}

Status Section::no_unknown() const {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::ranges::find(known_, name) != known_.end()) continue;
    return bad("there is no setting called " + name);
  }
  return Done{};
}

}  // namespace wenyuan::app
