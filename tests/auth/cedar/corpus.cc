#include "tests/auth/cedar/corpus.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/paths.h"

namespace wenyuan::auth::cedar::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path data_root() { return project_dir() / ".." / "shared" / "data" / "cedar"; }

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> strings(const json& list) {
  std::set<std::string> found;
  for (const json& each : list) found.insert(each.get<std::string>());
  return found;
}

CorpusRequest request_of(const json& object) {
  CorpusRequest request;
  request.description = object.value("description", "");
  request.principal = object.at("principal").dump();
  request.action = object.at("action").dump();
  request.resource = object.at("resource").dump();
  request.context = object.at("context").dump();
  request.validate_request = object.value("validateRequest", true);
  request.allowed = object.at("decision") == "allow";
  request.reasons = strings(object.at("reason"));
  request.errors = strings(object.at("errors"));
  return request;
}

// `file` names the others by their places under `root`.
CorpusCase case_of(const fs::path& root, const fs::path& file) {
  const json object = json::parse(contents(file));
  CorpusCase made;
  made.name = fs::relative(file, root).string();
  made.policies = contents(root / object.at("policies").get<std::string>());
  made.entities = contents(root / object.at("entities").get<std::string>());
  made.schema = contents(root / object.at("schema").get<std::string>());
  made.should_validate = object.value("shouldValidate", true);
  for (const json& each : object.at("requests")) made.requests.push_back(request_of(each));
  return made;
}

std::vector<fs::path> case_files(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".entities.json")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::optional<Corpus> Corpus::unpack() {
  const fs::path archive = data_root() / "corpus-tests.tar.xz";
  if (!fs::exists(archive)) return std::nullopt;
  std::string name = (fs::temp_directory_path() / "wenyuan-cedar-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return std::nullopt;
  Corpus corpus{fs::path(name)};
  const std::string command =
      "tar -xJf '" + fs::canonical(archive).string() + "' -C '" + name + "'";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;  // NOLINT: a test of one thread
  return corpus;
}

Corpus::Corpus(Corpus&& other) noexcept : root_(std::move(other.root_)) { other.root_.clear(); }

Corpus::~Corpus() {
  std::error_code ignored;
  if (!root_.empty()) fs::remove_all(root_, ignored);
}

void Corpus::for_each(const std::function<void(const CorpusCase&)>& visit) const {
  for (const fs::path& file : case_files(root_ / "corpus-tests")) visit(case_of(root_, file));
}

std::vector<CorpusCase> hand_written_cases() {
  std::vector<CorpusCase> cases;
  if (!fs::exists(data_root() / "tests")) return cases;
  for (const fs::path& file : case_files(data_root() / "tests")) {
    cases.push_back(case_of(data_root(), file));
  }
  return cases;
}

}  // namespace wenyuan::auth::cedar::testing
