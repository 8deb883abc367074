// Any texts as a conversation, for each family and for any text as a chat template; the parts, the
// template first, end with the byte 0xFF.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "base/text.h"
#include "llm/chat_template.h"
#include "tests/llm/small_vocabularies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan;       // NOLINT: a program of one file
  using namespace wenyuan::llm;  // NOLINT
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string_view> parts = split(bytes, '\xFF');
  static const auto tokenizer = Tokenizer::create(opened(small_bpe("smollm", {"h e", "l l"})));
  WY_ASSERT(tokenizer.has_value());
  GgufWriter writer;
  if (!parts[0].empty()) writer.set("tokenizer.chat_template", to_valid_utf8(parts[0]));
  const auto file = open_bytes(writer.encode());
  WY_ASSERT(file.has_value());
  const auto chat = ChatTemplate::create(*file);
  if (!chat) return 0;

  std::vector<ChatMessage> messages;
  std::vector<ChatMessage> harmless;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const Role role = static_cast<Role>((parts[i].size() + i) % 3);
    messages.push_back({role, std::string(parts[i])});
    harmless.push_back({role, "x"});
  }
  const auto text = chat->write(**tokenizer, messages);
  const auto tokens = chat->render(**tokenizer, messages);
  WY_ASSERT(text.has_value() == tokens.has_value());
  if (!text) return 0;
  // Nothing is lost or added.
  WY_ASSERT((*tokenizer)->decode(*tokens, true) == text->bytes());
  const auto controls = [&](const std::vector<ChatMessage>& conversation) {
    const auto all = chat->render(**tokenizer, conversation);
    WY_ASSERT(all.has_value());
    return std::count_if(all->begin(), all->end(),
                         [&](TokenId token) { return (*tokenizer)->piece(token).empty(); });
  };
  // Whatever the messages say, they add no control token. (A template may ask what they say.)
  if (parts[0].empty()) WY_ASSERT(controls(messages) == controls(harmless));
  return 0;
}
