#include "llm/hf_tokenizer.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "llm/hf_pretokenizer.h"
#include "llm/hf_vocabulary.h"
#include "llm/json_file.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr std::size_t kTokenizerSizeMax = std::size_t{128} << 20;
constexpr std::size_t kOtherSizeMax = std::size_t{16} << 20;

// An empty object when there is no such file.
Result<json> read_if_any(const fs::path& path) {
  auto content = read_json_file(path, kOtherSizeMax);
  if (!content && content.error().code == ErrorCode::not_found) return json(json::object());
  return content;
}

// The text, or of a list of named texts the one for everyday use.
std::string template_of(const json& config) {
  const auto at = config.find("chat_template");
  if (at == config.end()) return {};
  if (at->is_string()) return at->get<std::string>();
  if (!at->is_array()) return {};
  for (const json& item : *at) {
    if (!item.is_object() || !item.contains("name") || !item.contains("template")) continue;
    if (item["name"] == "default" && item["template"].is_string()) {
      return item["template"].get<std::string>();
    }
  }
  return {};
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  std::vector<std::uint8_t> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char letter : text) {
    std::uint32_t value = 0;
    if (letter >= 'A' && letter <= 'Z') {
      value = static_cast<std::uint32_t>(letter - 'A');
    } else if (letter >= 'a' && letter <= 'z') {
      value = static_cast<std::uint32_t>(letter - 'a') + 26;
    } else if (letter >= '0' && letter <= '9') {
      value = static_cast<std::uint32_t>(letter - '0') + 52;
    } else if (letter == '+' || letter == '/') {
      value = letter == '+' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6 | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  return bytes;
}

class Writer {
 public:
  Writer(const HfTokenizerFiles& files, const HfConfig& config, HfVocabulary vocabulary)
      : files_(files), config_(config), vocabulary_(std::move(vocabulary)) {}

  Result<GgufMetadata> run(const std::string& pre);

 private:
  void set(const char* key, GgufValue value) {
    metadata_.emplace_back(std::string("tokenizer.") + key, std::move(value));
  }
  Status set_model(const std::string& pre);
  Status set_unigram();
  void set_sentencepiece();
  void set_wordpiece();
  void read_template_processing(const json& processor);
  void read_post_processor();
  void set_special_tokens();
  void set_further_ends(std::int64_t end);
  std::int64_t token_of(const std::string& kind) const;

  const HfTokenizerFiles& files_;
  const HfConfig& config_;
  HfVocabulary vocabulary_;
  GgufMetadata metadata_;
  // What the post-processor puts around a text: their numbers, -1 for nothing.
  std::int64_t first_ = -1;
  std::int64_t last_ = -1;
  bool has_processor_ = false;
};

Status Writer::set_model(const std::string& pre) {
  switch (vocabulary_.kind) {
    case HfVocabularyKind::byte_level: {
      std::string name = pre;
      if (name.empty()) {
        WY_TRY(name, hf_pretokenizer(files_.tokenizer));
      }
      set("ggml.model", std::string("gpt2"));
      set("ggml.pre", std::move(name));
      set("ggml.merges", std::move(vocabulary_.merges));
      break;
    }
    case HfVocabularyKind::sentencepiece: set_sentencepiece(); break;
    case HfVocabularyKind::unigram: WY_RETURN_IF_ERROR(set_unigram()); break;
    case HfVocabularyKind::wordpiece: set_wordpiece(); break;
  }
  if (config_.is_encoder()) {
    const std::int64_t types = config_.integer({"type_vocab_size"}).value_or(1);
    set("ggml.token_type_count", static_cast<std::uint32_t>(types > 0 && types < 1000 ? types : 1));
  }
  return Done{};
}

void Writer::set_sentencepiece() {
  set("ggml.model", std::string("llama"));
  set("ggml.pre", std::string("default"));
  set("ggml.scores", vocabulary_.scores);
  const json* space = find_component(files_.tokenizer, "pre_tokenizer", "Metaspace");
  const bool is_prepended = has_component(files_.tokenizer, "normalizer", "Prepend") ||
                            (space != nullptr && space->value("prepend_scheme", "") != "never" &&
                             space->value("add_prefix_space", true));
  set("ggml.add_space_prefix", is_prepended);
}

Status Writer::set_unigram() {
  set("ggml.model", std::string("t5"));
  set("ggml.pre", std::string("default"));
  set("ggml.scores", vocabulary_.scores);
  set("ggml.add_space_prefix", true);
  const bool splits = has_component(files_.tokenizer, "pre_tokenizer", "WhitespaceSplit");
  const bool squeezes = has_component(files_.tokenizer, "normalizer", "Replace");
  set("ggml.remove_extra_whitespaces", splits || squeezes);
  if (!splits && squeezes && !has_component(files_.tokenizer, "normalizer", "Strip")) {
    // Runs of spaces become one, also at the end of a text.
    set("wenyuan.keep_last_space", true);
  }
  const json* rules = find_component(files_.tokenizer, "normalizer", "Precompiled");
  if (rules == nullptr) return Done{};
  const auto text = rules->find("precompiled_charsmap");
  auto bytes = text != rules->end() && text->is_string()
                   ? from_base64(text->get_ref<const std::string&>())
                   : std::nullopt;
  if (!bytes) return Error{ErrorCode::corrupt, "tokenizer.json: precompiled_charsmap is no base64"};
  if (!bytes->empty()) set("ggml.precompiled_charsmap", *std::move(bytes));
  return Done{};
}

void Writer::set_wordpiece() {
  set("ggml.model", std::string("bert"));
  set("ggml.pre", std::string("default"));
  const json* rules = find_component(files_.tokenizer, "normalizer", "BertNormalizer");
  if (rules == nullptr) return;
  for (const auto& [key, from] : {std::pair("ggml.normalizer.lowercase", "lowercase"),
                                  std::pair("ggml.normalizer.strip_accents", "strip_accents")}) {
    const auto at = rules->find(from);
    if (at != rules->end() && at->is_boolean()) set(key, at->get<bool>());
  }
}

void Writer::read_template_processing(const json& processor) {
  const auto single = processor.find("single");
  if (single == processor.end() || !single->is_array() || single->size() < 2) return;
  const auto special = [&](const json& item) -> std::int64_t {
    const auto at = item.is_object() ? item.find("SpecialToken") : item.end();
    if (!item.is_object() || at == item.end() || !at->is_object()) return -1;
    const auto id = at->find("id");
    return id != at->end() && id->is_string() ? vocabulary_.id(id->get_ref<const std::string&>())
                                              : -1;
  };
  first_ = special(single->front());
  last_ = special(single->back());
}

void Writer::read_post_processor() {
  for (const char* type : {"RobertaProcessing", "BertProcessing"}) {
    const json* found = find_component(files_.tokenizer, "post_processor", type);
    if (found == nullptr) continue;
    has_processor_ = true;
    for (const auto& [key, target] : {std::pair("cls", &first_), std::pair("sep", &last_)}) {
      const auto at = found->find(key);
      if (at == found->end() || !at->is_array() || at->empty() || !at->front().is_string())
        continue;
      *target = vocabulary_.id(at->front().get_ref<const std::string&>());
    }
  }
  const json* found = find_component(files_.tokenizer, "post_processor", "TemplateProcessing");
  if (found == nullptr) return;
  has_processor_ = true;
  read_template_processing(*found);
}

// By the name in the tokenizer's files, else by the number in the configuration.
std::int64_t Writer::token_of(const std::string& kind) const {
  const auto named = files_.tokenizer_config.find(kind + "_token");
  if (named != files_.tokenizer_config.end()) {
    if (named->is_string()) return vocabulary_.id(named->get_ref<const std::string&>());
    if (named->is_object()) {
      const auto text = named->find("content");
      if (text != named->end() && text->is_string()) {
        return vocabulary_.id(text->get_ref<const std::string&>());
      }
    }
    return -1;
  }
  const std::string key = kind + "_token_id";
  const json* number = config_.find(key.c_str());
  if (number != nullptr && number->is_array() && !number->empty()) number = &number->front();
  if (number == nullptr || !number->is_number_unsigned()) return -1;
  const auto id = number->get<std::uint64_t>();
  return id < vocabulary_.texts.size() ? static_cast<std::int64_t>(id) : -1;
}

// A turn's end is often another token than a text's.
void Writer::set_further_ends(std::int64_t end) {
  const auto list = files_.generation_config.find("eos_token_id");
  if (list == files_.generation_config.end() || !list->is_array()) return;
  std::vector<const char*> keys = {"ggml.eot_token_id", "ggml.eom_token_id"};
  for (const json& item : *list) {
    if (keys.empty() || !item.is_number_unsigned()) continue;
    const auto id = item.get<std::uint64_t>();
    if (id >= vocabulary_.texts.size() || static_cast<std::int64_t>(id) == end) continue;
    set(keys.front(), static_cast<std::uint32_t>(id));
    keys.erase(keys.begin());
  }
}

void Writer::set_special_tokens() {
  read_post_processor();
  std::int64_t bos = token_of("bos");
  std::int64_t eos = token_of("eos");
  const std::int64_t cls = token_of("cls");
  const std::int64_t sep = token_of("sep");
  if (first_ >= 0 && (bos < 0 || config_.is_encoder())) bos = first_;
  if (last_ >= 0 && (eos < 0 || config_.is_encoder())) eos = last_;
  if (bos < 0) bos = cls;
  if (eos < 0) eos = sep;
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"ggml.bos_token_id", bos},
      {"ggml.eos_token_id", eos},
      {"ggml.unknown_token_id", token_of("unk")},
      {"ggml.seperator_token_id", sep},
      {"ggml.padding_token_id", token_of("pad")},
      {"ggml.cls_token_id", cls},
      {"ggml.mask_token_id", token_of("mask")}};
  for (const auto& [key, id] : numbers) {
    if (id >= 0) set(key, static_cast<std::uint32_t>(id));
  }
  const auto flag = [&](const char* key) -> std::optional<bool> {
    const auto at = files_.tokenizer_config.find(key);
    if (at == files_.tokenizer_config.end() || !at->is_boolean()) return std::nullopt;
    return at->get<bool>();
  };
  const auto add_bos = flag("add_bos_token");
  const auto add_eos = flag("add_eos_token");
  if (add_bos || has_processor_) {
    set("ggml.add_bos_token", bos >= 0 && add_bos.value_or(first_ == bos));
  }
  if (add_eos || has_processor_) {
    set("ggml.add_eos_token", eos >= 0 && add_eos.value_or(last_ == eos));
  }
  set_further_ends(eos);
}

Result<GgufMetadata> Writer::run(const std::string& pre) {
  WY_RETURN_IF_ERROR(set_model(pre));
  set_special_tokens();
  set("ggml.tokens", std::move(vocabulary_.texts));
  set("ggml.token_type", std::move(vocabulary_.kinds));
  if (!files_.chat_template.empty()) set("chat_template", files_.chat_template);
  return std::move(metadata_);
}

}  // namespace

Result<HfTokenizerFiles> HfTokenizerFiles::read(const fs::path& folder) {
  HfTokenizerFiles files;
  auto tokenizer = read_json_file(folder / "tokenizer.json", kTokenizerSizeMax);
  if (!tokenizer && tokenizer.error().code == ErrorCode::not_found) {
    return Error{ErrorCode::not_found,
                 folder.string() +
                     " has no tokenizer.json; other forms of a tokenizer must be "
                     "brought to it first"};
  }
  if (!tokenizer) return std::move(tokenizer).error();
  files.tokenizer = *std::move(tokenizer);
  WY_TRY(files.tokenizer_config, read_if_any(folder / "special_tokens_map.json"));
  WY_TRY(const json config, read_if_any(folder / "tokenizer_config.json"));
  for (const auto& [key, value] : config.items()) {
    if (!value.is_null()) files.tokenizer_config[key] = value;
  }
  WY_TRY(files.generation_config, read_if_any(folder / "generation_config.json"));
  WY_TRY(const json template_file, read_if_any(folder / "chat_template.json"));
  auto text = read_file(folder / "chat_template.jinja", kOtherSizeMax);
  if (text) {
    files.chat_template = *std::move(text);
  } else if (text.error().code != ErrorCode::not_found) {
    return std::move(text).error();
  } else {
    files.chat_template = template_of(template_file);
    if (files.chat_template.empty()) files.chat_template = template_of(files.tokenizer_config);
  }
  return files;
}

Result<GgufMetadata> hf_tokenizer(const HfTokenizerFiles& files, const HfConfig& config,
                                  std::uint64_t rows, const std::string& pre) {
  WY_TRY(HfVocabulary vocabulary, HfVocabulary::read(files.tokenizer, rows));
  return Writer(files, config, std::move(vocabulary)).run(pre);
}

}  // namespace wenyuan::llm
