// What a conversion writes, besides the numbers that decoder_parity_test.cc checks.
#include "llm/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>

#include "llm/hf_tensors.h"
#include "llm/tokenizer.h"
#include "tests/llm/reference_checkpoint.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

Gguf converted(const char* name, const ConvertOptions& options = {},
               const std::function<void(const std::filesystem::path&)>& change = {}) {
  const ReferenceCheckpoint checkpoint(read_decoder_reference(name), "config");
  if (change) change(checkpoint.folder());
  const Status status = convert_directory(checkpoint.folder(), checkpoint.gguf(), options);
  EXPECT_TRUE(status) << status.error().message;
  auto file = Gguf::open(checkpoint.gguf());
  EXPECT_TRUE(file) << file.error().message;
  return *std::move(file);
}

std::vector<float> floats_of(const Gguf& file, const char* name) {
  const TensorView* view = file.tensor(name);
  EXPECT_NE(view, nullptr) << name;
  std::vector<float> values(view->element_count());
  std::memcpy(values.data(), view->bytes.data(), view->bytes.size());
  return values;
}

TEST(Convert, SplitsTheLatentProjectionIntoKeysAndValues) {
  const Gguf file = converted("deepseek3");
  EXPECT_THAT(file.tensor("blk.0.attn_k_b.weight")->shape, ElementsAre(32, 32, 4));
  EXPECT_THAT(file.tensor("blk.0.attn_v_b.weight")->shape, ElementsAre(32, 32, 4));
  const auto whole = reference_values("model.layers.0.self_attn.kv_b_proj.weight",
                                      std::size_t{256} * 32, 0, std::sqrt(3.0 / 32));
  const auto keys = floats_of(file, "blk.0.attn_k_b.weight");
  // Head 2, latent number 5, key number 7.
  EXPECT_EQ(keys[(2 * 32 + 5) * 32 + 7], whole[(2 * 64 + 7) * 32 + 5]);
  const auto values = floats_of(file, "blk.0.attn_v_b.weight");
  EXPECT_EQ(values[(2 * 32 + 5) * 32 + 7], whole[(2 * 64 + 32 + 5) * 32 + 7]);
  EXPECT_EQ(file.integer("deepseek2.attention.head_count_kv"), 1);
  EXPECT_EQ(file.integer("deepseek2.attention.key_length"), 48);
  EXPECT_EQ(file.integer("deepseek2.expert_gating_func"), 2);
  EXPECT_NEAR(file.real("deepseek2.rope.scaling.yarn_log_multiplier").value_or(0), 0.1, 1e-8);
  EXPECT_NE(file.tensor("blk.1.exp_probs_b.bias"), nullptr);
  EXPECT_EQ(file.tensor("blk.0.ffn_gate_exps.weight"), nullptr);
}

TEST(Convert, StacksExpertsInTheirOrder) {
  const Gguf file = converted("qwen2moe");
  EXPECT_THAT(file.tensor("blk.2.ffn_down_exps.weight")->shape, ElementsAre(48, 64, 8));
  const auto fifth = reference_values("model.layers.2.mlp.experts.5.down_proj.weight",
                                      std::size_t{48} * 64, 0, std::sqrt(3.0 / 48));
  const auto stack = floats_of(file, "blk.2.ffn_down_exps.weight");
  EXPECT_TRUE(std::equal(fifth.begin(), fifth.end(), stack.begin() + 5 * 48 * 64));
}

TEST(Convert, LeavesOutTheLayersThatPredictFurtherTokens) {
  const Gguf file = converted("llama", {}, [](const std::filesystem::path& folder) {
    json config = read_decoder_reference("llama")["config"];
    config["num_hidden_layers"] = 2;
    write(folder / "config.json", config.dump());
  });
  EXPECT_NE(file.tensor("blk.1.attn_q.weight"), nullptr);
  EXPECT_EQ(file.tensor("blk.2.attn_q.weight"), nullptr);
}

TEST(Convert, WritesTheFormatThatIsAskedForAndKeepsNormsWhole) {
  ConvertOptions options;
  options.type = TensorType::q8_0;
  options.name = "small";
  const Gguf file = converted("llama", options);
  EXPECT_EQ(file.text("general.name"), "small");
  EXPECT_EQ(file.tensor("blk.0.ffn_up.weight")->type, TensorType::q8_0);
  EXPECT_EQ(file.tensor("blk.0.attn_norm.weight")->type, TensorType::f32);
  EXPECT_EQ(file.integer("general.file_type"), 7);
}

TEST(Convert, MultipliesFloatsOfEightBitsByTheScaleOfTheirBlock) {
  std::string data(6, '\x38');  // ones
  const SafetensorsView ones{"w",
                             SafetensorsType::f8_e4m3,
                             {2, 3},
                             {reinterpret_cast<const std::uint8_t*>(data.data()), 6}};
  const float numbers[2] = {0.5F, 3};
  const SafetensorsView scales{
      "s", SafetensorsType::f32, {1, 2}, {reinterpret_cast<const std::uint8_t*>(numbers), 8}};
  const auto tensor = SourceTensor::scaled(ones, scales, 2);
  ASSERT_TRUE(tensor) << tensor.error().message;
  std::vector<float> row(3);
  tensor->read(1, 1, row);
  EXPECT_THAT(row, ElementsAre(0.5F, 0.5F, 3));
  EXPECT_FALSE(SourceTensor::scaled(ones, scales, 1));
}

TEST(Convert, NamesTheSpecialTokensAndTheTemplate) {
  const Gguf file = converted("qwen2", {}, [](const std::filesystem::path& folder) {
    std::ifstream old(folder / "tokenizer.json");
    json tokenizer = json::parse(old);
    tokenizer["added_tokens"] = {{{"id", 4}, {"content", "<|end|>"}, {"special", true}},
                                 {{"id", 5}, {"content", "<tool>"}, {"special", false}}};
    tokenizer["model"]["vocab"].erase("t4");
    tokenizer["model"]["vocab"].erase("t5");
    tokenizer["post_processor"] = {
        {"type", "TemplateProcessing"},
        {"single", {{{"SpecialToken", {{"id", "t1"}}}}, {{"Sequence", {{"id", "A"}}}}}}};
    write(folder / "tokenizer.json", tokenizer.dump());
    write(folder / "tokenizer_config.json",
          R"({"bos_token":"t1","eos_token":{"content":"<|end|>"},"chat_template":"hello"})");
    write(folder / "generation_config.json", R"({"eos_token_id":[4,7]})");
  });
  EXPECT_EQ(file.integer("tokenizer.ggml.bos_token_id"), 1);
  EXPECT_EQ(file.integer("tokenizer.ggml.eos_token_id"), 4);
  EXPECT_EQ(file.integer("tokenizer.ggml.eot_token_id"), 7);
  EXPECT_EQ(file.flag("tokenizer.ggml.add_bos_token"), true);
  EXPECT_EQ(file.text("tokenizer.chat_template"), "hello");
  EXPECT_EQ(file.text("tokenizer.ggml.pre"), "gpt-2");
  const auto kinds = file.integers("tokenizer.ggml.token_type");
  ASSERT_TRUE(kinds);
  EXPECT_EQ(kinds->at(4), 3);
  EXPECT_EQ(kinds->at(5), 4);
  EXPECT_EQ(file.texts("tokenizer.ggml.tokens")->at(5), "<tool>");
}

TEST(Convert, TakesPoolingAndPrefixesFromTheDirectory) {
  const Gguf file = converted("xlmroberta", {}, [](const std::filesystem::path& folder) {
    std::filesystem::create_directory(folder / "1_Pooling");
    write(folder / "1_Pooling/config.json", R"({"pooling_mode_mean_tokens":true})");
    write(folder / "config_sentence_transformers.json",
          R"({"prompts":{"query":"query: ","document":"passage: "}})");
  });
  EXPECT_EQ(file.integer("bert.pooling_type"), 1);
  EXPECT_EQ(file.text("wenyuan.embed.query_prefix"), "query: ");
  EXPECT_EQ(file.text("wenyuan.embed.passage_prefix"), "passage: ");
  // Two rows of positions are padding.
  EXPECT_EQ(file.integer("bert.context_length"), 512);
  EXPECT_THAT(file.tensor("position_embd.weight")->shape, ElementsAre(64, 512));
}

TEST(Convert, KeepsToTheLengthThatASentenceEncoderIsUsedWith) {
  ConvertOptions options;
  options.pooling = EncoderPooling::mean;
  const auto context = [&](const char* limits) {
    return converted("bert", options,
                     [&](const std::filesystem::path& folder) {
                       write(folder / "sentence_bert_config.json", limits);
                     })
        .integer("bert.context_length");
  };
  EXPECT_EQ(context(R"({"max_seq_length":256})"), 256);
  EXPECT_EQ(context(R"({"max_seq_length":100000})"), context("{}"));
  EXPECT_EQ(context(R"({"max_seq_length":-1})"), context("{}"));
}

TEST(Convert, KeepsTheHeadsOfClassifiers) {
  for (const char* name : {"bert_classifier", "xlmroberta_classifier"}) {
    const Gguf file = converted(name);
    EXPECT_THAT(file.tensor("cls.weight")->shape, ElementsAre(64, 64)) << name;
    EXPECT_THAT(file.tensor("cls.output.weight")->shape, ElementsAre(64, 1)) << name;
    EXPECT_THAT(file.tensor("cls.output.bias")->shape, ElementsAre(1)) << name;
    EXPECT_EQ(file.integer("bert.pooling_type"), 4) << name;
  }
}

TEST(Convert, AsksForThePoolingOfAnEncoderThatDoesNotSayIt) {
  const ReferenceCheckpoint checkpoint(read_decoder_reference("bert"), "config");
  const Status status = convert_directory(checkpoint.folder(), checkpoint.gguf());
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("pooled"));
}

}  // namespace
}  // namespace wenyuan::llm
