// Reads Wycheproof's vectors, when they lie beside the project.
#pragma once

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/paths.h"

namespace wenyuan {

// Null when they are not there.
inline nlohmann::json wycheproof_vectors(const std::string& name) {
  struct ClosePipe {
    void operator()(std::FILE* pipe) const { ::pclose(pipe); }
  };
  const std::string path = project_dir() / "../shared/data/wycheproof" / (name + "_test.json.gz");
  if (!std::filesystem::exists(path)) return nullptr;
  const std::unique_ptr<std::FILE, ClosePipe> pipe(
      ::popen(("gzip -dc '" + path + "'").c_str(), "r"));
  std::string text;
  std::array<char, 65536> piece{};
  while (pipe) {
    const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe.get());
    if (count == 0) break;
    text.append(piece.data(), count);
  }
  return nlohmann::json::parse(text);
}

}  // namespace wenyuan
