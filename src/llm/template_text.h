// A text that remembers which of its bytes the template wrote, and which came from elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "llm/tokenizer.h"

namespace wenyuan::llm {

// Where a text came from. Only what the template itself writes may become a control token.
enum class Origin { elsewhere, model };

// Valid UTF-8 as long as all that it is made of is, and parts are cut between characters.
class TemplateText {
 public:
  TemplateText() = default;
  TemplateText(std::string_view bytes, Origin origin) { append(bytes, origin); }

  const std::string& bytes() const { return bytes_; }
  std::size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }

  void append(std::string_view bytes, Origin origin);
  void append(const TemplateText& more);
  TemplateText part(std::size_t begin, std::size_t size = std::string::npos) const;
  // Behind bytes().size() it is where the last byte came from.
  Origin origin(std::size_t at) const;
  // The ranges that the template wrote, in order and apart.
  std::vector<TextRange> trusted() const;

 private:
  struct Run {
    std::size_t end;
    Origin origin;
  };
  std::size_t run_at(std::size_t at) const;

  std::string bytes_;
  std::vector<Run> runs_;  // neighbours differ in their origin
};

}  // namespace wenyuan::llm
