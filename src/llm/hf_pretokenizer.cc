#include "llm/hf_pretokenizer.h"

#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

using nlohmann::json;

// Calls `see` with a component and those inside it; nesting is bounded by the reader of the JSON.
void walk(const json& component, const std::function<void(const json&)>& see) {
  if (!component.is_object()) return;
  see(component);
  for (const char* inner : {"pretokenizers", "normalizers", "decoders", "processors"}) {
    const auto list = component.find(inner);
    if (list == component.end() || !list->is_array()) continue;
    for (const json& item : *list) walk(item, see);
  }
}

bool is_type(const json& component, std::string_view type) {
  const auto at = component.find("type");
  return at != component.end() && at->is_string() && at->get_ref<const std::string&>() == type;
}

// Line ends are written as themselves in some files, as \r and \n in others.
std::string with_escapes(const std::string& pattern) {
  std::string text;
  for (const char letter : pattern) {
    if (letter == '\r') {
      text += "\\r";
    } else if (letter == '\n') {
      text += "\\n";
    } else {
      text += letter;
    }
  }
  return text;
}

// The patterns of the Split components, in order.
std::vector<std::string> split_patterns(const json& pre) {
  std::vector<std::string> patterns;
  walk(pre, [&](const json& component) {
    if (!is_type(component, "Split")) return;
    const auto pattern = component.find("pattern");
    if (pattern == component.end() || !pattern->is_object()) return;
    for (const char* key : {"Regex", "String"}) {
      const auto text = pattern->find(key);
      if (text != pattern->end() && text->is_string())
        patterns.push_back(with_escapes(text->get<std::string>()));
    }
  });
  return patterns;
}

struct KnownPattern {
  std::string_view name;
  std::array<std::string_view, 3> patterns;  // empty behind the last

  bool is(const std::vector<std::string>& found) const {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (patterns[i] != (i < found.size() ? std::string_view(found[i]) : "")) return false;
    }
    return found.size() <= patterns.size();
  }
};

// The published patterns, by the models that brought them.
constexpr KnownPattern kPatterns[] = {
    {"llama-bpe",
     {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
    {"qwen2",
     {R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
    {"deepseek-v3",
     {R"(\p{N}{1,3})", "[一-龥\u3040-ゟ゠-ヿ]+",
      R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
    {"gpt-4o",
     {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
    {"tekken",
     {R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"}},
};

// DeepSeek's first families list hundreds of characters; their beginnings tell them apart.
std::string deepseek_name(const std::vector<std::string>& patterns, bool cuts_digits) {
  if (patterns.size() < 4 || patterns[0] != R"([\r\n])" || !cuts_digits) return {};
  if (patterns[1].starts_with("\\s?[A-Za-zµ")) return "deepseek-llm";
  if (patterns[1] == "\\s?\\p{L}+" && patterns[2] == "\\s?\\p{P}+") return "deepseek-coder";
  return {};
}

bool is_true(const json* component, const char* key) {
  if (component == nullptr) return false;
  const auto at = component->find(key);
  return at != component->end() && at->is_boolean() && at->get<bool>();
}

}  // namespace

const json* find_component(const json& tokenizer, const char* part, std::string_view type) {
  const auto root = tokenizer.find(part);
  if (root == tokenizer.end()) return nullptr;
  const json* found = nullptr;
  walk(*root, [&](const json& component) {
    if (found == nullptr && is_type(component, type)) found = &component;
  });
  return found;
}

bool has_component(const json& tokenizer, const char* part, std::string_view type) {
  return find_component(tokenizer, part, type) != nullptr;
}

Result<std::string> hf_pretokenizer(const json& tokenizer) {
  const auto pre = tokenizer.find("pre_tokenizer");
  if (pre == tokenizer.end() || !pre->is_object()) return std::string("default");
  const std::vector<std::string> patterns = split_patterns(*pre);
  const json* digits = find_component(tokenizer, "pre_tokenizer", "Digits");
  if (patterns.empty()) {
    if (is_true(digits, "individual_digits")) return std::string("smollm");
    if (digits == nullptr) {
      const bool is_composed = has_component(tokenizer, "normalizer", "NFC");
      return std::string(is_composed ? "olmo" : "gpt-2");
    }
  }
  for (const KnownPattern& known : kPatterns) {
    if (known.is(patterns)) return std::string(known.name);
  }
  if (std::string name = deepseek_name(patterns, digits != nullptr); !name.empty()) return name;
  const std::string shown = patterns.empty() ? std::string("Digits") : patterns.front();
  return Error{ErrorCode::unsupported_media,
               "tokenizer.json cuts texts by a pattern that we do not know: " +
                   json_quoted(std::string_view(shown).substr(0, 200)) +
                   "; name a known pre-tokenizer that cuts the same way"};
}

}  // namespace wenyuan::llm
