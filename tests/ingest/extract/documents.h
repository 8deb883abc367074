// Shared by the tests of the readers.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "ingest/extract/extract.h"
#include "tests/paths.h"

namespace wenyuan::ingest {

inline std::string document(const std::string& name) {
  auto content = read_file(test_data() / "documents" / name);
  EXPECT_TRUE(content.has_value()) << name;
  return content ? *std::move(content) : std::string();
}

inline Extracted extracted(std::string_view bytes, std::string_view type = {}) {
  auto result = extract(bytes, type);
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  if (!result) return {};
  // What is made must also survive the way to the server.
  EXPECT_TRUE(decode(encode(*result)).has_value());
  return *std::move(result);
}

inline Extracted extracted_file(const std::string& name, std::string_view type = {}) {
  return extracted(document(name), type);
}

// "H2:Starting", "P:text", …
inline std::vector<std::string> outline(const Extracted& extracted) {
  constexpr std::string_view kNames = "HPLTCQ";
  std::vector<std::string> lines;
  for (const Block& block : extracted.blocks) {
    std::string line(1, kNames[static_cast<std::size_t>(block.kind)]);
    if (block.kind == BlockKind::heading) line += std::to_string(block.level);
    lines.push_back(line + ":" + extracted.text.substr(block.begin, block.end - block.begin));
  }
  return lines;
}

inline Error refusal(std::string_view bytes, std::string_view type = {}) {
  const auto result = extract(bytes, type);
  EXPECT_FALSE(result.has_value());
  return result ? Error() : result.error();
}

}  // namespace wenyuan::ingest
