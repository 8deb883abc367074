#include "tests/llm/tiny_models.h"

#include <cstdlib>
#include <deque>
#include <random>
#include <vector>

#include "base/assert.h"
#include "base/text.h"
#include "llm/gguf_writer.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kWidth = 64;
constexpr std::uint64_t kInnerWidth = 128;
constexpr std::uint64_t kKeyWidth = 32;
constexpr std::uint64_t kBertWidth = 32;

// Keeps the numbers until the file is written.
class Weights {
 public:
  Weights(GgufWriter& writer, std::uint32_t seed) : writer_(writer), random_(seed) {}

  std::vector<float>& add(const std::string& name, std::vector<std::uint64_t> shape, float mean,
                          float deviation) {
    std::size_t count = 1;
    for (const std::uint64_t size : shape) count *= size;
    std::vector<float>& values = kept_.emplace_back(count);
    std::normal_distribution<float> normal(mean, deviation);
    for (float& value : values) value = normal(random_);
    writer_.add_tensor(name, TensorType::f32, std::move(shape),
                       {reinterpret_cast<const std::uint8_t*>(values.data()), count * 4});
    return values;
  }
  void add_linear(const std::string& name, std::uint64_t in, std::uint64_t out, bool bias) {
    add(name + ".weight", {in, out}, 0.0F, 0.3F);
    if (bias) add(name + ".bias", {out}, 0.0F, 0.1F);
  }
  void add_norm(const std::string& name, std::uint64_t size, bool bias) {
    add(name + ".weight", {size}, 1.0F, 0.1F);
    if (bias) add(name + ".bias", {size}, 0.0F, 0.1F);
  }

 private:
  GgufWriter& writer_;
  std::mt19937 random_;
  std::deque<std::vector<float>> kept_;
};

bool is_printable(std::size_t byte) { return byte >= 0x20 && byte < 0x7F; }

// The byte alphabet of GPT-2: printable bytes stand for themselves, the others for U+0100 and up.
std::vector<std::string> byte_tokens() {
  std::vector<std::string> tokens;
  char32_t next = 0x100;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const bool is_itself =
        (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte < 0x100 && byte != 0xAD);
    std::string token;
    append_utf8(token, is_itself ? static_cast<char32_t>(byte) : next++);
    tokens.push_back(token);
  }
  return tokens;
}

void set_llama_metadata(GgufWriter& writer, const TinyLlama& options) {
  writer.set("general.architecture", std::string("llama"));
  writer.set("llama.block_count", std::uint32_t{2});
  writer.set("llama.context_length", options.context);
  writer.set("llama.embedding_length", static_cast<std::uint32_t>(kWidth));
  writer.set("llama.feed_forward_length", static_cast<std::uint32_t>(kInnerWidth));
  writer.set("llama.attention.head_count", std::uint32_t{4});
  writer.set("llama.attention.head_count_kv", std::uint32_t{2});
  writer.set("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  writer.set("llama.rope.freq_base", 10000.0F);
  std::vector<std::string> tokens = byte_tokens();
  std::vector<std::int32_t> kinds(tokens.size(), 1);
  for (const char* control : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) {
    tokens.emplace_back(control);
    kinds.push_back(3);
  }
  writer.set("tokenizer.ggml.model", std::string("gpt2"));
  writer.set("tokenizer.ggml.pre", std::string("smollm"));
  writer.set("tokenizer.ggml.tokens", std::move(tokens));
  writer.set("tokenizer.ggml.token_type", std::move(kinds));
  writer.set("tokenizer.ggml.merges", std::vector<std::string>{"a b"});
  writer.set("tokenizer.ggml.bos_token_id", std::uint32_t{257});
  writer.set("tokenizer.ggml.eos_token_id", std::uint32_t{258});
}

constexpr std::uint32_t kMeanPooling = 1;
constexpr std::uint32_t kRankPooling = 4;

void set_bert_metadata(GgufWriter& writer, std::uint32_t context, std::uint32_t pooling) {
  writer.set("general.architecture", std::string("bert"));
  writer.set("bert.block_count", std::uint32_t{1});
  writer.set("bert.context_length", context);
  writer.set("bert.embedding_length", static_cast<std::uint32_t>(kBertWidth));
  writer.set("bert.feed_forward_length", std::uint32_t{64});
  writer.set("bert.attention.head_count", std::uint32_t{2});
  writer.set("bert.attention.layer_norm_epsilon", 1e-5F);
  writer.set("bert.attention.causal", false);
  writer.set("bert.pooling_type", pooling);
  std::vector<std::string> tokens = {"<s>", "<pad>", "</s>", "<unk>", "\u2581"};
  std::vector<std::int32_t> kinds = {3, 3, 3, 2, 1};
  for (char letter = 'a'; letter <= 'z'; ++letter) tokens.emplace_back(1, letter);
  tokens.emplace_back(":");
  kinds.resize(tokens.size(), 1);
  std::vector<float> scores(tokens.size(), -2.0F);
  writer.set("tokenizer.ggml.model", std::string("t5"));
  writer.set("tokenizer.ggml.tokens", std::move(tokens));
  writer.set("tokenizer.ggml.scores", std::move(scores));
  writer.set("tokenizer.ggml.token_type", std::move(kinds));
  writer.set("tokenizer.ggml.bos_token_id", std::uint32_t{0});
  writer.set("tokenizer.ggml.padding_token_id", std::uint32_t{1});
  writer.set("tokenizer.ggml.eos_token_id", std::uint32_t{2});
  writer.set("tokenizer.ggml.unknown_token_id", std::uint32_t{3});
  writer.set("tokenizer.ggml.add_bos_token", true);
  writer.set("tokenizer.ggml.add_eos_token", true);
  writer.set("tokenizer.ggml.add_space_prefix", true);
  writer.set("wenyuan.embed.query_prefix", std::string("query: "));
  writer.set("wenyuan.embed.passage_prefix", std::string("passage: "));
}

void must(const Status& status) { WY_ASSERT(status.has_value()); }

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (fs::temp_directory_path() / "wenyuan-test-XXXXXX").string();
  WY_ASSERT(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void write_tiny_llama(const fs::path& path, const TinyLlama& options) {
  GgufWriter writer;
  set_llama_metadata(writer, options);
  Weights weights(writer, options.seed);
  constexpr std::uint64_t kTokens = 259;
  weights.add("token_embd.weight", {kWidth, kTokens}, 0.0F, 1.0F);
  for (int layer = 0; layer < 2; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    weights.add_norm(prefix + "attn_norm", kWidth, false);
    weights.add_linear(prefix + "attn_q", kWidth, kWidth, false);
    weights.add_linear(prefix + "attn_k", kWidth, kKeyWidth, false);
    weights.add_linear(prefix + "attn_v", kWidth, kKeyWidth, false);
    weights.add_linear(prefix + "attn_output", kWidth, kWidth, false);
    weights.add_norm(prefix + "ffn_norm", kWidth, false);
    weights.add_linear(prefix + "ffn_gate", kWidth, kInnerWidth, false);
    weights.add_linear(prefix + "ffn_up", kWidth, kInnerWidth, false);
    weights.add_linear(prefix + "ffn_down", kInnerWidth, kWidth, false);
  }
  weights.add_norm("output_norm", kWidth, false);
  std::vector<float>& output = weights.add("output.weight", {kWidth, kTokens}, 0.0F, 0.3F);
  // A token that is not printable has the logit 0, and one of the 95 others is always above it.
  for (std::size_t token = 0; token < kTokens; ++token) {
    if (is_printable(token)) continue;
    for (std::size_t i = 0; i < kWidth; ++i) output[token * kWidth + i] = 0;
  }
  must(writer.write(path));
}

namespace {

void add_bert_weights(Weights& weights, std::uint32_t context) {
  weights.add("token_embd.weight", {kBertWidth, 32}, 0.0F, 1.0F);
  weights.add("position_embd.weight", {kBertWidth, context}, 0.0F, 0.5F);
  weights.add("token_types.weight", {kBertWidth, 1}, 0.0F, 0.1F);
  weights.add_norm("token_embd_norm", kBertWidth, true);
  weights.add_linear("blk.0.attn_q", kBertWidth, kBertWidth, true);
  weights.add_linear("blk.0.attn_k", kBertWidth, kBertWidth, true);
  weights.add_linear("blk.0.attn_v", kBertWidth, kBertWidth, true);
  weights.add_linear("blk.0.attn_output", kBertWidth, kBertWidth, true);
  weights.add_norm("blk.0.attn_output_norm", kBertWidth, true);
  weights.add_linear("blk.0.ffn_up", kBertWidth, 64, true);
  weights.add_linear("blk.0.ffn_down", 64, kBertWidth, true);
  weights.add_norm("blk.0.layer_output_norm", kBertWidth, true);
}

}  // namespace

void write_tiny_bert(const fs::path& path) {
  GgufWriter writer;
  set_bert_metadata(writer, 16, kMeanPooling);
  Weights weights(writer, 7);
  add_bert_weights(weights, 16);
  must(writer.write(path));
}

void write_tiny_reranker(const fs::path& path) {
  GgufWriter writer;
  set_bert_metadata(writer, 32, kRankPooling);
  Weights weights(writer, 8);
  add_bert_weights(weights, 32);
  weights.add_linear("cls", kBertWidth, kBertWidth, true);
  weights.add_linear("cls.output", kBertWidth, 1, true);
  must(writer.write(path));
}

}  // namespace wenyuan::llm
