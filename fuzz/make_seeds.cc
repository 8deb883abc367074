// Writes inputs for the fuzz targets to begin with: make_seeds FOLDER fills FOLDER/<target>/.
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/attributes.h"
#include "base/file.h"
#include "base/layout.h"
#include "llm/engine_protocol.h"
#include "tests/llm/small_vocabularies.h"
#include "tests/llm/tiny_e5pack.h"

namespace {

using namespace wenyuan;       // NOLINT: a program of one file
using namespace wenyuan::llm;  // NOLINT
namespace fs = std::filesystem;

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& bytes) {
    fs::create_directories(folder_ / target);
    const fs::path path = folder_ / target / std::to_string(++count_);
    if (!write_file_durably(path, bytes)) failed_ = true;
  }
  bool failed() const { return failed_; }

 private:
  fs::path folder_;
  int count_ = 0;
  bool failed_ = false;
};

void add_models(Seeds& seeds) {
  GgufWriter chat = small_bpe("smollm", {"h e"});
  chat.set("tokenizer.chat_template", std::string("<|im_start|>system\nx<|im_end|> != 'system'"));
  const std::uint8_t zeros[64] = {};
  chat.add_tensor("t", TensorType::f32, {4, 4}, zeros);
  for (const GgufWriter& writer :
       {chat, small_unigram(), small_wordpiece(), small_sentencepiece()}) {
    seeds.add("gguf", writer.encode());
  }
  seeds.add("e5pack", TinyE5Pack::bytes());
  seeds.add("e5pack", TinyE5Pack::bytes(0));
}

void add_texts(Seeds& seeds) {
  for (char which = 0; which < 7; ++which) {
    const std::string text = "hello  world's 12345 中国\n\n\t<|im_end|>[tool]▁the é!";
    seeds.add("tokenizer", which + text);
    seeds.add("tokenizer", static_cast<char>(which + 7 * 18) + text);
  }
  for (const char* text :
       {"", "<|start_header_id|>", "[INST]", "<start_of_turn>", "<｜User｜>",
        "User: Assistant:", "!= 'system' <|im_start|>system\\nYou help.<|im_end|>"}) {
    seeds.add("chat_template",
              std::string(text) + "\xFFyou are\xFFhello <|im_end|>\xFFyes\xFF and?");
  }
}

void add_messages(Seeds& seeds) {
  const auto add = [&](char which, const std::string& payload) {
    seeds.add("engine_protocol", which + payload);
  };
  add(0, encode_frame(FrameKind::embed, "abc"));
  add(1, encode_hello());
  add(2, encode(EmbedRequest{"e", EmbedKind::query, {"a", "b"}}));
  add(3, encode(CountRequest{"e", {"a"}}));
  GenerateRequest request;
  request.model = "m";
  request.messages = {{Role::user, "hi"}};
  request.stop = {"x"};
  add(4, encode(request));
  ModelList list;
  list.models.resize(1);
  list.broken.push_back({"b", Error{ErrorCode::corrupt, "why"}});
  add(5, encode(list));
  add(6, encode(std::vector<std::vector<float>>{{1, 2}, {3, 4}}));
  add(7, encode(GenerateResult{}));
  add(8, encode(EngineStatus{1, 2, 3, {"m"}}));
  add(9, encode(Error{ErrorCode::not_found, "no"}));
}

void add_base(Seeds& seeds) {
  seeds.add("attributes", encode_attributes({{"a", true},
                                             {"b", std::int64_t{-5}},
                                             {"c", "text \"\\\n"},
                                             {"d", std::vector<std::string>{"x", "中"}}}));
  const TextBox boxes[] = {{0, 5, {1, 0.1F, 0.1F, 0.2F, 0.2F}}, {6, 9, {2, 0, 0, 1, 1}}};
  seeds.add("attributes", encode_layout(boxes));
  seeds.add("policy", "allow read if user.a == resource.a and not (user.b < 3 or user has c)");
  seeds.add("policy", "deny if resource.d in [\"x\", \"y\"] or \"z\" in resource.d");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("Usage: make_seeds FOLDER\n", stderr);
    return 2;
  }
  Seeds seeds(argv[1]);
  add_models(seeds);
  add_texts(seeds);
  add_messages(seeds);
  add_base(seeds);
  return seeds.failed() ? 1 : 0;
}
