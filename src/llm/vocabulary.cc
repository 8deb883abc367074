#include "llm/vocabulary.h"

#include <algorithm>
#include <cmath>

namespace wenyuan::llm {
namespace {

Error corrupt(const std::string& what) {
  return Error{ErrorCode::corrupt, "the tokenizer of the model: " + what};
}

// Tokens that end a turn, by their text: files name only one of them.
constexpr std::string_view kEndTexts[] = {
    "<|im_end|>",    "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>",       "<|endoftext|>",
    "<end_of_turn>", "<|end|>",    "</s>",       "<｜end▁of▁sentence｜>", "<|end_of_sentence|>"};

}  // namespace

Result<Vocabulary> Vocabulary::read(const Gguf& file) {
  Vocabulary vocabulary;
  WY_RETURN_IF_ERROR(vocabulary.read_lists(file));
  vocabulary.index_tokens();
  WY_RETURN_IF_ERROR(vocabulary.read_ids(file));
  return vocabulary;
}

Status Vocabulary::read_lists(const Gguf& file) {
  const std::vector<std::string>* tokens = file.texts("tokenizer.ggml.tokens");
  if (tokens == nullptr || tokens->empty()) return corrupt("it has no tokens");
  texts_ = *tokens;
  if (const auto scores = file.reals("tokenizer.ggml.scores")) {
    if (scores->size() != texts_.size()) return corrupt("it has another number of scores");
    for (const double score : *scores) {
      if (!std::isfinite(score)) return corrupt("a score is not a number");
      scores_.push_back(static_cast<float>(score));
    }
  }
  if (const auto kinds = file.integers("tokenizer.ggml.token_type")) {
    if (kinds->size() != texts_.size()) return corrupt("it has another number of token types");
    for (const std::int64_t kind : *kinds) {
      if (kind < 0 || kind > 6) return corrupt("there is no token type " + std::to_string(kind));
      kinds_.push_back(kind == 0 ? TokenKind::normal : static_cast<TokenKind>(kind));
    }
  }
  return Done{};
}

Status Vocabulary::read_ids(const Gguf& file) {
  struct Named {
    std::string_view key;
    TokenId Vocabulary::*target;
  };
  constexpr Named kNamed[] = {
      {"tokenizer.ggml.bos_token_id", &Vocabulary::bos},
      {"tokenizer.ggml.eos_token_id", &Vocabulary::eos},
      {"tokenizer.ggml.unknown_token_id", &Vocabulary::unk},
      {"tokenizer.ggml.seperator_token_id", &Vocabulary::sep},  // spelt so
      {"tokenizer.ggml.cls_token_id", &Vocabulary::cls},
      {"tokenizer.ggml.padding_token_id", &Vocabulary::pad},
  };
  for (const auto& [key, target] : kNamed) {
    const auto id = file.integer(key);
    if (!id) continue;
    if (*id < 0 || static_cast<std::uint64_t>(*id) >= texts_.size()) {
      return corrupt(std::string(key) + " is out of range");
    }
    this->*target = static_cast<TokenId>(*id);
  }
  add_bos = file.flag("tokenizer.ggml.add_bos_token").value_or(false);
  add_eos = file.flag("tokenizer.ggml.add_eos_token").value_or(false);
  add_space_prefix = file.flag("tokenizer.ggml.add_space_prefix").value_or(false);
  if (eos >= 0) ends.insert(eos);
  for (const char* key : {"tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"}) {
    const auto id = file.integer(key);
    if (id && *id >= 0 && static_cast<std::uint64_t>(*id) < texts_.size()) {
      ends.insert(static_cast<TokenId>(*id));
    }
  }
  for (const std::string_view end : kEndTexts) {
    const TokenId id = find(end);
    if (id >= 0 && kind(id) != TokenKind::normal) ends.insert(id);
  }
  return Done{};
}

void Vocabulary::index_tokens() {
  ids_.reserve(texts_.size());
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    ids_.emplace(texts_[i], id);
    const TokenKind how = kind(id);
    if (texts_[i].empty() || (how != TokenKind::control && how != TokenKind::user_defined))
      continue;
    special_[texts_[i][0]].push_back(id);
  }
  for (auto& [first, tokens] : special_) {
    std::stable_sort(tokens.begin(), tokens.end(),
                     [&](TokenId a, TokenId b) { return text(a).size() > text(b).size(); });
  }
}

float Vocabulary::score(TokenId token) const {
  return scores_.empty() ? 0 : scores_[static_cast<std::size_t>(token)];
}

TokenKind Vocabulary::kind(TokenId token) const {
  return kinds_.empty() ? TokenKind::normal : kinds_[static_cast<std::size_t>(token)];
}

TokenId Vocabulary::find(std::string_view text) const {
  const auto at = ids_.find(text);
  return at == ids_.end() ? -1 : at->second;
}

std::vector<Vocabulary::Part> Vocabulary::split(std::string_view text, bool parse_special) const {
  std::vector<Part> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    TokenId found = -1;
    if (const auto tokens = special_.find(text[at]); tokens != special_.end()) {
      for (const TokenId token : tokens->second) {
        if (kind(token) == TokenKind::control && !parse_special) continue;
        if (text.substr(at, this->text(token).size()) != this->text(token)) continue;
        found = token;
        break;
      }
    }
    if (found < 0) {
      ++at;
      continue;
    }
    if (at > begin) parts.emplace_back(text.substr(begin, at - begin));
    parts.emplace_back(found);
    at += this->text(found).size();
    begin = at;
  }
  if (begin < text.size()) parts.emplace_back(text.substr(begin));
  return parts;
}

}  // namespace wenyuan::llm
