// Small models with random weights in given formats, for tests of the arithmetic.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "llm/gguf.h"
#include "llm/tokenizer.h"
#include "tests/compute/helpers.h"
#include "tests/llm/gguf_bytes.h"

namespace wenyuan::llm {

// A weight format as compute names it and as the file numbers it.
struct Format {
  compute::WeightType type;
  TensorType number;
};
constexpr Format kQ4_0{compute::WeightType::q4_0, TensorType::q4_0};
constexpr Format kQ8_0{compute::WeightType::q8_0, TensorType::q8_0};
constexpr Format kQ4_K{compute::WeightType::q4_k, TensorType::q4_k};
constexpr Format kQ6_K{compute::WeightType::q6_k, TensorType::q6_k};
constexpr Format kF16{compute::WeightType::f16, TensorType::f16};

class RandomModel {
 public:
  void weights(const std::string& name, std::uint64_t inputs, std::uint64_t outputs,
               const Format& format) {
    const auto bytes = compute::random_weights(format.type, inputs * outputs, ++seed_);
    file.tensor(name, {inputs, outputs}, static_cast<std::uint32_t>(format.number), bytes);
  }
  void vector(const std::string& name, std::uint64_t size, float around) {
    auto values = compute::random_floats(size, ++seed_, 0.1F);
    for (float& value : values) value += around;
    file.tensor(name, {size}, 0,
                {reinterpret_cast<const std::uint8_t*>(values.data()), values.size() * 4});
  }

  GgufFile file;

 private:
  std::uint32_t seed_ = 0;
};

inline constexpr std::uint32_t kVocabulary = 300;

inline std::string random_llama(const Format& most, const Format& some) {
  RandomModel model;
  model.file.text("general.architecture", "llama");
  model.file.integer("llama.block_count", 2);
  model.file.integer("llama.context_length", 1024);
  model.file.integer("llama.embedding_length", 256);
  model.file.integer("llama.feed_forward_length", 512);
  model.file.integer("llama.attention.head_count", 4);
  model.file.integer("llama.attention.head_count_kv", 2);
  model.file.real("llama.attention.layer_norm_rms_epsilon", 1e-5F);
  model.file.real("llama.rope.freq_base", 10000.0F);
  model.weights("token_embd.weight", 256, kVocabulary, kQ8_0);
  model.vector("output_norm.weight", 256, 1);
  for (const std::string prefix : {"blk.0.", "blk.1."}) {
    model.vector(prefix + "attn_norm.weight", 256, 1);
    model.weights(prefix + "attn_q.weight", 256, 256, most);
    model.weights(prefix + "attn_k.weight", 256, 128, most);
    model.weights(prefix + "attn_v.weight", 256, 128, some);
    model.weights(prefix + "attn_output.weight", 256, 256, most);
    model.vector(prefix + "ffn_norm.weight", 256, 1);
    model.weights(prefix + "ffn_gate.weight", 256, 512, most);
    model.weights(prefix + "ffn_up.weight", 256, 512, some);
    model.weights(prefix + "ffn_down.weight", 512, 256, some);
  }
  return model.file.bytes();
}

inline std::string random_bert(const Format& format, std::uint32_t pooling) {
  RandomModel model;
  model.file.text("general.architecture", "bert");
  model.file.integer("bert.block_count", 2);
  model.file.integer("bert.context_length", 600);
  model.file.integer("bert.embedding_length", 64);
  model.file.integer("bert.feed_forward_length", 128);
  model.file.integer("bert.attention.head_count", 2);
  model.file.real("bert.attention.layer_norm_epsilon", 1e-12F);
  model.file.integer("bert.pooling_type", pooling);
  model.weights("token_embd.weight", 64, kVocabulary, format);
  model.weights("position_embd.weight", 64, 600, kF16);
  model.weights("token_types.weight", 64, 2, kF16);
  const auto norm = [&](const std::string& name) {
    model.vector(name + ".weight", 64, 1);
    model.vector(name + ".bias", 64, 0);
  };
  const auto linear = [&](const std::string& name, std::uint64_t inputs, std::uint64_t outputs) {
    model.weights(name + ".weight", inputs, outputs, format);
    model.vector(name + ".bias", outputs, 0);
  };
  norm("token_embd_norm");
  for (const std::string prefix : {"blk.0.", "blk.1."}) {
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
      linear(prefix + name, 64, 64);
    }
    norm(prefix + "attn_output_norm");
    linear(prefix + "ffn_up", 64, 128);
    linear(prefix + "ffn_down", 128, 64);
    norm(prefix + "layer_output_norm");
  }
  return model.file.bytes();
}

// The mapping stays when the file's name is gone.
inline std::shared_ptr<const Gguf> opened(const std::string& bytes) {
  const TemporaryFile file("wenyuan_numerics_" + std::to_string(::getpid()), bytes);
  auto gguf = Gguf::open(file.path());
  return gguf ? std::make_shared<const Gguf>(*std::move(gguf)) : nullptr;
}

inline std::vector<TokenId> some_tokens(std::size_t count, std::uint32_t seed) {
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 1664525U + 1013904223U;
    tokens.push_back(static_cast<TokenId>((seed >> 8) % kVocabulary));
  }
  return tokens;
}

// Where real models are, for the tests that need them.
inline std::filesystem::path real_model(const std::string& name) {
  const char* folder = std::getenv("WENYUAN_MODELS_DIR");  // NOLINT: no other thread yet
  if (folder != nullptr) return std::filesystem::path(folder) / name;
  const char* home = std::getenv("HOME");  // NOLINT
  return std::filesystem::path(home == nullptr ? "" : home) / ".local/share/wenyuan/models" / name;
}

}  // namespace wenyuan::llm
