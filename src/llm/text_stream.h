// Turns the bytes of tokens into whole UTF-8, up to the first stop text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wenyuan::llm {

class TextStream {
 public:
  // The stop texts must not be empty.
  explicit TextStream(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // Returns the text that is certain now: half a character, and what may be the beginning of a stop
  // text, are held back. Bytes that can never be UTF-8 become U+FFFD.
  std::string push(std::string_view bytes);
  // What is still held back, when no more bytes come.
  std::string finish();
  // True once a stop text has come; it, and all behind it, is not part of the text.
  bool is_stopped() const { return is_stopped_; }

 private:
  std::string take(std::size_t size);

  std::vector<std::string> stops_;
  std::string pending_;
  bool is_stopped_ = false;
};

}  // namespace wenyuan::llm
