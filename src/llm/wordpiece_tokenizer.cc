#include "llm/wordpiece_tokenizer.h"

#include "base/text.h"
#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

// In GGUF files a piece that begins a word carries U+2581, and the "##" of the others is dropped.
constexpr std::string_view kWordStart = "\xE2\x96\x81";
constexpr std::size_t kWordCharsMax = 100;

// The blocks that BERT's reference splits into single characters.
bool is_bert_cjk(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
         (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B820 && c <= 0x2CEAF) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}

bool is_bert_punctuation(char32_t c) {
  const bool ascii = (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
                     (c >= 123 && c <= 126);
  return ascii || char_kind(c) == CharKind::punctuation;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> list;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) list.push_back(std::exchange(word, {}));
  };
  std::vector<char32_t> folded;
  for (const Char& c : characters(text)) {
    if (is_space(c.code)) {
      finish();
      continue;
    }
    if (c.code == 0 || c.code == 0xFFFD || char_kind(c.code) == CharKind::control) continue;
    folded.clear();
    append_folded(folded, c.code);
    for (const char32_t code : folded) {
      const bool alone = is_bert_cjk(code) || is_bert_punctuation(code);
      if (alone) finish();
      append_utf8(word, code);
      if (alone) finish();
    }
  }
  finish();
  return list;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> WordpieceTokenizer::create(Vocabulary vocabulary) {
  if (vocabulary.unk < 0) vocabulary.unk = vocabulary.find("[UNK]");
  if (vocabulary.cls < 0) vocabulary.cls = vocabulary.find("[CLS]");
  if (vocabulary.sep < 0) vocabulary.sep = vocabulary.find("[SEP]");
  if (vocabulary.unk < 0 || vocabulary.cls < 0 || vocabulary.sep < 0) {
    return Error{ErrorCode::corrupt,
                 "the tokenizer of the model: [UNK], [CLS] or [SEP] is missing"};
  }
  return std::unique_ptr<Tokenizer>(new WordpieceTokenizer(std::move(vocabulary)));
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
      found = vocabulary_.find(std::string_view(marked).substr(at, end - at));
      // The start mark alone is no piece.
      if (found >= 0 && (at > 0 || end > kWordStart.size())) break;
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
  for (const Vocabulary::Part& part : vocabulary_.split(text, options.parse_special)) {
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
