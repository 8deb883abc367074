// Any bytes as a model file: refused with a reason, or read, with whatever tokenizer and chat
// template it has.
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "base/assert.h"
#include "llm/chat_template.h"
#include "llm/tokenizer.h"
#include "tests/llm/small_vocabularies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan::llm;  // NOLINT: a program of one file
  const auto file = open_bytes({reinterpret_cast<const char*>(data), size});
  if (!file) {
    WY_ASSERT(!file.error().message.empty());
    return 0;
  }
  unsigned sum = 0;
  for (const auto& [name, tensor] : file->tensors()) {
    sum = std::accumulate(tensor.bytes.begin(), tensor.bytes.end(), sum);
    WY_ASSERT(tensor.name == name);
  }
  static_cast<void>(file->architecture());
  const auto chat = ChatTemplate::create(*file);
  const auto tokenizer = Tokenizer::create(*file);
  if (!tokenizer) return 0;
  const auto tokens = (*tokenizer)->encode("Hello, 世界 <s>\n", {.parse_special = true});
  for (const TokenId token : tokens) {
    WY_ASSERT(token >= 0 && static_cast<std::size_t>(token) < (*tokenizer)->size());
  }
  static_cast<void>((*tokenizer)->decode(tokens, true));
  if (!chat) return 0;
  const ChatMessage messages[] = {{Role::system, "a"}, {Role::user, "b"}};
  static_cast<void>(chat->render(**tokenizer, messages));
  return 0;
}
