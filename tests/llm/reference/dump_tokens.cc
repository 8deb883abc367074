// Reads lines, writes the token ids of each: dump_tokens MODEL.gguf < lines
#include <iostream>
#include <string>

#include "llm/tokenizer.h"

int main(int argc, char** argv) {
  using namespace wenyuan::llm;  // NOLINT: a program of one file
  if (argc != 2) {
    std::cerr << "Usage: dump_tokens MODEL.gguf < lines\n";
    return 2;
  }
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
  for (std::string line; std::getline(std::cin, line);) {
    for (const TokenId token :
         (*tokenizer)->encode(line, {.add_special = false, .parse_special = false})) {
      std::cout << token << " ";
    }
    std::cout << "\n";
  }
}
