#include "llm/hf_names.h"

#include <charconv>
#include <vector>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

using enum TensorForm;

// What llama and its relatives share; queries and keys come before these where they are permuted.
#define WY_DECODER_RULES                                                                        \
  {"embed_tokens", "token_embd"}, {"norm", "output_norm"}, {"lm_head", "output"},               \
      {"layers.#.input_layernorm", "blk.#.attn_norm"},                                          \
      {"layers.#.self_attn.q_proj", "blk.#.attn_q"},                                            \
      {"layers.#.self_attn.k_proj", "blk.#.attn_k"},                                            \
      {"layers.#.self_attn.v_proj", "blk.#.attn_v"},                                            \
      {"layers.#.self_attn.o_proj", "blk.#.attn_output"},                                       \
      {"layers.#.self_attn.rotary_emb.inv_freq", "", left_out},                                 \
      {"layers.#.post_attention_layernorm", "blk.#.ffn_norm"},                                  \
      {"layers.#.mlp.gate_proj", "blk.#.ffn_gate"}, {"layers.#.mlp.up_proj", "blk.#.ffn_up"}, { \
    "layers.#.mlp.down_proj", "blk.#.ffn_down"                                                  \
  }
#define WY_EXPERT_RULES                                                                           \
  {"layers.#.mlp.gate", "blk.#.ffn_gate_inp"},                                                    \
      {"layers.#.mlp.experts.@.gate_proj", "blk.#.ffn_gate_exps", expert},                        \
      {"layers.#.mlp.experts.@.up_proj", "blk.#.ffn_up_exps", expert},                            \
      {"layers.#.mlp.experts.@.down_proj", "blk.#.ffn_down_exps", expert},                        \
      {"layers.#.mlp.experts.gate_up_proj", "blk.#.ffn_gate_exps", gate_up, "blk.#.ffn_up_exps"}, \
  {                                                                                               \
    "layers.#.mlp.experts.down_proj", "blk.#.ffn_down_exps"                                       \
  }
#define WY_PERMUTED_RULES                                    \
  {"layers.#.self_attn.q_proj", "blk.#.attn_q", permuted}, { \
    "layers.#.self_attn.k_proj", "blk.#.attn_k", permuted    \
  }

constexpr NameRule kLlama[] = {
    WY_PERMUTED_RULES,
    WY_DECODER_RULES,
    {"layers.#.block_sparse_moe.gate", "blk.#.ffn_gate_inp"},
    {"layers.#.block_sparse_moe.experts.@.w1", "blk.#.ffn_gate_exps", expert},
    {"layers.#.block_sparse_moe.experts.@.w2", "blk.#.ffn_down_exps", expert},
    {"layers.#.block_sparse_moe.experts.@.w3", "blk.#.ffn_up_exps", expert},
};

constexpr NameRule kQwen[] = {
    WY_DECODER_RULES,
    WY_EXPERT_RULES,
    {"layers.#.self_attn.q_norm", "blk.#.attn_q_norm"},
    {"layers.#.self_attn.k_norm", "blk.#.attn_k_norm"},
    {"layers.#.mlp.shared_expert.gate_proj", "blk.#.ffn_gate_shexp"},
    {"layers.#.mlp.shared_expert.up_proj", "blk.#.ffn_up_shexp"},
    {"layers.#.mlp.shared_expert.down_proj", "blk.#.ffn_down_shexp"},
    {"layers.#.mlp.shared_expert_gate", "blk.#.ffn_gate_inp_shexp"},
};

constexpr NameRule kGranite[] = {
    WY_PERMUTED_RULES,
    WY_DECODER_RULES,
    {"layers.#.block_sparse_moe.router.layer", "blk.#.ffn_gate_inp"},
    {"layers.#.block_sparse_moe.input_linear", "blk.#.ffn_gate_exps", gate_up, "blk.#.ffn_up_exps"},
    {"layers.#.block_sparse_moe.output_linear", "blk.#.ffn_down_exps"},
};

constexpr NameRule kGemma3[] = {
    {"norm", "output_norm", plus_one},
    {"layers.#.input_layernorm", "blk.#.attn_norm", plus_one},
    {"layers.#.self_attn.q_norm", "blk.#.attn_q_norm", plus_one},
    {"layers.#.self_attn.k_norm", "blk.#.attn_k_norm", plus_one},
    {"layers.#.post_attention_layernorm", "blk.#.post_attention_norm", plus_one},
    {"layers.#.pre_feedforward_layernorm", "blk.#.ffn_norm", plus_one},
    {"layers.#.post_feedforward_layernorm", "blk.#.post_ffw_norm", plus_one},
    WY_DECODER_RULES,
    {"vision_tower", "", left_out},
    {"multi_modal_projector", "", left_out},
};

constexpr NameRule kDeepseek2[] = {
    WY_DECODER_RULES,
    WY_EXPERT_RULES,
    {"layers.#.self_attn.q_a_proj", "blk.#.attn_q_a"},
    {"layers.#.self_attn.q_a_layernorm", "blk.#.attn_q_a_norm"},
    {"layers.#.self_attn.q_b_proj", "blk.#.attn_q_b"},
    {"layers.#.self_attn.kv_a_proj_with_mqa", "blk.#.attn_kv_a_mqa"},
    {"layers.#.self_attn.kv_a_layernorm", "blk.#.attn_kv_a_norm"},
    {"layers.#.self_attn.kv_b_proj", "blk.#.attn_k_b", key_value, "blk.#.attn_v_b"},
    {"layers.#.mlp.gate.e_score_correction_bias", "blk.#.exp_probs_b.bias"},
    {"layers.#.mlp.shared_experts.gate_proj", "blk.#.ffn_gate_shexp"},
    {"layers.#.mlp.shared_experts.up_proj", "blk.#.ffn_up_shexp"},
    {"layers.#.mlp.shared_experts.down_proj", "blk.#.ffn_down_shexp"},
};

constexpr NameRule kBert[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.position_embeddings", "position_embd", positions},
    {"embeddings.token_type_embeddings", "token_types"},
    {"embeddings.LayerNorm", "token_embd_norm"},
    {"embeddings.position_ids", "", left_out},
    {"encoder.layer.#.attention.self.query", "blk.#.attn_q"},
    {"encoder.layer.#.attention.self.key", "blk.#.attn_k"},
    {"encoder.layer.#.attention.self.value", "blk.#.attn_v"},
    {"encoder.layer.#.attention.output.dense", "blk.#.attn_output"},
    {"encoder.layer.#.attention.output.LayerNorm", "blk.#.attn_output_norm"},
    {"encoder.layer.#.intermediate.dense", "blk.#.ffn_up"},
    {"encoder.layer.#.output.dense", "blk.#.ffn_down"},
    {"encoder.layer.#.output.LayerNorm", "blk.#.layer_output_norm"},
    {"pooler.dense", "cls"},  // of use only below a classifier
    {"classifier", "cls.output"},
    {"classifier.dense", "cls"},
    {"classifier.out_proj", "cls.output"},
    {"cls", "", left_out},
    {"lm_head", "", left_out},
};

constexpr NameRule kNomicBert[] = {
    {"embeddings.word_embeddings", "token_embd"},
    {"embeddings.token_type_embeddings", "token_types"},
    {"emb_ln", "token_embd_norm"},
    {"encoder.layers.#.attn.Wqkv", "blk.#.attn_qkv"},
    {"encoder.layers.#.attn.out_proj", "blk.#.attn_output"},
    {"encoder.layers.#.norm1", "blk.#.attn_output_norm"},
    {"encoder.layers.#.norm2", "blk.#.layer_output_norm"},
    {"encoder.layers.#.mlp.fc11", "blk.#.ffn_up"},
    {"encoder.layers.#.mlp.fc12", "blk.#.ffn_gate"},
    {"encoder.layers.#.mlp.fc2", "blk.#.ffn_down"},
    {"pooler", "", left_out},
    {"cls", "", left_out},
};

std::string_view without_prefixes(std::string_view name) {
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view prefix :
         {"model.", "language_model.", "bert.", "roberta.", "nomic_bert."}) {
      if (!name.starts_with(prefix)) continue;
      name.remove_prefix(prefix.size());
      again = true;
    }
  }
  return name;
}

bool fits(const NameRule& rule, std::string_view key) {
  if (rule.form == left_out && rule.from.find('#') == std::string_view::npos) {
    return key == rule.from ||
           (key.starts_with(rule.from) && key.substr(rule.from.size()).starts_with('.'));
  }
  return key == rule.from;
}

// Removes a last part that says what kind of numbers these are.
std::string_view cut_suffix(std::string_view& name) {
  for (const std::string_view suffix : {".weight", ".bias", ".gamma", ".beta"}) {
    if (!name.ends_with(suffix)) continue;
    name.remove_suffix(suffix.size());
    return suffix == ".gamma" ? ".weight" : suffix == ".beta" ? ".bias" : suffix;
  }
  return {};
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::span<const NameRule> name_rules(std::string_view architecture) {
  if (architecture == "llama") return kLlama;
  if (architecture == "granitemoe") return kGranite;
  if (architecture == "gemma3") return kGemma3;
  if (architecture == "deepseek2") return kDeepseek2;
  if (architecture == "bert") return kBert;
  if (architecture == "nomic-bert") return kNomicBert;
  return kQwen;  // and olmoe, which has no more than these
}

std::string MatchedName::filled(std::string_view pattern) const {
  std::string text;
  for (const char letter : pattern) {
    if (letter == '#') {
      text += std::to_string(layer);
    } else {
      text += letter;
    }
  }
  if (!text.ends_with(".bias")) text += suffix.empty() ? ".weight" : suffix;
  return text;
}

std::optional<MatchedName> match_name(std::span<const NameRule> rules, std::string_view name) {
  MatchedName match;
  std::string_view rest = without_prefixes(name);
  match.suffix = cut_suffix(rest);
  std::string key;
  int numbers = 0;
  for (const std::string_view part : split(rest, '.')) {
    if (!key.empty()) key += '.';
    const auto number = numbers < 2 ? number_of(part) : std::nullopt;
    if (!number) {
      key += part;
      continue;
    }
    (numbers == 0 ? match.layer : match.expert) = *number;
    key += numbers++ == 0 ? '#' : '@';
  }
  for (const NameRule& rule : rules) {
    if (!fits(rule, key)) continue;
    match.rule = &rule;
    return match;
  }
  return std::nullopt;
}

}  // namespace wenyuan::llm
