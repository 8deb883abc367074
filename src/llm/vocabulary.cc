#include "llm/vocabulary.h"

#include <algorithm>
#include <cmath>

#include "llm/vocabulary_marks.h"

namespace wenyuan::llm {
namespace {

Error corrupt(const std::string& what) {
  return Error{ErrorCode::corrupt, "the tokenizer of the model: " + what};
}

// Where control tokens may be read; asked with rising places.
class TrustedRanges {
 public:
  explicit TrustedRanges(const EncodeOptions& options) : options_(options) {}

  bool cover(std::size_t begin, std::size_t end) {
    if (!options_.parse_special) return false;
    if (options_.trusted == nullptr) return true;
    const std::vector<TextRange>& ranges = *options_.trusted;
    while (at_ < ranges.size() && ranges[at_].end <= begin) ++at_;
    return at_ < ranges.size() && ranges[at_].begin <= begin && end <= ranges[at_].end;
  }

 private:
  const EncodeOptions& options_;
  std::size_t at_ = 0;
};

bool is_white(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Every template of the file, one after the other.
std::string template_texts(const Gguf& file) {
  std::string all;
  for (const auto& [key, value] : file.metadata()) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && key.starts_with("tokenizer.chat_template")) all += *text + "\n";
  }
  return all;
}

// Of the tokens those that a merge makes: text by construction.
std::set<TokenId> merged(const Gguf& file, const std::unordered_map<std::string, TokenId>& tokens) {
  std::set<TokenId> found;
  const std::vector<std::string>* merges = file.texts("tokenizer.ggml.merges");
  if (merges == nullptr || tokens.empty()) return found;
  for (const std::string& merge : *merges) {
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos) continue;
    const auto at = tokens.find(merge.substr(0, space) + merge.substr(space + 1));
    if (at != tokens.end()) found.insert(at->second);
  }
  return found;
}

}  // namespace

Result<Vocabulary> Vocabulary::read(const Gguf& file) {
  Vocabulary vocabulary;
  WY_RETURN_IF_ERROR(vocabulary.read_lists(file));
  WY_RETURN_IF_ERROR(vocabulary.read_ids(file));
  vocabulary.guard_marks(file);
  vocabulary.index_tokens();
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
  return Done{};
}

void Vocabulary::guard_marks(const Gguf& file) {
  std::unordered_map<std::string, TokenId> normal;
  std::vector<TokenId> marks;
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const bool special = id == bos || id == eos || ends.contains(id);
    if (!is_plain(id) || texts_[i].size() < 3) continue;
    if (!special && !is_conversation_mark(texts_[i])) continue;
    if (kind(id) == TokenKind::normal) normal.emplace(texts_[i], id);
    marks.push_back(id);
  }
  const std::set<TokenId> text = merged(file, normal);
  kinds_.resize(texts_.size(), TokenKind::normal);
  for (const TokenId id : marks) {
    if (!text.contains(id)) kinds_[static_cast<std::size_t>(id)] = TokenKind::control;
  }
  const std::string templates = template_texts(file);
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (kind(id) == TokenKind::control && is_end_mark(texts_[i])) ends.insert(id);
    const bool wanted =
        kind(id) == TokenKind::user_defined && texts_[i].size() >= 3 && !is_white(texts_[i]);
    if (wanted && templates.find(texts_[i]) != std::string::npos) guarded_.insert(id);
  }
}

void Vocabulary::index_tokens() {
  ids_.reserve(texts_.size());
  for (std::size_t i = 0; i < texts_.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    ids_.emplace(texts_[i], id);
    const TokenKind how = kind(id);
    const bool is_written = how == TokenKind::control || how == TokenKind::user_defined;
    if (is_written && !texts_[i].empty()) written_.push_back(id);
  }
  std::sort(written_.begin(), written_.end(), [&](TokenId a, TokenId b) {
    const int order = text(a).compare(text(b));
    return order != 0 ? order < 0 : a < b;
  });
  std::size_t at = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    by_byte_[byte] = at;
    while (at < written_.size() && static_cast<unsigned char>(text(written_[at])[0]) == byte) ++at;
  }
  by_byte_[256] = at;
}

bool Vocabulary::is_guarded(TokenId token) const {
  return kind(token) == TokenKind::control || guarded_.contains(token);
}

template <class MayWrite>
TokenId Vocabulary::written_at(std::string_view text, std::size_t at, MayWrite may_write) const {
  const std::size_t byte = static_cast<unsigned char>(text[at]);
  auto first = written_.begin() + static_cast<std::ptrdiff_t>(by_byte_[byte]);
  auto last = written_.begin() + static_cast<std::ptrdiff_t>(by_byte_[byte + 1]);
  TokenId found = -1;
  // Those that begin as the text does, ever longer; the one that is no longer stands first.
  for (std::size_t size = 1; first != last; ++size) {
    for (; first != last && this->text(*first).size() == size; ++first) {
      if (may_write(*first, size)) found = *first;
    }
    if (at + size >= text.size()) break;
    const auto next = static_cast<unsigned char>(text[at + size]);
    const auto byte_of = [&](TokenId token) {
      return static_cast<unsigned char>(this->text(token)[size]);
    };
    first = std::partition_point(first, last, [&](TokenId t) { return byte_of(t) < next; });
    last = std::partition_point(first, last, [&](TokenId t) { return byte_of(t) <= next; });
  }
  return found;
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

TokenId Vocabulary::find_plain(std::string_view text) const {
  const TokenId token = find(text);
  return token >= 0 && is_plain(token) ? token : -1;
}

bool Vocabulary::is_plain(TokenId token) const {
  const TokenKind how = kind(token);
  const bool text =
      how == TokenKind::normal || how == TokenKind::user_defined || how == TokenKind::unused;
  return text && !guarded_.contains(token);
}

std::vector<Vocabulary::Part> Vocabulary::split(std::string_view text,
                                                const EncodeOptions& options) const {
  std::vector<Part> parts;
  TrustedRanges trusted(options);
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const TokenId found = written_at(text, at, [&](TokenId token, std::size_t size) {
      return !is_guarded(token) || trusted.cover(at, at + size);
    });
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
