// Policies as files in a folder: FILE.cedar or FILE.rule for each, and policies.json for what no
// text says.
//
//   {"policies": [{"file": "readers.cedar", "name": "Readers", "description": "…",
//                  "links": [{"principal": {"type": "Group", "id": "grp_…"}}]}]}
//
// A file that policies.json does not name is a policy by the name of the file, without its
// extension. A policy without "links" keeps those that the server has.
#pragma once

#include <nlohmann/json.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace wenyuan::app {

struct PolicyFile {
  std::filesystem::path path;
  nlohmann::json entry;  // as GET /v1/policies/export has them
};

// In the order of policies.json, then by file. invalid_argument names the file that is wrong.
Result<std::vector<PolicyFile>> read_policy_files(const std::filesystem::path& folder);

// `policies`: the list of GET /v1/policies/export. Files that the folder's last policies.json names
// and the new one does not are removed; nothing else is touched.
Status write_policy_files(const std::filesystem::path& folder, const nlohmann::json& policies);

// The .cedar and .rule files at these paths: files, and what is in folders, sorted.
Result<std::vector<std::filesystem::path>> policy_paths(const std::vector<std::string>& paths);

}  // namespace wenyuan::app
