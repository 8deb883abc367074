#include "tests/llm/small_vocabularies.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

#include "base/assert.h"
#include "base/file.h"
#include "base/text.h"

namespace wenyuan::llm {
namespace {

constexpr std::int32_t kUnknown = 2;
constexpr std::int32_t kControl = 3;
constexpr std::int32_t kUserDefined = 4;
constexpr std::int32_t kByte = 6;

// Printable bytes stand for themselves, the others for U+0100 and up.
std::vector<std::string> byte_alphabet() {
  std::vector<std::string> letters;
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool is_itself =
        (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte < 0x100 && byte != 0xAD);
    std::string letter;
    append_utf8(letter, is_itself ? byte : next++);
    letters.push_back(letter);
  }
  return letters;
}

}  // namespace

Result<Gguf> open_bytes(std::string_view bytes) {
  const FileDescriptor file(::memfd_create("model", MFD_CLOEXEC));
  WY_ASSERT(file);
  WY_ASSERT(::ftruncate(file.get(), static_cast<off_t>(bytes.size())) == 0);
  WY_ASSERT(::pwrite(file.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
  return Gguf::open("/proc/self/fd/" + std::to_string(file.get()));
}

Gguf opened(const GgufWriter& writer) {
  auto file = open_bytes(writer.encode());
  WY_ASSERT(file.has_value());
  return *std::move(file);
}

void set_tokens(GgufWriter& writer, const std::vector<SmallToken>& tokens) {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<std::int32_t> kinds;
  for (const SmallToken& token : tokens) {
    texts.push_back(token.text);
    scores.push_back(token.score);
    kinds.push_back(token.kind);
  }
  writer.set("tokenizer.ggml.tokens", std::move(texts));
  writer.set("tokenizer.ggml.scores", std::move(scores));
  writer.set("tokenizer.ggml.token_type", std::move(kinds));
}

std::vector<SmallToken> byte_tokens() {
  std::vector<SmallToken> tokens;
  for (const std::string& letter : byte_alphabet()) tokens.push_back({letter});
  return tokens;
}

GgufWriter bpe_of(std::string_view pre, const std::vector<SmallToken>& tokens,
                  const std::vector<std::string>& merges) {
  GgufWriter writer;
  writer.set("general.architecture", std::string("llama"));
  writer.set("tokenizer.ggml.model", std::string("gpt2"));
  writer.set("tokenizer.ggml.pre", std::string(pre));
  writer.set("tokenizer.ggml.merges", merges);
  set_tokens(writer, tokens);
  return writer;
}

GgufWriter small_bpe(std::string_view pre, const std::vector<std::string>& merges) {
  std::vector<SmallToken> tokens = byte_tokens();
  for (const std::string& merge : merges) {
    const std::size_t space = merge.find(' ');
    tokens.push_back({merge.substr(0, space) + merge.substr(space + 1)});
  }
  for (const char* control : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    tokens.push_back({control, 0, kControl});
  }
  GgufWriter writer = bpe_of(pre, tokens, merges);
  writer.set("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(tokens.size() - 3));
  writer.set("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(tokens.size() - 1));
  return writer;
}

GgufWriter small_unigram() {
  GgufWriter writer;
  writer.set("general.architecture", std::string("bert"));
  writer.set("tokenizer.ggml.model", std::string("t5"));
  set_tokens(writer, {{"<s>", 0, kControl},
                      {"</s>", 0, kControl},
                      {"<unk>", 0, kUnknown},
                      {"▁", -3},
                      {"a", -4},
                      {"b", -4},
                      {"c", -4},
                      {"ab", -5},
                      {"bc", -6},
                      {"abc", -12},
                      {"▁a", -5},
                      {"▁ab", -6},
                      {"x", -4},
                      {"中", -5},
                      {"中国", -6},
                      {"[tool]", 0, kUserDefined}});
  writer.set("tokenizer.ggml.bos_token_id", std::uint32_t{0});
  writer.set("tokenizer.ggml.eos_token_id", std::uint32_t{1});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{2});
  writer.set("tokenizer.ggml.add_bos_token", true);
  writer.set("tokenizer.ggml.add_eos_token", true);
  writer.set("tokenizer.ggml.add_space_prefix", true);
  // U+FF41 (full-width a) becomes a, a tab a space, U+FB03 "abc", U+00AD nothing.
  writer.set(
      "tokenizer.wenyuan.normalizer",
      std::vector<std::int32_t>{0xFF41, 1, 'a', '\t', 1, ' ', 0xFB03, 3, 'a', 'b', 'c', 0xAD, 0});
  return writer;
}

GgufWriter small_wordpiece() {
  GgufWriter writer;
  writer.set("general.architecture", std::string("bert"));
  writer.set("tokenizer.ggml.model", std::string("bert"));
  set_tokens(writer, {{"[PAD]", 0, kControl},
                      {"[UNK]", 0, kControl},
                      {"[CLS]", 0, kControl},
                      {"[SEP]", 0, kControl},
                      {"▁un"},
                      {"▁cafe"},
                      {"aff"},
                      {"able"},
                      {"▁affable"},
                      {"▁中"},
                      {"▁国"},
                      {"▁!"},
                      {"▁,"},
                      {"▁a"}});
  return writer;
}

GgufWriter small_sentencepiece() {
  std::vector<SmallToken> tokens = {
      {"<unk>", 0, kUnknown}, {"<s>", 0, kControl}, {"</s>", 0, kControl}};
  for (unsigned byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    tokens.push_back({text, 0, kByte});
  }
  float score = -1;
  for (const char* piece : {"▁t", "he", "▁the", "lo", "▁", "t", "h", "e", "l", "o"}) {
    tokens.push_back({piece, score--});
  }
  GgufWriter writer;
  writer.set("general.architecture", std::string("llama"));
  writer.set("tokenizer.ggml.model", std::string("llama"));
  set_tokens(writer, tokens);
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
  writer.set("tokenizer.ggml.bos_token_id", std::uint32_t{1});
  writer.set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  return writer;
}

}  // namespace wenyuan::llm
