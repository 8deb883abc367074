// Model files that are wrong, each refused with its reason. What is wrong with a single GGUF file's
// bytes is in gguf_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "llm/convert.h"
#include "llm/gguf.h"
#include "llm/gguf_split.h"
#include "llm/importance_matrix.h"
#include "llm/safetensors.h"
#include "tests/llm/gguf_bytes.h"
#include "tests/llm/reference_checkpoint.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;
using testing::HasSubstr;

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

struct BadFile {
  const char* what;
  std::string bytes;
  const char* reason;
};

// A header, its length before it, and so many bytes of data behind it.
std::string headed(const std::string& header, std::size_t data = 0) {
  const std::uint64_t size = header.size();
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
  return bytes + header + std::string(data, '\0');
}
std::string sized(std::uint64_t size, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + rest;
}
std::string entry(const char* fields) { return std::string("{\"t\":{") + fields + "}}"; }

std::vector<BadFile> bad_headers() {
  return {
      {"nothing", "", "less than 8 bytes"},
      {"seven bytes", "1234567", "less than 8 bytes"},
      {"a header of 2^64 - 1 bytes", sized(~0ULL, "{}"), "too long"},
      {"a header of 200 MB", sized(200'000'000, "{}"), "too long"},
      {"a header beyond the end", sized(100, "{}"), "ends inside its header"},
      {"no header", sized(0, ""), "does not begin with {"},
      {"a list for a header", headed("[]"), "does not begin with {"},
      {"half a header", headed("{\"t\":"), "not JSON"},
      {"two headers", headed("{}{}"), "not JSON"},
      {"a header with bytes that are no UTF-8", headed("{\"\xFF\":1}"), "not JSON"},
      {"a header of many brackets", headed("{\"t\":" + std::string(500, '[')), "nested too deeply"},
      {"a tensor twice",
       headed(R"({"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
              R"("t":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
              1),
       "occurs twice"},
  };
}

std::vector<BadFile> bad_entries() {
  const auto tensor = [](const char* fields, std::size_t data = 8) {
    return headed(entry(fields), data);
  };
  return {
      {"a number for a tensor", headed(R"({"t":5})"), "no object"},
      {"no dtype", tensor(R"("shape":[2],"data_offsets":[0,8])"), "no dtype"},
      {"a dtype that is no text", tensor(R"("dtype":1,"shape":[2],"data_offsets":[0,8])"),
       "no dtype"},
      {"an unknown dtype", tensor(R"("dtype":"F4","shape":[2],"data_offsets":[0,8])"), "F4"},
      {"no shape", tensor(R"("dtype":"F32","data_offsets":[0,8])"), "no shape"},
      {"nine dimensions",
       tensor(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8])"), "9 dimensions"},
      {"a size of -1", tensor(R"("dtype":"F32","shape":[-1],"data_offsets":[0,8])"),
       "no natural number"},
      {"a size of 1.5", tensor(R"("dtype":"F32","shape":[1.5],"data_offsets":[0,8])"),
       "no natural number"},
      {"a product beyond 2^64",
       tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"),
       "impossible size"},
      {"no offsets", tensor(R"("dtype":"F32","shape":[2])"), "no data_offsets"},
      {"one offset", tensor(R"("dtype":"F32","shape":[2],"data_offsets":[0])"), "no data_offsets"},
      {"offsets the wrong way", tensor(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"),
       "beyond the end"},
      {"an offset beyond the end", tensor(R"("dtype":"F32","shape":[2],"data_offsets":[4,12])"),
       "beyond the end"},
      {"fewer bytes than the shape asks for",
       tensor(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), "8 bytes instead of 12"},
      {"a gap before a tensor", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[4,8])"),
       "does not follow"},
      {"bytes that belong to nobody", tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])"),
       "4 bytes at the end"},
      {"two tensors in the same bytes",
       headed(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
              R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
              8),
       "overlaps"},
  };
}

TEST(BadSafetensors, AreRefusedWithTheReason) {
  std::vector<BadFile> files = bad_headers();
  for (BadFile& file : bad_entries()) files.push_back(std::move(file));
  for (const BadFile& bad : files) {
    const auto views = parse_safetensors(
        {reinterpret_cast<const std::uint8_t*>(bad.bytes.data()), bad.bytes.size()});
    ASSERT_FALSE(views) << bad.what;
    EXPECT_THAT(views.error().message, HasSubstr(bad.reason)) << bad.what;
  }
}

// One file of a split model, with the tensor `name`.
std::string part(std::uint32_t number, std::uint32_t count, const std::string& name,
                 std::uint32_t tensors) {
  GgufFile file;
  file.integer("split.no", number);
  file.integer("split.count", count);
  file.integer("split.tensors.count", tensors);
  const float value = 1.5F;
  file.tensor(name, {1}, 0, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  return file.bytes();
}

class SplitModel : public testing::Test {
 protected:
  Result<Gguf> open(const std::string& first, const std::string& second,
                    const char* first_name = "m-00001-of-00002.gguf") {
    write(folder_ / first_name, first);
    if (!second.empty()) write(folder_ / "m-00002-of-00002.gguf", second);
    return Gguf::open(folder_ / first_name);
  }
  ScratchFolder folder_;
};

TEST_F(SplitModel, IsOpenedByItsFirstFile) {
  const auto file = open(part(0, 2, "a", 2), part(1, 2, "b", 2));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors().size(), 2U);
  float value = 0;
  std::memcpy(&value, file->tensor("b")->bytes.data(), sizeof value);
  EXPECT_EQ(value, 1.5F);
  EXPECT_EQ(file->size_bytes(), part(0, 2, "a", 2).size() + part(1, 2, "b", 2).size());
  EXPECT_EQ(model_name_of(folder_ / "m-00002-of-00002.gguf"), "m");
  EXPECT_EQ(model_files(folder_.path(), "m").size(), 2U);
}

TEST_F(SplitModel, IsRefusedWithTheReasonWhenItsFilesDoNotFit) {
  const std::string good = part(1, 2, "b", 2);
  struct Bad {
    const char* what;
    std::string first;
    std::string second;
    const char* reason;
    const char* name = "m-00001-of-00002.gguf";
  };
  const Bad bad_models[] = {
      {"the second file named", part(1, 2, "b", 2), good, "the first one stands for all"},
      {"no second file", part(0, 2, "a", 2), "", "00002-of-00002"},
      {"a second file of another model", part(0, 2, "a", 2), part(1, 3, "b", 2), "not file 2 of 2"},
      {"the first file twice", part(0, 2, "a", 2), part(0, 2, "b", 2), "not file 2 of 2"},
      {"a tensor in both", part(0, 2, "a", 2), part(1, 2, "a", 2), "in two files"},
      {"a tensor too few", part(0, 2, "a", 3), good, "2 tensors instead of 3"},
      {"a second file that is none", part(0, 2, "a", 2), "nonsense", "not a GGUF file"},
      {"a name that tells nothing", part(0, 2, "a", 2), good, "has to be named like", "m.gguf"},
      {"a name that tells another number", part(0, 3, "a", 2), good, "has to be named like"},
      {"a number beyond the count", part(2, 2, "a", 2), good, "not the numbers"},
      {"a million files", part(0, 1'000'000, "a", 2), good, "not the numbers"},
  };
  for (const Bad& bad : bad_models) {
    std::filesystem::remove(folder_ / "m-00002-of-00002.gguf");
    const auto file = open(bad.first, bad.second, bad.name);
    ASSERT_FALSE(file) << bad.what;
    EXPECT_THAT(file.error().message, HasSubstr(bad.reason)) << bad.what;
  }
}

// A directory that can be converted, before it is spoilt.
class BadDirectory : public testing::Test {
 protected:
  BadDirectory() : reference_(read_decoder_reference("llama")) {}

  // What the conversion says when something has been changed.
  std::string refusal(const std::function<void(const std::filesystem::path&)>& spoil) const {
    const ReferenceCheckpoint checkpoint(reference_, "config");
    spoil(checkpoint.folder());
    const Status status = convert_directory(checkpoint.folder(), checkpoint.gguf());
    EXPECT_FALSE(std::filesystem::exists(checkpoint.gguf()));
    return status ? "" : status.error().message;
  }
  std::string with_config(const char* key, const json& value) const {
    return refusal([&](const std::filesystem::path& folder) {
      json config = reference_["config"];
      config[key] = value;
      write(folder / "config.json", config.dump());
    });
  }
  std::string with_tokenizer(const std::function<void(json&)>& change) const {
    return refusal([&](const std::filesystem::path& folder) {
      std::ifstream file(folder / "tokenizer.json");
      json tokenizer = json::parse(file);
      change(tokenizer);
      write(folder / "tokenizer.json", tokenizer.dump());
    });
  }
  std::string with_tensors(const std::vector<NamedTensor>& tensors) const {
    return refusal([&](const std::filesystem::path& folder) {
      write(folder / "model.safetensors", safetensors_bytes(tensors));
    });
  }

  json reference_;
};

TEST_F(BadDirectory, IsRefusedForItsConfiguration) {
  const auto spoilt = [&](const char* name, const std::string& content) {
    return refusal([&](const std::filesystem::path& folder) { write(folder / name, content); });
  };
  EXPECT_THAT(refusal([](const auto& folder) { std::filesystem::remove(folder / "config.json"); }),
              HasSubstr("config.json"));
  EXPECT_THAT(spoilt("config.json", "{"), HasSubstr("not JSON"));
  EXPECT_THAT(spoilt("config.json", "[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(spoilt("config.json", "{}"), HasSubstr("names no architecture"));
  EXPECT_THAT(with_config("architectures", {"T5Model"}), HasSubstr("T5Model"));
  EXPECT_THAT(with_config("num_hidden_layers", -1), HasSubstr("num_hidden_layers"));
  EXPECT_THAT(with_config("hidden_size", "big"), HasSubstr("hidden_size"));
  EXPECT_THAT(with_config("num_attention_heads", 5), HasSubstr("heads"));
  EXPECT_THAT(with_config("hidden_act", "relu"), HasSubstr("activation"));
  EXPECT_THAT(with_config("rms_norm_eps", nullptr), HasSubstr("rms_norm_eps"));
  EXPECT_THAT(with_config("rope_scaling", {{"rope_type", "spiral"}}), HasSubstr("spiral"));
  EXPECT_THAT(with_config("rope_scaling", {{"rope_type", "yarn"}}), HasSubstr("factor"));
  EXPECT_THAT(with_config("quantization_config", {{"quant_method", "gptq"}}),
              HasSubstr("quantized by a method"));
}

TEST_F(BadDirectory, IsRefusedForItsTensors) {
  const NamedTensor embeddings{
      "model.embed_tokens.weight", {208, 64}, std::vector<float>(std::size_t{208} * 64)};
  EXPECT_THAT(with_tensors({}), HasSubstr("no token embeddings"));
  EXPECT_THAT(with_tensors({embeddings, {"model.layers.0.mystery.weight", {1}, {1}}}),
              HasSubstr("has no place"));
  EXPECT_THAT(
      with_tensors(
          {embeddings, {"model.layers.0.self_attn.q_proj.weight", {3, 2}, std::vector<float>(6)}}),
      HasSubstr("is not made of 4 heads"));
  EXPECT_THAT(
      with_tensors(
          {embeddings,
           {"model.layers.0.block_sparse_moe.experts.0.w1.weight", {2, 2}, std::vector<float>(4)}}),
      HasSubstr("beyond the 0 experts"));
  EXPECT_THAT(
      refusal([](const auto& folder) { std::filesystem::remove(folder / "model.safetensors"); }),
      HasSubstr("neither model.safetensors"));
}

TEST_F(BadDirectory, IsRefusedForItsIndex) {
  const auto with_index = [&](const std::string& content) {
    return refusal([&](const std::filesystem::path& folder) {
      write(folder / "model.safetensors.index.json", content);
    });
  };
  EXPECT_THAT(with_index("{}"), HasSubstr("no weight_map"));
  EXPECT_THAT(with_index(R"({"weight_map":{}})"), HasSubstr("names 0 files"));
  EXPECT_THAT(with_index(R"({"weight_map":{"t":"../secret.safetensors"}})"),
              HasSubstr("no safetensors file of its directory"));
  EXPECT_THAT(with_index(R"({"weight_map":{"t":"/etc/passwd"}})"),
              HasSubstr("no safetensors file of its directory"));
  EXPECT_THAT(with_index(R"({"weight_map":{"t":"model-2.safetensors"}})"),
              HasSubstr("model-2.safetensors"));
  EXPECT_THAT(with_index(R"({"weight_map":{"missing":"model.safetensors"}})"),
              HasSubstr("of the index is not in"));
}

TEST_F(BadDirectory, IsRefusedForItsTokenizer) {
  EXPECT_THAT(
      refusal([](const auto& folder) { std::filesystem::remove(folder / "tokenizer.json"); }),
      HasSubstr("no tokenizer.json"));
  EXPECT_THAT(with_tokenizer([](json& file) { file.erase("model"); }), HasSubstr("no model"));
  EXPECT_THAT(with_tokenizer([](json& file) { file["model"]["type"] = "WordLevel"; }),
              HasSubstr("WordLevel"));
  EXPECT_THAT(with_tokenizer([](json& file) { file["model"]["vocab"]["t1"] = 500; }),
              HasSubstr("embeddings for 208"));
  EXPECT_THAT(with_tokenizer([](json& file) { file["model"]["vocab"]["t1"] = 2; }),
              HasSubstr("two tokens have the number 2"));
  EXPECT_THAT(with_tokenizer([](json& file) { file["model"]["vocab"]["t1"] = "one"; }),
              HasSubstr("has no number"));
  EXPECT_THAT(with_tokenizer([](json& file) { file["model"]["merges"] = {"ab"}; }),
              HasSubstr("is no pair"));
  EXPECT_THAT(with_tokenizer([](json& file) {
                file["added_tokens"] = json::array({{{"id", 1}}});
              }),
              HasSubstr("added token"));
  EXPECT_THAT(with_tokenizer([](json& file) {
                file["pre_tokenizer"] = {{"type", "Sequence"},
                                         {"pretokenizers",
                                          {{{"type", "Split"}, {"pattern", {{"Regex", "a|b"}}}},
                                           {{"type", "ByteLevel"}}}}};
              }),
              HasSubstr("pattern that we do not know"));
}

TEST(BadImportanceMatrix, IsRefusedWithTheReason) {
  const auto refusal = [](const GgufFile& file) {
    const TemporaryFile path("wenyuan_bad_imatrix", file.bytes());
    const auto matrix = ImportanceMatrix::read(path.path());
    return matrix ? std::string() : matrix.error().message;
  };
  const float numbers[4] = {1, 2, -3, 4};
  const auto bytes = [&](std::size_t count) {
    return std::span(reinterpret_cast<const std::uint8_t*>(numbers), count * sizeof(float));
  };
  GgufFile other;
  other.text("general.type", "model");
  EXPECT_THAT(refusal(other), HasSubstr("no importance matrix"));
  GgufFile negative;
  negative.text("general.type", "imatrix");
  negative.tensor("m.in_sum2", {4, 1}, 0, bytes(4));
  negative.tensor("m.counts", {1, 1}, 0, bytes(1));
  EXPECT_THAT(refusal(negative), HasSubstr("no sum"));
  GgufFile uncounted;
  uncounted.text("general.type", "imatrix");
  uncounted.tensor("m.in_sum2", {2, 1}, 0, bytes(2));
  EXPECT_THAT(refusal(uncounted), HasSubstr("have no counts"));
}

}  // namespace
}  // namespace wenyuan::llm
