#include "llm/wordpiece_tokenizer.h"

#include <algorithm>

#include "base/text.h"
#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

// In GGUF files a piece that begins a word carries U+2581, and the "##" of the others is dropped.
constexpr std::string_view kWordStart = "\xE2\x96\x81";
constexpr std::size_t kWordCharsMax = 100;

// The characters that stand alone. The reference leaves out U+2B820 to U+2B91F.
bool is_bert_cjk(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

// A vocabulary that was made from folded text has no capital letters.
bool has_capitals(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    if (vocabulary.kind(token) != TokenKind::normal) continue;
    const std::string& text = vocabulary.text(token);
    if (text.starts_with("[") && text.ends_with("]")) continue;  // [unused1], and such names
    if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> WordpieceTokenizer::create(Vocabulary vocabulary,
                                                              const Gguf& file) {
  if (vocabulary.unk < 0) vocabulary.unk = vocabulary.find("[UNK]");
  if (vocabulary.cls < 0) vocabulary.cls = vocabulary.find("[CLS]");
  if (vocabulary.sep < 0) vocabulary.sep = vocabulary.find("[SEP]");
  if (vocabulary.unk < 0 || vocabulary.cls < 0 || vocabulary.sep < 0) {
    return Error{ErrorCode::corrupt,
                 "the tokenizer of the model: [UNK], [CLS] or [SEP] is missing"};
  }
  std::unique_ptr<WordpieceTokenizer> tokenizer(new WordpieceTokenizer(std::move(vocabulary)));
  tokenizer->folds_ = file.flag("tokenizer.ggml.normalizer.lowercase")
                          .value_or(!has_capitals(tokenizer->vocabulary_));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

std::vector<std::string> WordpieceTokenizer::words(std::string_view text) const {
  std::vector<std::string> list;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) list.push_back(std::exchange(word, {}));
  };
  std::vector<char32_t> folded;
  for (const Char& c : characters(text)) {
    if (is_bert_dropped(c.code)) continue;
    if (c.kind == CharKind::space) {
      finish();
      continue;
    }
    folded.clear();
    if (folds_) {
      append_folded(folded, c.code);
    } else {
      folded.push_back(c.code);
    }
    const bool cjk = is_bert_cjk(c.code);
    if (cjk) finish();
    for (const char32_t code : folded) {
      const bool alone = is_bert_punctuation(code);
      if (alone) finish();
      append_utf8(word, code);
      if (alone) finish();
    }
    if (cjk) finish();
  }
  finish();
  return list;
}

void WordpieceTokenizer::append_word(const std::string& word, std::vector<TokenId>& tokens) const {
  if (code_point_count(word) > kWordCharsMax) {
    tokens.push_back(vocabulary_.unk);
    return;
  }
  const std::string marked = std::string(kWordStart) + word;
  const std::size_t before = tokens.size();
  for (std::size_t at = 0; at < marked.size();) {
    TokenId found = -1;
    std::size_t end = marked.size();
    for (; end > at; --end) {
      const std::string_view piece = std::string_view(marked).substr(at, end - at);
      found = vocabulary_.find_plain(piece);
      // Inside a word no piece begins one; at its beginning the mark alone is no piece.
      const bool fits = at > 0 ? !piece.starts_with(kWordStart) : end > kWordStart.size();
      if (found >= 0 && fits) break;
      found = -1;
    }
    if (found < 0) {
      tokens.resize(before);
      tokens.push_back(vocabulary_.unk);
      return;
    }
    tokens.push_back(found);
    at = end;
  }
}

std::vector<TokenId> WordpieceTokenizer::encode(std::string_view text,
                                                const EncodeOptions& options) const {
  std::vector<TokenId> tokens;
  if (options.add_special) tokens.push_back(vocabulary_.cls);
  for (const Vocabulary::Part& part : vocabulary_.split(text, options)) {
    if (const TokenId* token = std::get_if<TokenId>(&part)) {
      tokens.push_back(*token);
      continue;
    }
    for (const std::string& word : words(std::get<std::string_view>(part))) {
      append_word(word, tokens);
    }
  }
  if (options.add_special) tokens.push_back(vocabulary_.sep);
  return tokens;
}

std::string WordpieceTokenizer::piece(TokenId token, bool show_special) const {
  if (token < 0 || static_cast<std::size_t>(token) >= vocabulary_.size()) return "";
  const TokenKind kind = vocabulary_.kind(token);
  if (kind == TokenKind::control || token == vocabulary_.cls || token == vocabulary_.sep) {
    return show_special ? vocabulary_.text(token) : "";
  }
  const std::string& text = vocabulary_.text(token);
  if (!text.starts_with(kWordStart)) return text;
  return " " + text.substr(kWordStart.size());
}

}  // namespace wenyuan::llm
