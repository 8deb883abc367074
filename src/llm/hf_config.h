// The config.json of a Hugging Face model directory.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::llm {

// Rotary positions, in whichever of the spellings the file has them.
struct HfRope {
  std::string type = "default";  // "linear", "yarn", "llama3", …
  std::optional<double> theta;
  std::optional<double> local_theta;  // of sliding-window layers
  nlohmann::json scaling = nlohmann::json::object();

  std::optional<double> real(const char* key) const;
};

// Numbers are not trusted: whoever asks gets nothing for what is no usable number.
class HfConfig {
 public:
  // unsupported_media when the architecture is none that we can convert.
  static Result<HfConfig> read(const std::filesystem::path& folder);
  static Result<HfConfig> create(nlohmann::json content);

  // As GGUF names it: "llama", "deepseek2", "bert".
  const std::string& architecture() const { return architecture_; }
  const std::string& class_name() const { return class_name_; }
  const std::string& model_type() const { return model_type_; }
  bool is_encoder() const { return is_encoder_; }
  bool is_classifier() const { return class_name_.ends_with("ForSequenceClassification"); }

  using Keys = std::initializer_list<const char*>;
  // The first of the keys that is there and is a number of this kind.
  std::optional<std::int64_t> integer(Keys keys) const;
  std::optional<double> real(Keys keys) const;
  std::optional<bool> flag(Keys keys) const;
  std::optional<std::string> text(Keys keys) const;
  const nlohmann::json* find(const char* key) const;  // null values are not there
  // From 1 to 2^24; an error that names the first key otherwise.
  Result<std::uint32_t> size(Keys keys) const;

  Result<std::uint32_t> layers() const { return size({"num_hidden_layers", "n_layer"}); }
  Result<std::uint32_t> width() const { return size({"hidden_size", "n_embd"}); }
  Result<std::uint32_t> heads() const { return size({"num_attention_heads", "n_head"}); }
  Result<std::uint32_t> key_heads() const;
  Result<std::uint32_t> head_size() const;
  std::uint32_t experts() const;  // 0 when there are none
  const HfRope& rope() const { return rope_; }

 private:
  void read_rope();

  nlohmann::json content_;
  std::string architecture_;
  std::string class_name_;
  std::string model_type_;
  bool is_encoder_ = false;
  HfRope rope_;
};

}  // namespace wenyuan::llm
