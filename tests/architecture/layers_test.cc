// Fails when a file in src/ includes something that layers.txt does not allow.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/paths.h"

namespace wenyuan {
namespace {

namespace fs = std::filesystem;

struct Layers {
  std::map<std::string, std::set<std::string>> folders;    // folder -> folders it may include
  std::map<std::string, std::set<std::string>> libraries;  // header prefix -> folders that may
};

Layers read_layers(std::istream& file) {
  Layers layers;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    const std::string name = line.substr(0, colon);
    std::istringstream words(line.substr(colon + 1));
    std::set<std::string> allowed;
    for (std::string word; words >> word;) {
      EXPECT_TRUE(layers.folders.contains(word))
          << "layers.txt: " << name << " names " << word << ", which is not on a line above it";
      allowed.insert(word);
    }
    (name.starts_with('<') ? layers.libraries : layers.folders)[name] = allowed;
  }
  return layers;
}

// Empty when `folder` may include `header`, which is written as in the source: "x.h" or <x.h>.
std::string complaint(const Layers& layers, const std::string& folder, const std::string& header) {
  if (header.starts_with('<')) {
    for (const auto& [prefix, allowed] : layers.libraries) {
      if (header.starts_with(prefix) && !allowed.contains(folder)) return "not its library";
    }
    return "";
  }
  const std::string target = header.substr(1, header.find('/') - 1);
  if (target == folder || layers.folders.at(folder).contains(target)) return "";
  return layers.folders.contains(target) ? "against the layers" : "no such folder";
}

bool is_source(const fs::path& path) {
  return path.extension() == ".cc" || path.extension() == ".h" || path.extension() == ".cu";
}

std::vector<std::string> complaints(const Layers& layers, const fs::path& src) {
  static const std::regex include(R"(^\s*#\s*include\s*(["<][^">]+[">]))");
  std::vector<std::string> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(src)) {
    if (!entry.is_regular_file() || !is_source(entry.path())) continue;
    const std::string path = fs::relative(entry.path(), src).string();
    const std::string folder = path.substr(0, path.find('/'));
    if (!layers.folders.contains(folder)) {
      found.push_back(path + ": its folder is not in layers.txt");
      continue;
    }
    std::ifstream file(entry.path());
    int line_number = 0;
    for (std::string line; std::getline(file, line);) {
      ++line_number;
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const std::string why = complaint(layers, folder, match[1]);
      if (why.empty()) continue;
      found.push_back(path + ":" + std::to_string(line_number) + ": " + match[1].str() + " is " +
                      why);
    }
  }
  return found;
}

TEST(Layers, EveryIncludeIsAllowedByLayersTxt) {
  std::ifstream file(project_dir() / "tests/architecture/layers.txt");
  const Layers layers = read_layers(file);
  ASSERT_FALSE(layers.folders.empty());
  for (const std::string& each : complaints(layers, project_dir() / "src")) ADD_FAILURE() << each;
}

TEST(Layers, TheTestItselfSeesAForbiddenInclude) {
  std::istringstream text("base:\nstore: base\n\n<sqlite3.h>: store\n");
  const Layers layers = read_layers(text);
  EXPECT_EQ(complaint(layers, "store", "\"base/error.h\""), "");
  EXPECT_EQ(complaint(layers, "base", "\"store/statement.h\""), "against the layers");
  EXPECT_EQ(complaint(layers, "base", "<sqlite3.h>"), "not its library");
  EXPECT_EQ(complaint(layers, "base", "<string>"), "");
}

}  // namespace
}  // namespace wenyuan
