#include "llm/quantize_mix.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

using enum TensorType;

constexpr QuantizeMix kMixes[] = {
    {"F32", f32, 0},      {"F16", f16, 1},        {"BF16", bf16, 32},     {"Q4_0", q4_0, 2},
    {"Q4_1", q4_1, 3},    {"Q5_0", q5_0, 8},      {"Q5_1", q5_1, 9},      {"Q8_0", q8_0, 7},
    {"Q2_K", q2_k, 10},   {"Q3_K_S", q3_k, 11},   {"Q3_K_M", q3_k, 12},   {"Q3_K_L", q3_k, 13},
    {"Q4_K_S", q4_k, 14}, {"Q4_K_M", q4_k, 15},   {"Q5_K_S", q5_k, 16},   {"Q5_K_M", q5_k, 17},
    {"Q6_K", q6_k, 18},   {"IQ4_NL", iq4_nl, 25}, {"IQ4_XS", iq4_xs, 30}, {"MXFP4_MOE", mxfp4, 38}};

enum class Role { embedding, output, value, key, attention_output, fused, down, other };

Role role_of(std::string_view name) {
  const auto has = [name](std::string_view part) { return name.find(part) != name.npos; };
  if (name == "output.weight") return Role::output;
  if (name == "token_embd.weight") return Role::embedding;
  if (has("attn_qkv.weight")) return Role::fused;
  if (has("attn_v.weight") || has("attn_kv_b.weight")) return Role::value;
  if (has("attn_k.weight")) return Role::key;
  if (has("attn_output.weight")) return Role::attention_output;
  if (has("ffn_down")) return Role::down;
  return Role::other;
}

std::int64_t layer_of(std::string_view name) {
  std::int64_t layer = 0;
  if (!name.starts_with("blk.")) return 0;
  for (const char digit : name.substr(4)) {
    if (digit < '0' || digit > '9' || layer > 1 << 20) break;
    layer = layer * 10 + (digit - '0');
  }
  return layer;
}

// The first and the last eighth of the layers, and every third between.
bool gets_more_bits(std::int64_t layer, std::int64_t layers) {
  return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

class Chooser {
 public:
  Chooser(const QuantizeMix& mix, const MixFacts& facts, const TensorView& tensor)
      : mix_(mix), facts_(facts), layer_(layer_of(tensor.name)) {}

  TensorType choose(Role role, bool is_stack) const {
    const bool is_output = role == Role::output || (role == Role::embedding && !facts_.has_output);
    if (is_output) return of_output();
    if (mix_.base == mxfp4) return is_stack ? mxfp4 : q8_0;
    switch (role) {
      case Role::value: return of_values();
      case Role::key: return facts_.experts == 8 && is_small() ? q8_0 : mix_.base;
      case Role::attention_output: return of_attention_output();
      case Role::fused: return of_fused();
      case Role::down: return of_down();
      default: return mix_.base;
    }
  }

 private:
  bool is(std::string_view name) const { return mix_.name == name; }
  bool is_k() const { return block_size(mix_.base)->elements == 256; }
  bool is_small() const { return is_k() || mix_.base == iq4_nl; }

  TensorType of_output() const {
    if (mix_.base == f32 || mix_.base == f16 || mix_.base == bf16) return mix_.base;
    return mix_.base == q8_0 || mix_.base == mxfp4 ? q8_0 : q6_k;
  }

  TensorType of_values() const {
    const bool shares = facts_.heads_a_key >= 4;
    TensorType type = mix_.base;
    if (is("Q2_K")) type = shares ? q4_k : q3_k;
    if (is("Q3_K_M")) type = layer_ < 2 ? q5_k : q4_k;
    if (is("Q3_K_L")) type = q5_k;
    if ((is("IQ4_NL") || is("IQ4_XS")) && shares) type = q5_k;
    if ((is("Q4_K_M") || is("Q5_K_M")) && gets_more_bits(layer_, facts_.layers)) type = q6_k;
    if (is("Q4_K_S") && layer_ < 4) type = q5_k;
    return facts_.experts == 8 && is_small() ? q8_0 : type;
  }

  TensorType of_attention_output() const {
    const bool low = is("Q2_K") || is("Q3_K_S") || is("Q3_K_M") || is("IQ4_NL") || is("IQ4_XS") ||
                     is("Q4_K_S") || is("Q4_K_M");
    if (facts_.experts == 8) return low ? q5_k : mix_.base;
    if (is("Q2_K")) return q3_k;
    if (is("Q3_K_M")) return q4_k;
    if (is("Q3_K_L")) return q5_k;
    return mix_.base;
  }

  TensorType of_fused() const {
    if (is("Q3_K_M") || is("Q3_K_L")) return q4_k;
    if (is("Q4_K_M")) return q5_k;
    if (is("Q5_K_M")) return q6_k;
    return mix_.base;
  }

  TensorType of_down() const {
    const bool is_early = layer_ < facts_.layers / 8;
    if (is("Q2_K")) return q3_k;
    if (is("Q3_K_M")) return layer_ < facts_.layers / 16 ? q5_k : q4_k;
    if (is("Q3_K_L")) return q5_k;
    if (is("Q4_K_M") || is("Q5_K_M")) {
      return gets_more_bits(layer_, facts_.layers) ? q6_k : mix_.base;
    }
    if (!is_early) return mix_.base;
    if (is("Q4_K_S")) return q5_k;
    if ((is("IQ4_NL") || is("IQ4_XS")) && !facts_.has_importance) return q5_k;
    if (is("Q4_0") && facts_.has_importance) return q4_1;
    if (is("Q5_0") && facts_.has_importance) return q5_1;
    return mix_.base;
  }

  const QuantizeMix& mix_;
  const MixFacts& facts_;
  std::int64_t layer_;
};

bool stays(const TensorView& tensor) {
  const std::string_view name = tensor.name;
  if (tensor.shape.size() < 2 || tensor.type == i32 || !name.ends_with("weight")) return true;
  // A row of sizes 1 is a vector all the same.
  if (tensor.element_count() == tensor.shape.front()) return true;
  for (const std::string_view part : {"_norm.weight", "ffn_gate_inp.weight", "position_embd.weight",
                                      "token_types.weight", "rope_freqs.weight"}) {
    if (name.find(part) != name.npos) return true;
  }
  return false;
}

// For rows that are no whole blocks.
TensorType with_smaller_blocks(TensorType type) {
  switch (type) {
    case iq4_xs: return iq4_nl;
    case q2_k:
    case q3_k: return q4_0;
    case q4_k: return q5_0;
    case q5_k: return q5_1;
    case q6_k: return q8_0;
    default: return f16;
  }
}

}  // namespace

std::optional<QuantizeMix> quantize_mix(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  for (const std::string& wanted : {lower, lower + "_m", lower + "_moe"}) {
    for (const QuantizeMix& mix : kMixes) {
      if (to_lower_ascii(mix.name) == wanted) return mix;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> quantize_mix_names() {
  std::vector<std::string_view> names;
  for (const QuantizeMix& mix : kMixes) names.push_back(mix.name);
  return names;
}

MixFacts MixFacts::of(const Gguf& file, bool has_importance) {
  const auto number = [&](const char* key, std::int64_t otherwise) {
    return std::max<std::int64_t>(file.integer(file.architecture() + "." + key).value_or(otherwise),
                                  0);
  };
  MixFacts facts;
  facts.layers = number("block_count", 0);
  facts.experts = number("expert_count", 0);
  const std::int64_t heads = number("attention.head_count", 1);
  facts.heads_a_key = heads / std::max<std::int64_t>(1, number("attention.head_count_kv", heads));
  facts.has_output = file.tensor("output.weight") != nullptr;
  facts.has_importance = has_importance;
  return facts;
}

TensorType mixed_type(const QuantizeMix& mix, const MixFacts& facts, const TensorView& tensor) {
  if (stays(tensor)) return tensor.type;
  const bool is_stack = tensor.shape.size() > 2 && tensor.shape[2] > 1;
  TensorType type = Chooser(mix, facts, tensor).choose(role_of(tensor.name), is_stack);
  for (int tries = 0; tries < 2; ++tries) {
    if (tensor.shape.front() % block_size(type)->elements == 0) return type;
    type = with_smaller_blocks(type);
  }
  return tensor.shape.front() % block_size(type)->elements == 0 ? type : f16;
}

}  // namespace wenyuan::llm
