#include "llm/hf_parameters.h"

#include <cmath>
#include <utility>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;

Error unsupported(const std::string& what) { return Error{ErrorCode::unsupported_media, what}; }

// What one activation is called in config files.
bool is_one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (text == name) return true;
  }
  return false;
}

class Parameters {
 public:
  explicit Parameters(const HfConfig& config) : config_(config) {}

  Result<GgufMetadata> run();

 private:
  void set(const char* key, GgufValue value) {
    metadata_.emplace_back(config_.architecture() + "." + key, std::move(value));
  }
  void set_real(const char* key, double value) { set(key, static_cast<float>(value)); }
  // When the configuration has it.
  void pass_real(const char* key, HfConfig::Keys from) {
    if (const auto value = config_.real(from)) set_real(key, *value);
  }
  Status pass_size(const char* key, HfConfig::Keys from);
  Status require_size(const char* key, HfConfig::Keys from);

  Status set_common();
  Status set_decoder();
  Status set_rope();
  Status set_yarn();
  Status set_experts();
  Status set_qwen_moe();
  Status set_granite();
  Status set_gemma3();
  Status set_deepseek2();
  Status set_encoder();
  Status set_context();
  Status check_activation() const;
  Status check_window();

  const HfConfig& config_;
  GgufMetadata metadata_;
};

Status Parameters::pass_size(const char* key, HfConfig::Keys from) {
  return config_.integer(from) ? require_size(key, from) : Status(Done{});
}

Status Parameters::require_size(const char* key, HfConfig::Keys from) {
  WY_TRY(const std::uint32_t value, config_.size(from));
  set(key, value);
  return Done{};
}

Status Parameters::check_activation() const {
  const std::string name =
      config_.text({"hidden_activation", "hidden_act", "activation_function"}).value_or("");
  const bool fits = config_.architecture() == "bert"         ? is_one_of(name, {"", "gelu"})
                    : config_.architecture() == "nomic-bert" ? is_one_of(name, {"silu", "swiglu"})
                    : config_.architecture() == "gemma3"
                        ? is_one_of(name, {"", "gelu_pytorch_tanh"})
                        : is_one_of(name, {"", "silu", "swish"});
  if (fits) return Done{};
  return unsupported("the activation " + json_quoted(std::string_view(name).substr(0, 100)) +
                     " does not belong to the architecture " + config_.architecture());
}

// Full attention over a context no longer than the window is the same as a window.
Status Parameters::check_window() {
  const bool is_used = config_.flag({"use_sliding_window"}).value_or(true);
  if (is_used && config_.find("layer_types") != nullptr) {
    for (const json& type : *config_.find("layer_types")) {
      if (type == "sliding_attention") return unsupported("sliding windows in some layers only");
    }
    return Done{};
  }
  return Done{};
}

Status Parameters::set_context() {
  WY_TRY(std::uint32_t context, config_.size({"max_position_embeddings", "n_positions"}));
  if (config_.model_type() == "xlm-roberta") {
    const std::int64_t padding = config_.integer({"pad_token_id"}).value_or(1);
    if (padding < 0 || padding + 1 >= context) return unsupported("pad_token_id is out of range");
    context -= static_cast<std::uint32_t>(padding + 1);
  }
  // The published configurations name a length that was reached by another scaling.
  if (config_.architecture() == "nomic-bert" && context == 8192) context = 2048;
  const auto window = config_.integer({"sliding_window"});
  const bool is_whole_window =
      config_.class_name() == "MistralForCausalLM" && window && *window > 0 && *window < context;
  if (is_whole_window) context = static_cast<std::uint32_t>(*window);
  set("context_length", context);
  return Done{};
}

Status Parameters::set_common() {
  WY_RETURN_IF_ERROR(check_activation());
  WY_RETURN_IF_ERROR(require_size("block_count", {"num_hidden_layers", "n_layer"}));
  WY_RETURN_IF_ERROR(set_context());
  WY_RETURN_IF_ERROR(require_size("embedding_length", {"hidden_size", "n_embd"}));
  WY_RETURN_IF_ERROR(require_size("feed_forward_length", {"intermediate_size", "n_inner"}));
  return require_size("attention.head_count", {"num_attention_heads", "n_head"});
}

Status Parameters::set_decoder() {
  const std::string& architecture = config_.architecture();
  const auto epsilon = config_.real({"rms_norm_eps"});
  if (!epsilon) return unsupported("config.json has no rms_norm_eps");
  set_real("attention.layer_norm_rms_epsilon", *epsilon);
  if (architecture != "deepseek2") {
    WY_TRY(const std::uint32_t key_heads, config_.key_heads());
    set("attention.head_count_kv", key_heads);
    if (config_.find("head_dim") != nullptr) {
      WY_TRY(const std::uint32_t head_size, config_.head_size());
      set("attention.key_length", head_size);
      set("attention.value_length", head_size);
    }
  }
  WY_RETURN_IF_ERROR(set_rope());
  if (architecture == "llama" || architecture == "granitemoe" || architecture == "deepseek2") {
    WY_RETURN_IF_ERROR(require_size("vocab_size", {"vocab_size"}));
  }
  if (architecture == "llama" || architecture == "granitemoe") {
    WY_TRY(const std::uint32_t head_size, config_.head_size());
    set("rope.dimension_count", head_size);
  }
  if (config_.flag({"mlp_bias"}).value_or(false)) return unsupported("biases in the inner layers");
  return set_experts();
}

Status Parameters::set_yarn() {
  const HfRope& rope = config_.rope();
  const auto factor = rope.real("factor");
  const auto context = rope.real("original_max_position_embeddings");
  if (!factor || *factor <= 0 || !context || *context < 1 || *context > 1 << 24) {
    return unsupported("rope_scaling has no usable factor and original length");
  }
  set("rope.scaling.type", std::string("yarn"));
  set_real("rope.scaling.factor", *factor);
  set("rope.scaling.original_context_length", static_cast<std::uint32_t>(*context));
  for (const auto& [key, from] : {std::pair("rope.scaling.yarn_ext_factor", "extrapolation_factor"),
                                  std::pair("rope.scaling.yarn_attn_factor", "attention_factor"),
                                  std::pair("rope.scaling.yarn_beta_fast", "beta_fast"),
                                  std::pair("rope.scaling.yarn_beta_slow", "beta_slow")}) {
    if (const auto value = rope.real(from)) set_real(key, *value);
  }
  if (const auto at = rope.scaling.find("truncate"); at != rope.scaling.end() && *at == false) {
    return unsupported("yarn without truncation");
  }
  return Done{};
}

Status Parameters::set_rope() {
  const HfRope& rope = config_.rope();
  if (rope.theta) set_real("rope.freq_base", *rope.theta);
  if (rope.local_theta) set_real("rope.freq_base_swa", *rope.local_theta);
  if (config_.real({"partial_rotary_factor"}).value_or(1) != 1) {
    return unsupported("rotations of a part of each head");
  }
  if (rope.type == "yarn") return set_yarn();
  if (rope.type == "linear") {
    const auto factor = rope.real("factor");
    if (!factor || *factor <= 0) return unsupported("rope_scaling has no usable factor");
    set("rope.scaling.type", std::string("linear"));
    set_real("rope.scaling.factor", *factor);
    return Done{};
  }
  // llama 3's factors are a tensor.
  if (is_one_of(rope.type, {"default", "llama3"})) return Done{};
  return unsupported("rotations of the type " +
                     json_quoted(std::string_view(rope.type).substr(0, 100)));
}

Status Parameters::set_experts() {
  if (config_.experts() == 0) return Done{};
  set("expert_count", config_.experts());
  WY_RETURN_IF_ERROR(require_size("expert_used_count", {"num_experts_per_tok"}));
  if (config_.architecture() == "deepseek2") return Done{};
  WY_RETURN_IF_ERROR(pass_size("expert_feed_forward_length", {"moe_intermediate_size"}));
  WY_RETURN_IF_ERROR(
      pass_size("expert_shared_feed_forward_length", {"shared_expert_intermediate_size"}));
  return config_.architecture().starts_with("qwen") ? set_qwen_moe() : Status(Done{});
}

Status Parameters::set_qwen_moe() {
  const json* dense = config_.find("mlp_only_layers");
  if (config_.integer({"decoder_sparse_step"}).value_or(1) != 1 ||
      (dense != nullptr && !dense->empty())) {
    return unsupported("layers without experts between layers with experts");
  }
  // Readers know the usual choice of each architecture.
  const bool usual = config_.architecture() == "qwen3moe";
  const bool is_normed = config_.flag({"norm_topk_prob"}).value_or(false);
  if (is_normed != usual) set("expert_weights_norm", is_normed);
  return Done{};
}

Status Parameters::set_granite() {
  pass_real("attention.scale", {"attention_multiplier"});
  pass_real("embedding_scale", {"embedding_multiplier"});
  pass_real("residual_scale", {"residual_multiplier"});
  pass_real("logit_scale", {"logits_scaling"});
  return Done{};
}

Status Parameters::set_gemma3() {
  if (config_.find("attn_logit_softcapping") != nullptr) {
    return unsupported("attn_logit_softcapping");
  }
  if (config_.flag({"use_bidirectional_attention"}).value_or(false)) {
    return unsupported("attention in both directions");
  }
  pass_real("final_logit_softcapping", {"final_logit_softcapping"});
  WY_RETURN_IF_ERROR(require_size("attention.sliding_window", {"sliding_window"}));
  std::int64_t period = config_.integer({"sliding_window_pattern"}).value_or(6);
  if (const json* types = config_.find("layer_types"); types != nullptr && types->is_array()) {
    period = 0;
    for (std::size_t i = 0; i < types->size(); ++i) {
      const bool is_full = (*types)[i] == "full_attention";
      if (is_full && period == 0) period = static_cast<std::int64_t>(i) + 1;
      const bool expected = period != 0 && static_cast<std::int64_t>(i + 1) % period == 0;
      if (is_full != expected) return unsupported("layer_types without a period");
    }
    if (period == 0) period = static_cast<std::int64_t>(types->size()) + 1;
  }
  if (period < 1 || period > 1000) return unsupported("sliding_window_pattern is out of range");
  if (period != 6) set("attention.sliding_window_pattern", static_cast<std::uint32_t>(period));
  const auto scalar = config_.real({"query_pre_attn_scalar"});
  WY_TRY(const std::uint32_t head_size, config_.head_size());
  if (scalar && *scalar > 0 && *scalar != head_size) {
    set_real("attention.scale", 1 / std::sqrt(*scalar));
  }
  return Done{};
}

Status Parameters::set_deepseek2() {
  // Keys and values of all heads come out of one latent vector: one head of keys.
  set("attention.head_count_kv", std::uint32_t{1});
  WY_TRY(const std::uint32_t rank, config_.size({"kv_lora_rank"}));
  WY_TRY(const std::uint32_t rotated, config_.size({"qk_rope_head_dim"}));
  WY_TRY(const std::uint32_t unrotated, config_.size({"qk_nope_head_dim"}));
  const std::int64_t query_rank = config_.integer({"q_lora_rank"}).value_or(0);
  if (query_rank < 0 || query_rank > 1 << 24) return unsupported("q_lora_rank is out of range");
  set("attention.q_lora_rank", static_cast<std::uint32_t>(query_rank));
  set("attention.kv_lora_rank", rank);
  set("attention.key_length", rank + rotated);
  set("attention.value_length", rank);
  set("attention.key_length_mla", unrotated + rotated);
  WY_RETURN_IF_ERROR(require_size("attention.value_length_mla", {"v_head_dim"}));
  set("rope.dimension_count", rotated);
  if (config_.integer({"moe_layer_freq"}).value_or(1) != 1) {
    return unsupported("layers without experts between layers with experts");
  }
  const std::int64_t dense = config_.integer({"first_k_dense_replace"}).value_or(0);
  if (dense < 0 || dense > 1 << 16) return unsupported("first_k_dense_replace is out of range");
  set("leading_dense_block_count", static_cast<std::uint32_t>(dense));
  WY_RETURN_IF_ERROR(require_size("expert_feed_forward_length", {"moe_intermediate_size"}));
  const std::int64_t shared = config_.integer({"n_shared_experts"}).value_or(0);
  if (shared < 0 || shared > 1 << 16) return unsupported("n_shared_experts is out of range");
  set("expert_shared_count", static_cast<std::uint32_t>(shared));
  pass_real("expert_weights_scale", {"routed_scaling_factor"});
  const bool is_third = config_.model_type() == "deepseek_v3";
  if (config_.flag({"norm_topk_prob"}).value_or(is_third)) set("expert_weights_norm", true);
  const std::string gate =
      config_.text({"scoring_func"}).value_or(is_third ? "sigmoid" : "softmax");
  if (!is_one_of(gate, {"softmax", "sigmoid"})) return unsupported("the gate " + json_quoted(gate));
  set("expert_gating_func", std::uint32_t{gate == "softmax" ? 1U : 2U});
  // The greedy choice looks at no groups, whatever their number.
  if (config_.text({"topk_method"}).value_or("") != "greedy") {
    WY_RETURN_IF_ERROR(pass_size("expert_group_count", {"n_group"}));
    WY_RETURN_IF_ERROR(pass_size("expert_group_used_count", {"topk_group"}));
  }
  const auto all = config_.rope().real("mscale_all_dim");
  if (all && config_.rope().real("mscale").value_or(*all) != *all) {
    return unsupported("mscale that differs from mscale_all_dim");
  }
  if (all) set_real("rope.scaling.yarn_log_multiplier", 0.1 * *all);
  return Done{};
}

Status Parameters::set_encoder() {
  const auto epsilon = config_.real({"layer_norm_eps", "layer_norm_epsilon"});
  if (!epsilon) return unsupported("config.json has no layer_norm_eps");
  set_real("attention.layer_norm_epsilon", *epsilon);
  set("attention.causal", false);
  if (config_.text({"position_embedding_type"}).value_or("absolute") != "absolute") {
    return unsupported("relative positions");
  }
  if (config_.architecture() != "nomic-bert") return Done{};
  for (const char* key : {"qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias", "prenorm", "causal",
                          "rotary_emb_interleaved", "use_rms_norm"}) {
    if (config_.flag({key}).value_or(false))
      return unsupported(std::string("nomic-bert with ") + key);
  }
  if (config_.real({"rotary_emb_fraction"}).value_or(1) != 1) {
    return unsupported("rotations of a part of each head");
  }
  set_real("rope.freq_base", config_.rope().theta.value_or(1000));
  return Done{};
}

Result<GgufMetadata> Parameters::run() {
  WY_RETURN_IF_ERROR(set_common());
  if (config_.is_encoder()) {
    WY_RETURN_IF_ERROR(set_encoder());
    return std::move(metadata_);
  }
  WY_RETURN_IF_ERROR(set_decoder());
  const std::string& architecture = config_.architecture();
  Status status = Done{};
  if (architecture == "granitemoe") status = set_granite();
  if (architecture == "gemma3") status = set_gemma3();
  if (architecture == "deepseek2") status = set_deepseek2();
  if (architecture.starts_with("qwen")) status = check_window();
  WY_RETURN_IF_ERROR(std::move(status));
  return std::move(metadata_);
}

}  // namespace

Result<GgufMetadata> hf_parameters(const HfConfig& config) { return Parameters(config).run(); }

}  // namespace wenyuan::llm
