#include "llm/pretokenizer.h"

#include <algorithm>
#include <span>

#include "llm/pretokenizer_rules.h"

namespace wenyuan::llm {
namespace {

using enum PretokenizerKind;

struct Named {
  std::string_view name;
  Pretokenization how;
};

constexpr Pretokenization kLlama3{llama3, true, false, true};
constexpr Pretokenization kGpt2{gpt2};
constexpr Pretokenization kStarcoder{starcoder};
constexpr Pretokenization kQwen2{qwen2};
constexpr Pretokenization kQwen2Nfc{qwen2, false, true};
constexpr Pretokenization kGpt4o{gpt4o};
constexpr Pretokenization kDeepseek3{deepseek3};

constexpr Named kNames[] = {
    {"", {plain}},
    {"default", {plain}},
    {"gpt-2", kGpt2},
    {"phi-2", kGpt2},
    {"gigachat", kGpt2},
    {"jina-es", kGpt2},
    {"jina-de", kGpt2},
    {"jina-v2-es", kGpt2},
    {"jina-v2-de", kGpt2},
    {"mellum", kGpt2},
    {"exaone4", kGpt2},
    {"trillion", kGpt2},
    {"granite-docling", kGpt2},
    {"jais", kGpt2},
    {"olmo", {gpt2, false, true}},
    {"mpt", {gpt2, false, true}},
    {"modern-bert", {gpt2, false, true}},
    {"smollm", kStarcoder},
    {"starcoder", kStarcoder},
    {"refact", kStarcoder},
    {"codeshell", kStarcoder},
    {"exaone", kStarcoder},
    {"minerva-7b", kStarcoder},
    {"mellum2", kStarcoder},
    {"command-r", {starcoder, false, true}},
    {"llama-bpe", kLlama3},
    {"llama3", kLlama3},
    {"llama-v3", kLlama3},
    {"falcon3", kLlama3},
    {"falcon-h1", kLlama3},
    {"lfm2", kLlama3},
    {"dbrx", {llama3}},
    {"smaug-bpe", {llama3}},
    {"glm4", {llama3}},
    {"chatglm-bpe", {llama3}},
    {"qwen2", kQwen2Nfc},
    {"megrez", kQwen2Nfc},
    {"qwen35", {qwen35, false, true}},
    {"deepseek-r1-qwen", kQwen2},
    {"bailingmoe", kQwen2},
    {"bailingmoe2", kQwen2},
    {"llada-moe", kQwen2},
    {"stablelm2", kQwen2},
    {"hunyuan", kQwen2},
    {"grok-2", kQwen2},
    {"solar-open", kQwen2},
    {"gpt-4o", kGpt4o},
    {"llama4", kGpt4o},
    {"kanana2", kGpt4o},
    {"minimax-m2", kGpt4o},
    {"tekken", {tekken, true, false, true}},
    {"kimi-k2", {kimi}},
    {"deepseek-llm", {deepseek_llm}},
    {"deepseek-coder", {deepseek_coder}},
    {"deepseek-v3", kDeepseek3},
    {"hunyuan-dense", kDeepseek3},
    {"joyai-llm", kDeepseek3},
};

// Each rule cuts the pieces that those before it left.
std::span<const CutRule> rules(PretokenizerKind kind) {
  static constexpr CutRule kGpt2Rules[] = {cut_gpt2};
  static constexpr CutRule kStarcoderRules[] = {cut_number, cut_gpt2};
  static constexpr CutRule kPlainRules[] = {cut_signs, cut_gpt2, cut_numbers, cut_three_digits};
  static constexpr CutRule kLlama3Rules[] = {cut_llama3};
  static constexpr CutRule kQwen2Rules[] = {cut_qwen2};
  static constexpr CutRule kQwen35Rules[] = {cut_qwen35};
  static constexpr CutRule kGpt4oRules[] = {cut_gpt4o};
  static constexpr CutRule kTekkenRules[] = {cut_tekken};
  static constexpr CutRule kKimiRules[] = {cut_kimi};
  static constexpr CutRule kDeepseekLlmRules[] = {cut_newline,        cut_deepseek_letters,
                                                  cut_deepseek_signs, cut_last_spaces,
                                                  cut_deepseek_cjk,   cut_number};
  static constexpr CutRule kDeepseekCoderRules[] = {
      cut_newline, cut_spaced_letters, cut_spaced_punctuation, cut_deepseek_cjk, cut_number};
  static constexpr CutRule kDeepseek3Rules[] = {cut_three_numbers, cut_han_and_kana, cut_deepseek3};
  switch (kind) {
    case gpt2: return kGpt2Rules;
    case starcoder: return kStarcoderRules;
    case plain: return kPlainRules;
    case llama3: return kLlama3Rules;
    case qwen2: return kQwen2Rules;
    case qwen35: return kQwen35Rules;
    case gpt4o: return kGpt4oRules;
    case tekken: return kTekkenRules;
    case kimi: return kKimiRules;
    case deepseek_llm: return kDeepseekLlmRules;
    case deepseek_coder: return kDeepseekCoderRules;
    case deepseek3: return kDeepseek3Rules;
  }
  return kGpt2Rules;
}

// The pieces' ends, each cut again; what the rule does not match stays together.
std::vector<std::size_t> cut(std::span<const Char> chars, const std::vector<std::size_t>& ends,
                             CutRule rule) {
  std::vector<std::size_t> result;
  result.reserve(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const CutWindow window(chars.first(end), begin);
    std::size_t unmatched = begin;
    for (std::size_t at = begin; at < end;) {
      const std::size_t next = rule(window, at);
      if (next == at) {
        ++at;
        continue;
      }
      if (unmatched < at) result.push_back(at);
      result.push_back(next);
      at = unmatched = next;
    }
    if (unmatched < end) result.push_back(end);
    begin = end;
  }
  return result;
}

}  // namespace

std::optional<Pretokenization> pretokenization(std::string_view name) {
  const auto* at = std::find_if(std::begin(kNames), std::end(kNames),
                                [name](const Named& named) { return named.name == name; });
  if (at == std::end(kNames)) return std::nullopt;
  return at->how;
}

std::vector<std::string_view> pretokenize(std::string_view text, PretokenizerKind kind) {
  const std::vector<Char> chars = characters(text);
  std::vector<std::size_t> ends;
  if (!chars.empty()) ends.push_back(chars.size());
  for (const CutRule rule : rules(kind)) ends = cut(chars, ends, rule);
  std::vector<std::string_view> words;
  words.reserve(ends.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    words.push_back(text.substr(chars[begin].begin, chars[end - 1].end - chars[begin].begin));
    begin = end;
  }
  return words;
}

}  // namespace wenyuan::llm
