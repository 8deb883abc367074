// Reads texts, writes the token ids of each: dump_tokens MODEL.gguf [PRE]
// A text is 4 bytes of length, little-endian, and that many bytes. With PRE, a name as in
// tokenizer.ggml.pre, it writes the sizes of the words in bytes instead. The time that was spent on
// tokenizing goes to standard error.
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>

#include "llm/pretokenizer.h"
#include "llm/tokenizer.h"

namespace {

using namespace wenyuan::llm;  // NOLINT: a program of one file

bool read_text(std::string& text) {
  unsigned char head[4];
  if (!std::cin.read(reinterpret_cast<char*>(head), 4)) return false;
  const std::size_t size = std::size_t{head[0]} | std::size_t{head[1]} << 8 |
                           std::size_t{head[2]} << 16 | std::size_t{head[3]} << 24;
  text.resize(size);
  return static_cast<bool>(std::cin.read(text.data(), static_cast<std::streamsize>(size)));
}

int dump_words(const char* name) {
  const auto how = pretokenization(name);
  if (!how) return 1;
  for (std::string text; read_text(text);) {
    for (const std::string_view word : pretokenize(text, how->kind))
      std::cout << word.size() << " ";
    std::cout << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::cerr << "Usage: dump_tokens MODEL.gguf [PRE] < texts\n";
    return 2;
  }
  if (argc == 3) return dump_words(argv[2]);
  const auto file = Gguf::open(argv[1]);
  if (!file) {
    std::cerr << file.error().message << "\n";
    return 1;
  }
  const auto tokenizer = Tokenizer::create(*file);
  if (!tokenizer) {
    std::cerr << tokenizer.error().message << "\n";
    return 1;
  }
  std::chrono::steady_clock::duration spent{};
  for (std::string text; read_text(text);) {
    const auto begin = std::chrono::steady_clock::now();
    const auto tokens = (*tokenizer)->encode(text, {.add_special = false, .parse_special = false});
    spent += std::chrono::steady_clock::now() - begin;
    for (const TokenId token : tokens) std::cout << token << " ";
    std::cout << "\n";
  }
  std::cerr << std::chrono::duration<double>(spent).count() << "\n";
}
