#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <tuple>

#include "base/text.h"
#include "llm/hf_names.h"
#include "llm/hf_tensors.h"

namespace wenyuan::llm {
namespace {

constexpr std::string_view kScaleSuffix = "_scale_inv";
constexpr std::uint64_t kUsualScaleBlock = 128;

bool is_float(SafetensorsType type) {
  using enum SafetensorsType;
  return type == f64 || type == f32 || type == f16 || type == bf16 || type == f8_e4m3;
}

Error misfit(std::string_view tensor, const std::string& why) {
  return Error{ErrorCode::corrupt, "the tensor " + json_quoted(tensor.substr(0, 200)) + " " + why};
}

class Planner {
 public:
  Planner(const HfConfig& config, const Safetensors& checkpoint)
      : config_(config), checkpoint_(checkpoint), rules_(name_rules(config.architecture())) {}

  Result<std::vector<PlannedTensor>> run();

 private:
  Status read_sizes();
  Status take(const SafetensorsView& view);
  Result<SourceTensor> source_of(const SafetensorsView& view) const;
  Status place(const MatchedName& match, SourceTensor source);
  Status place_expert(const MatchedName& match, SourceTensor source);
  Status place_gate_up(const MatchedName& match, const SourceTensor& source);
  Status place_key_value(const MatchedName& match, const SourceTensor& source);
  Status add(std::string name, std::vector<std::uint64_t> shape, std::vector<TensorPart> parts);
  Status finish_stacks();
  Status add_rope_factors();
  bool is_left_out(const MatchedName& match) const;

  const HfConfig& config_;
  const Safetensors& checkpoint_;
  std::span<const NameRule> rules_;
  std::uint32_t layers_ = 0;
  std::uint32_t heads_ = 0;
  std::uint32_t key_heads_ = 0;
  std::uint64_t positions_left_out_ = 0;
  std::uint64_t scale_block_ = kUsualScaleBlock;
  std::map<std::string, std::map<std::uint32_t, SourceTensor>> stacks_;
  std::map<std::string, PlannedTensor> planned_;
};

Status Planner::read_sizes() {
  WY_TRY(layers_, config_.layers());
  WY_TRY(heads_, config_.heads());
  WY_TRY(key_heads_, config_.key_heads());
  if (config_.model_type() == "xlm-roberta") {
    const std::int64_t padding = config_.integer({"pad_token_id"}).value_or(1);
    if (padding < 0 || padding > 1 << 16) return misfit("pad_token_id", "is out of range");
    positions_left_out_ = static_cast<std::uint64_t>(padding) + 1;
  }
  const nlohmann::json* quantization = config_.find("quantization_config");
  if (quantization == nullptr || !quantization->is_object()) return Done{};
  const auto method = quantization->find("quant_method");
  if (method == quantization->end() || !method->is_string() || *method != "fp8") {
    return Error{ErrorCode::unsupported_media,
                 "the checkpoint is quantized by a method other than fp8; convert the original"};
  }
  const auto block = quantization->find("weight_block_size");
  if (block == quantization->end()) return Done{};
  if (!block->is_array() || block->size() != 2 || !(*block)[0].is_number_unsigned() ||
      (*block)[0] != (*block)[1] || (*block)[0] < 1 || (*block)[0] > 1 << 16) {
    return Error{ErrorCode::unsupported_media, "config.json has no usable weight_block_size"};
  }
  scale_block_ = (*block)[0].get<std::uint64_t>();
  return Done{};
}

Result<SourceTensor> Planner::source_of(const SafetensorsView& view) const {
  if (!is_float(view.type)) {
    return Error{ErrorCode::unsupported_media, "the tensor " + json_quoted(view.name) + " is of " +
                                                   std::string(name(view.type)) +
                                                   " and cannot be a weight"};
  }
  if (view.shape.empty() || view.shape.size() > 3 || view.bytes.empty()) {
    return misfit(view.name, "has no usable shape");
  }
  std::string scales = view.name;
  scales += kScaleSuffix;
  const SafetensorsView* found = checkpoint_.tensor(scales);
  if (found != nullptr) return SourceTensor::scaled(view, *found, scale_block_);
  if (view.type == SafetensorsType::f8_e4m3) return misfit(view.name, "has no scales");
  return SourceTensor(view);
}

bool Planner::is_left_out(const MatchedName& match) const {
  if (match.rule->form == TensorForm::left_out) return true;
  // Layers past the last predict further tokens.
  if (match.rule->to.starts_with("blk.") && match.layer >= layers_) return true;
  if (match.rule->to == "output") return config_.flag({"tie_word_embeddings"}).value_or(false);
  if (match.rule->to == "cls") return !config_.is_classifier();
  return false;
}

Status Planner::take(const SafetensorsView& view) {
  if (view.name.ends_with(kScaleSuffix)) return Done{};
  const auto match = match_name(rules_, view.name);
  if (!match) {
    return Error{ErrorCode::unsupported_media,
                 "the tensor " + json_quoted(std::string_view(view.name).substr(0, 200)) +
                     " has no place in the architecture " + config_.architecture()};
  }
  if (is_left_out(*match)) return Done{};
  WY_TRY(SourceTensor source, source_of(view));
  return place(*match, std::move(source));
}

Status Planner::place(const MatchedName& match, SourceTensor source) {
  std::vector<std::uint64_t> shape(source.view().shape.rbegin(), source.view().shape.rend());
  TensorPart part;
  part.rows = source.rows();
  switch (match.rule->form) {
    case TensorForm::expert: return place_expert(match, std::move(source));
    case TensorForm::gate_up: return place_gate_up(match, source);
    case TensorForm::key_value: return place_key_value(match, source);
    case TensorForm::permuted: {
      const std::uint64_t heads = match.rule->to.ends_with("attn_q") ? heads_ : key_heads_;
      if (part.rows % heads != 0 || part.rows / heads % 2 != 0) {
        return misfit(source.view().name, "is not made of " + std::to_string(heads) + " heads");
      }
      part.permuted_head = part.rows / heads;
      break;
    }
    case TensorForm::plus_one: part.added = 1; break;
    case TensorForm::positions:
      if (shape.size() != 2 || shape[1] <= positions_left_out_) {
        return misfit(source.view().name, "has too few rows");
      }
      part.first_row = positions_left_out_;
      part.rows -= positions_left_out_;
      shape[1] = part.rows;
      break;
    default: break;
  }
  part.source = std::move(source);
  return add(match.filled(match.rule->to), std::move(shape), {std::move(part)});
}

Status Planner::place_expert(const MatchedName& match, SourceTensor source) {
  const std::string name = match.filled(match.rule->to);
  if (match.expert >= config_.experts()) {
    return misfit(source.view().name, "is beyond the " + std::to_string(config_.experts()) +
                                          " experts that config.json has");
  }
  if (source.view().shape.size() != 2) return misfit(source.view().name, "is no matrix");
  const std::string from = source.view().name;
  if (!stacks_[name].emplace(match.expert, std::move(source)).second) {
    return misfit(from, "would be in the file twice");
  }
  return Done{};
}

Status Planner::place_gate_up(const MatchedName& match, const SourceTensor& source) {
  const auto& shape = source.view().shape;
  if (shape.size() != 3 || shape[1] % 2 != 0)
    return misfit(source.view().name, "is no stack of two");
  const std::uint64_t half = shape[1] / 2;
  std::vector<TensorPart> gates, ups;
  for (std::uint64_t i = 0; i < shape[0]; ++i) {
    gates.push_back({source, i * 2 * half, half});
    ups.push_back({source, i * 2 * half + half, half});
  }
  WY_RETURN_IF_ERROR(
      add(match.filled(match.rule->to), {shape[2], half, shape[0]}, std::move(gates)));
  return add(match.filled(match.rule->second), {shape[2], half, shape[0]}, std::move(ups));
}

Status Planner::place_key_value(const MatchedName& match, const SourceTensor& source) {
  WY_TRY(const std::uint64_t keys, config_.size({"qk_nope_head_dim"}));
  WY_TRY(const std::uint64_t values, config_.size({"v_head_dim"}));
  if (source.view().shape.size() != 2 || source.rows() != heads_ * (keys + values)) {
    return misfit(source.view().name, "is not made of " + std::to_string(heads_) + " heads of " +
                                          std::to_string(keys + values));
  }
  const std::uint64_t rank = source.columns();
  std::vector<TensorPart> key_parts, value_parts;
  for (std::uint64_t i = 0; i < heads_; ++i) {
    const std::uint64_t first = i * (keys + values);
    TensorPart part{source, first, rank};
    part.transposed_rows = keys;
    key_parts.push_back(std::move(part));
    value_parts.push_back({source, first + keys, values});
  }
  WY_RETURN_IF_ERROR(add(match.filled(match.rule->to), {keys, rank, heads_}, std::move(key_parts)));
  return add(match.filled(match.rule->second), {rank, values, heads_}, std::move(value_parts));
}

Status Planner::add(std::string name, std::vector<std::uint64_t> shape,
                    std::vector<TensorPart> parts) {
  const std::string key = name;
  PlannedTensor tensor{std::move(name), std::move(shape), std::move(parts), {}};
  if (planned_.emplace(key, std::move(tensor)).second) return Done{};
  return misfit(key, "would be in the file twice");
}

Status Planner::finish_stacks() {
  for (auto& [name, experts] : stacks_) {
    if (experts.size() != config_.experts()) {
      return misfit(name, "would have " + std::to_string(experts.size()) + " of " +
                              std::to_string(config_.experts()) + " experts");
    }
    const std::vector<std::uint64_t> shape = experts.begin()->second.view().shape;
    std::vector<TensorPart> parts;
    for (auto& [number, source] : experts) {
      if (source.view().shape != shape) {
        return misfit(source.view().name, "has another shape than its neighbours");
      }
      parts.push_back({std::move(source), 0, shape[0]});
    }
    WY_RETURN_IF_ERROR(add(name, {shape[1], shape[0], experts.size()}, std::move(parts)));
  }
  return Done{};
}

// What llama 3 divides its frequencies by.
Status Planner::add_rope_factors() {
  const HfRope& rope = config_.rope();
  if (rope.type != "llama3") return Done{};
  WY_TRY(const std::uint32_t head_size, config_.head_size());
  const double base = rope.theta.value_or(10000.0);
  const double factor = rope.real("factor").value_or(8.0);
  const double low = rope.real("low_freq_factor").value_or(1.0);
  const double high = rope.real("high_freq_factor").value_or(4.0);
  const double context = rope.real("original_max_position_embeddings").value_or(8192.0);
  if (base <= 0 || factor <= 0 || low <= 0 || high <= low || context <= 0) {
    return misfit("rope_scaling", "has impossible numbers");
  }
  PlannedTensor tensor{"rope_freqs.weight", {head_size / 2}, {}, {}};
  for (std::uint32_t i = 0; i < head_size / 2; ++i) {
    const double wave = 2 * std::numbers::pi * std::pow(base, 2.0 * i / head_size);
    const double smooth = (context / wave - low) / (high - low);
    const double divisor = wave < context / high  ? 1.0
                           : wave > context / low ? factor
                                                  : 1 / ((1 - smooth) / factor + smooth);
    tensor.values.push_back(static_cast<float>(divisor));
  }
  planned_.emplace(tensor.name, std::move(tensor));
  return Done{};
}

// Embeddings, layers by number, then the rest, as a reader of the file meets them.
std::tuple<int, std::uint32_t, std::string_view> file_order(std::string_view name) {
  if (!name.starts_with("blk.")) return {name.starts_with("output") ? 2 : 0, 0, name};
  std::uint32_t layer = 0;
  for (const char letter : name.substr(4, name.find('.', 4) - 4)) {
    layer = layer * 10 + static_cast<std::uint32_t>(letter - '0');
  }
  return {1, layer, name};
}

Result<std::vector<PlannedTensor>> Planner::run() {
  WY_RETURN_IF_ERROR(read_sizes());
  for (const auto& [key, view] : checkpoint_.tensors()) WY_RETURN_IF_ERROR(take(view));
  WY_RETURN_IF_ERROR(finish_stacks());
  WY_RETURN_IF_ERROR(add_rope_factors());
  std::vector<PlannedTensor> tensors;
  for (auto& [key, tensor] : planned_) tensors.push_back(std::move(tensor));
  std::sort(tensors.begin(), tensors.end(), [](const PlannedTensor& a, const PlannedTensor& b) {
    return file_order(a.name) < file_order(b.name);
  });
  return tensors;
}

}  // namespace

Result<std::vector<PlannedTensor>> plan_tensors(const HfConfig& config,
                                                const Safetensors& checkpoint) {
  return Planner(config, checkpoint).run();
}

}  // namespace wenyuan::llm
