#include "llm/hf_config.h"

#include <cmath>
#include <utility>

#include "base/text.h"
#include "llm/json_file.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;

constexpr std::size_t kConfigSizeMax = std::size_t{4} << 20;
constexpr std::int64_t kSizeMax = std::int64_t{1} << 24;

struct KnownClass {
  std::string_view class_name;
  std::string_view architecture;
  bool is_encoder;
};

constexpr KnownClass kClasses[] = {
    {"LlamaForCausalLM", "llama", false},
    {"MistralForCausalLM", "llama", false},
    {"MixtralForCausalLM", "llama", false},
    {"Qwen2ForCausalLM", "qwen2", false},
    {"Qwen3ForCausalLM", "qwen3", false},
    {"Qwen2MoeForCausalLM", "qwen2moe", false},
    {"Qwen3MoeForCausalLM", "qwen3moe", false},
    {"OlmoeForCausalLM", "olmoe", false},
    {"GraniteMoeForCausalLM", "granitemoe", false},
    {"Gemma3ForCausalLM", "gemma3", false},
    {"Gemma3ForConditionalGeneration", "gemma3", false},
    {"DeepseekV2ForCausalLM", "deepseek2", false},
    {"DeepseekV3ForCausalLM", "deepseek2", false},
    {"BertModel", "bert", true},
    {"BertForMaskedLM", "bert", true},
    {"BertForSequenceClassification", "bert", true},
    {"XLMRobertaModel", "bert", true},
    {"XLMRobertaForMaskedLM", "bert", true},
    {"XLMRobertaForSequenceClassification", "bert", true},
    {"NomicBertModel", "nomic-bert", true},
};

std::optional<double> real_of(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double number = value.get<double>();
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

std::string text_of(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::string first_class(const json& content) {
  const auto names = content.find("architectures");
  if (names == content.end() || !names->is_array() || names->empty()) return {};
  return names->front().is_string() ? names->front().get<std::string>() : std::string();
}

}  // namespace

std::optional<double> HfRope::real(const char* key) const {
  const auto at = scaling.find(key);
  return at == scaling.end() ? std::nullopt : real_of(*at);
}

Result<HfConfig> HfConfig::read(const std::filesystem::path& folder) {
  WY_TRY(json content, read_json_file(folder / "config.json", kConfigSizeMax));
  auto config = create(std::move(content));
  if (!config) return within("config.json", std::move(config).error());
  return config;
}

Result<HfConfig> HfConfig::create(json content) {
  HfConfig config;
  config.class_name_ = first_class(content);
  config.model_type_ = text_of(content, "model_type");
  for (const KnownClass& known : kClasses) {
    if (known.class_name != config.class_name_) continue;
    config.architecture_ = known.architecture;
    config.is_encoder_ = known.is_encoder;
  }
  if (config.architecture_.empty()) {
    return Error{ErrorCode::unsupported_media,
                 config.class_name_.empty()
                     ? std::string("it names no architecture")
                     : "the architecture " +
                           json_quoted(std::string_view(config.class_name_).substr(0, 100)) +
                           " cannot be converted"};
  }
  // A model that sees pictures too keeps the numbers of its text part apart.
  if (const auto inner = content.find("text_config");
      inner != content.end() && inner->is_object()) {
    json merged = *inner;
    for (const auto& [key, value] : content.items()) {
      if (key != "text_config" && !merged.contains(key)) merged[key] = value;
    }
    content = std::move(merged);
  }
  config.content_ = std::move(content);
  config.read_rope();
  return config;
}

const json* HfConfig::find(const char* key) const {
  const auto at = content_.find(key);
  return at == content_.end() || at->is_null() ? nullptr : &*at;
}

std::optional<std::int64_t> HfConfig::integer(Keys keys) const {
  for (const char* key : keys) {
    const json* value = find(key);
    if (value == nullptr || !value->is_number_integer()) continue;
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
      continue;
    }
    return value->get<std::int64_t>();
  }
  return std::nullopt;
}

std::optional<double> HfConfig::real(Keys keys) const {
  for (const char* key : keys) {
    const json* value = find(key);
    if (value == nullptr) continue;
    if (const auto number = real_of(*value)) return number;
  }
  return std::nullopt;
}

std::optional<bool> HfConfig::flag(Keys keys) const {
  for (const char* key : keys) {
    const json* value = find(key);
    if (value != nullptr && value->is_boolean()) return value->get<bool>();
  }
  return std::nullopt;
}

std::optional<std::string> HfConfig::text(Keys keys) const {
  for (const char* key : keys) {
    const json* value = find(key);
    if (value != nullptr && value->is_string()) return value->get<std::string>();
  }
  return std::nullopt;
}

Result<std::uint32_t> HfConfig::size(Keys keys) const {
  const auto number = integer(keys);
  if (!number || *number < 1 || *number > kSizeMax) {
    return Error{ErrorCode::unsupported_media,
                 std::string("config.json has no usable ") + *keys.begin()};
  }
  return static_cast<std::uint32_t>(*number);
}

Result<std::uint32_t> HfConfig::key_heads() const {
  if (find("num_key_value_heads") == nullptr) return heads();
  return size({"num_key_value_heads"});
}

Result<std::uint32_t> HfConfig::head_size() const {
  if (find("head_dim") != nullptr) return size({"head_dim"});
  WY_TRY(const std::uint32_t all, width());
  WY_TRY(const std::uint32_t count, heads());
  if (all % count != 0) {
    return Error{ErrorCode::unsupported_media,
                 std::to_string(count) + " heads do not divide " + std::to_string(all)};
  }
  return all / count;
}

std::uint32_t HfConfig::experts() const {
  const auto number = integer({"num_local_experts", "num_experts", "n_routed_experts"});
  return number && *number > 0 && *number <= kSizeMax ? static_cast<std::uint32_t>(*number) : 0;
}

void HfConfig::read_rope() {
  const json* found = find("rope_parameters");
  if (found == nullptr) found = find("rope_scaling");
  json given = found != nullptr && found->is_object() ? *found : json::object();
  const auto part = [&given](const char* name) {
    const auto at = given.find(name);
    return at != given.end() && at->is_object() ? *at : json::object();
  };
  rope_.theta = real({"rope_theta", "rotary_emb_base"});
  rope_.local_theta = real({"rope_local_base_freq"});
  if (given.contains("full_attention") || given.contains("sliding_attention")) {
    const json local = part("sliding_attention");
    if (const auto at = local.find("rope_theta"); at != local.end()) {
      rope_.local_theta = real_of(*at);
    }
    given = part("full_attention");
  }
  rope_.scaling = std::move(given);
  if (const auto theta = rope_.real("rope_theta")) rope_.theta = theta;
  for (const char* key : {"type", "rope_type"}) {
    if (const std::string type = text_of(rope_.scaling, key); !type.empty()) rope_.type = type;
  }
}

}  // namespace wenyuan::llm
