// Reads the small text fixtures of tests/llm/reference/tokenizer.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "llm/tokenizer.h"
#include "tests/paths.h"

namespace wenyuan::llm {

inline std::vector<std::string> fixture_lines(const std::string& name) {
  std::ifstream file(project_dir() / "tests/llm/reference/tokenizer" / name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// \n, \r, \t, \\ and \uXXXX stand for what they mean.
inline std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      plain += text[at];
      continue;
    }
    const char letter = text[++at];
    if (letter == 'u') {
      const std::string digits(text.substr(at + 1, 4));
      append_utf8(plain, static_cast<char32_t>(std::stoul(digits, nullptr, 16)));
      at += 4;
    } else {
      plain += letter == 'n' ? '\n' : letter == 'r' ? '\r' : letter == 't' ? '\t' : letter;
    }
  }
  return plain;
}

inline std::vector<TokenId> fixture_ids(const std::string& line) {
  std::istringstream stream(line);
  std::vector<TokenId> ids;
  for (TokenId id = 0; stream >> id;) ids.push_back(id);
  return ids;
}

}  // namespace wenyuan::llm
