#include "llm/convert.h"

#include <algorithm>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "compute/quantize.h"
#include "llm/gguf_stream.h"
#include "llm/hf_config.h"
#include "llm/hf_parameters.h"
#include "llm/hf_tensors.h"
#include "llm/hf_tokenizer.h"
#include "llm/json_file.h"
#include "llm/safetensors.h"
#include "llm/weight_formats.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr std::size_t kSlabElements = std::size_t{1} << 20;
constexpr std::size_t kSmallFileMax = std::size_t{1} << 20;

// Numbers of general.file_type.
std::uint32_t file_type(TensorType type) {
  switch (type) {
    case TensorType::f32: return 0;
    case TensorType::f16: return 1;
    case TensorType::q8_0: return 7;
    case TensorType::bf16: return 32;
    default: return 0;
  }
}

// The format that most weights of the checkpoint have, or the next one that loses nothing.
TensorType natural_type(const Safetensors& checkpoint) {
  std::size_t bytes_f16 = 0, bytes_bf16 = 0, bytes_other = 0;
  for (const auto& [key, view] : checkpoint.tensors()) {
    if (view.shape.size() < 2) continue;
    const bool small = view.type == SafetensorsType::bf16 || view.type == SafetensorsType::f8_e4m3;
    (view.type == SafetensorsType::f16 ? bytes_f16
     : small                           ? bytes_bf16
                                       : bytes_other) += view.bytes.size();
  }
  if (bytes_other >= bytes_f16 + bytes_bf16) return TensorType::f32;
  return bytes_f16 > bytes_bf16 ? TensorType::f16 : TensorType::bf16;
}

bool is_direct(TensorType type) {
  return type == TensorType::f32 || type == TensorType::f16 || type == TensorType::bf16 ||
         type == TensorType::q8_0;
}

TensorType type_for(const PlannedTensor& tensor, TensorType wanted) {
  if (tensor.stays_f32()) return TensorType::f32;
  const bool fits = tensor.shape.front() % block_size(wanted)->elements == 0;
  return fits ? wanted : TensorType::f16;
}

Result<json> read_if_any(const fs::path& path) {
  auto content = read_json_file(path, kSmallFileMax);
  if (!content && content.error().code == ErrorCode::not_found) return json(json::object());
  return content;
}

// Sentence encoders may be used with shorter texts than they have positions for.
Status limit_context(const fs::path& folder, const HfConfig& config, GgufMetadata& metadata) {
  WY_TRY(const json content, read_if_any(folder / "sentence_bert_config.json"));
  const auto found = content.find("max_seq_length");
  if (found == content.end() || !found->is_number_integer()) return Done{};
  const auto limit = found->get<std::int64_t>();
  for (auto& [key, value] : metadata) {
    if (key != config.architecture() + ".context_length") continue;
    auto* context = std::get_if<std::uint32_t>(&value);
    if (context == nullptr || limit < 3 || limit >= *context) continue;
    *context = static_cast<std::uint32_t>(limit);
  }
  return Done{};
}

// The folder that modules.json names for pooling; "1_Pooling" without one.
fs::path pooling_folder(const fs::path& folder) {
  const fs::path usual = folder / "1_Pooling";
  const auto text = read_file(folder / "modules.json", kSmallFileMax);
  if (!text) return usual;
  const json modules = json::parse(*text, nullptr, false);
  if (!modules.is_array()) return usual;
  for (const json& module : modules) {
    if (!module.is_object() || !module.contains("type") || !module.contains("path")) continue;
    if (!module["type"].is_string() || !module["path"].is_string()) continue;
    const auto& path = module["path"].get_ref<const std::string&>();
    const bool is_inside = path.find('/') == std::string::npos && !path.starts_with('.');
    if (module["type"].get_ref<const std::string&>().ends_with("Pooling") && is_inside) {
      return folder / path;
    }
  }
  return usual;
}

Result<std::uint32_t> pooling_type(const fs::path& folder, const HfConfig& config,
                                   const ConvertOptions& options) {
  enum : std::uint32_t { mean = 1, cls = 2, rank = 4 };
  if (config.is_classifier()) return rank;
  if (options.pooling) return *options.pooling == EncoderPooling::mean ? mean : cls;
  WY_TRY(const json content, read_if_any(pooling_folder(folder) / "config.json"));
  const auto is_set = [&](const char* key) {
    const auto at = content.find(key);
    return at != content.end() && *at == true;
  };
  const std::string mode = content.contains("pooling_mode") && content["pooling_mode"].is_string()
                               ? content["pooling_mode"].get<std::string>()
                               : std::string();
  if (is_set("pooling_mode_mean_tokens") || mode == "mean") return mean;
  if (is_set("pooling_mode_cls_token") || mode == "cls") return cls;
  return Error{ErrorCode::unsupported_media,
               "the directory does not say how the encoder's vectors are pooled (by mean or by "
               "cls): say it"};
}

// What sentence-transformers puts before a text.
Status add_prefixes(const fs::path& folder, GgufMetadata& metadata) {
  WY_TRY(const json content, read_if_any(folder / "config_sentence_transformers.json"));
  const auto prompts = content.find("prompts");
  if (prompts == content.end() || !prompts->is_object()) return Done{};
  const auto pass = [&](const char* key, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      const auto at = prompts->find(name);
      if (at == prompts->end() || !at->is_string()) continue;
      metadata.emplace_back(key, at->get<std::string>());
      return;
    }
  };
  pass("wenyuan.embed.query_prefix", {"query"});
  pass("wenyuan.embed.passage_prefix", {"passage", "document"});
  return Done{};
}

std::string model_name(const fs::path& folder, const ConvertOptions& options) {
  if (!options.name.empty()) return options.name;
  const fs::path whole = fs::weakly_canonical(folder);
  return to_valid_utf8(whole.filename().string());
}

const PlannedTensor* find_tensor(const std::vector<PlannedTensor>& plan, std::string_view name) {
  for (const PlannedTensor& tensor : plan) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

Result<GgufMetadata> all_metadata(const fs::path& folder, const HfConfig& config,
                                  std::uint64_t rows, TensorType type,
                                  const ConvertOptions& options) {
  GgufMetadata metadata;
  metadata.emplace_back("general.architecture", config.architecture());
  metadata.emplace_back("general.type", std::string("model"));
  metadata.emplace_back("general.name", model_name(folder, options));
  metadata.emplace_back("general.file_type", file_type(type));
  metadata.emplace_back("general.quantization_version", std::uint32_t{2});
  WY_TRY(GgufMetadata parameters, hf_parameters(config));
  std::move(parameters.begin(), parameters.end(), std::back_inserter(metadata));
  if (config.is_encoder()) {
    WY_TRY(const std::uint32_t pooling, pooling_type(folder, config, options));
    metadata.emplace_back(config.architecture() + ".pooling_type", pooling);
    WY_RETURN_IF_ERROR(add_prefixes(folder, metadata));
    WY_RETURN_IF_ERROR(limit_context(folder, config, metadata));
  }
  WY_TRY(const HfTokenizerFiles files, HfTokenizerFiles::read(folder));
  WY_TRY(GgufMetadata tokenizer, hf_tokenizer(files, config, rows, options.pretokenizer));
  std::move(tokenizer.begin(), tokenizer.end(), std::back_inserter(metadata));
  return metadata;
}

class TensorCopier {
 public:
  TensorCopier(GgufStream& stream, TensorType type) : stream_(stream), type_(type) {}

  Status copy(const PlannedTensor& tensor) {
    if (!tensor.values.empty()) return write(tensor.values);
    for (const TensorPart& part : tensor.parts) WY_RETURN_IF_ERROR(copy_part(part));
    return Done{};
  }

 private:
  Status copy_part(const TensorPart& part) {
    const std::uint64_t width = part.columns();
    const std::uint64_t usual = std::max<std::uint64_t>(1, kSlabElements / width);
    // Of a tensor of one dimension the rows are single numbers, and blocks may be longer.
    const std::uint64_t slab = part.transposed_rows != 0 ? part.rows : std::min(part.rows, usual);
    for (std::uint64_t row = 0; row < part.rows; row += slab) {
      const std::uint64_t count = std::min(slab, part.rows - row);
      values_.resize(count * width);
      part.read(row, count, values_);
      WY_RETURN_IF_ERROR(write(values_));
    }
    return Done{};
  }

  Status write(std::span<const float> values) {
    const auto block = *block_size(type_);
    encoded_.resize(values.size() / block.elements * block.bytes);
    WY_RETURN_IF_ERROR(compute::quantize(*weight_type_of(type_), values, {}, encoded_.data()));
    return stream_.append(encoded_);
  }

  GgufStream& stream_;
  TensorType type_;
  std::vector<float> values_;
  std::vector<std::uint8_t> encoded_;
};

}  // namespace

Status convert_directory(const fs::path& folder, const fs::path& to,
                         const ConvertOptions& options) {
  WY_TRY(const HfConfig config, HfConfig::read(folder));
  WY_TRY(const Safetensors checkpoint, Safetensors::open_directory(folder));
  const TensorType type = options.type.value_or(natural_type(checkpoint));
  if (!is_direct(type)) {
    return Error{ErrorCode::invalid_argument, "a checkpoint is not converted to " +
                                                  std::string(name(type)) +
                                                  " at once: convert it to BF16 and quantize that"};
  }
  WY_TRY(const std::vector<PlannedTensor> plan, plan_tensors(config, checkpoint));
  const PlannedTensor* embeddings = find_tensor(plan, "token_embd.weight");
  if (embeddings == nullptr || embeddings->shape.size() != 2) {
    return Error{ErrorCode::corrupt, "the checkpoint has no token embeddings"};
  }
  WY_TRY(const GgufMetadata metadata,
         all_metadata(folder, config, embeddings->shape[1], type, options));
  std::vector<GgufTensor> tensors;
  for (const PlannedTensor& tensor : plan) {
    tensors.push_back({tensor.name, type_for(tensor, type), tensor.shape});
  }
  WY_TRY(GgufStream stream, GgufStream::create(to, metadata, tensors));
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (options.on_tensor) options.on_tensor(plan[i].name, i, plan.size());
    Status copied = TensorCopier(stream, tensors[i].type).copy(plan[i]);
    if (!copied) return within(plan[i].name, std::move(copied).error());
  }
  return stream.finish();
}

}  // namespace wenyuan::llm
