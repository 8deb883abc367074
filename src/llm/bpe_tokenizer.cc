#include "llm/bpe_tokenizer.h"

#include "base/text.h"
#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

// GPT-2 writes bytes as printable characters: itself where it is one, else from U+0100 on.
std::array<char32_t, 256> byte_characters() {
  std::array<char32_t, 256> characters{};
  char32_t next = 0x100;
  for (char32_t byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
                           (byte >= 0xAE && byte <= 0xFF);
    characters[byte] = printable ? byte : next++;
  }
  return characters;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> BpeTokenizer::create(Vocabulary vocabulary, const Gguf& file) {
  const std::string pre(file.text("tokenizer.ggml.pre").value_or(""));
  const auto how = pretokenization(pre);
  if (!how) {
    return Error{ErrorCode::unsupported_media, "the pre-tokenizer " + pre + " is not supported"};
  }
  vocabulary.add_bos = file.flag("tokenizer.ggml.add_bos_token").value_or(how->add_bos);
  std::unique_ptr<BpeTokenizer> tokenizer(new BpeTokenizer(std::move(vocabulary), *how));
  tokenizer->read_bytes();
  WY_RETURN_IF_ERROR(tokenizer->read_merges(file));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

void BpeTokenizer::read_bytes() {
  const auto characters = byte_characters();
  for (std::size_t byte = 0; byte < 256; ++byte) {
    append_utf8(written_bytes_[byte], characters[byte]);
    bytes_[byte] = vocabulary_.find_plain(written_bytes_[byte]);
    byte_of_.emplace(characters[byte], static_cast<std::uint8_t>(byte));
  }
}

Status BpeTokenizer::read_merges(const Gguf& file) {
  const std::vector<std::string>* merges = file.texts("tokenizer.ggml.merges");
  if (merges == nullptr) {
    return Error{ErrorCode::corrupt, "the tokenizer of the model: it has no merges"};
  }
  merges_.reserve(merges->size());
  std::int32_t rank = 0;
  for (const std::string& merge : *merges) {
    // The first character may itself be the one that stands for a space, never a space.
    const std::size_t space = merge.find(' ', 1);
    if (space == std::string::npos) {
      return Error{ErrorCode::corrupt,
                   "the tokenizer of the model: merge " + std::to_string(rank) + " is no pair"};
    }
    const std::string_view left = std::string_view(merge).substr(0, space);
    const std::string_view right = std::string_view(merge).substr(space + 1);
    const TokenId result = vocabulary_.find_plain(std::string(left) + std::string(right));
    const TokenId left_id = vocabulary_.find_plain(left);
    const TokenId right_id = vocabulary_.find_plain(right);
    if (result >= 0 && left_id >= 0 && right_id >= 0) {
      merges_.add(left_id, right_id, rank, result);
    }
    ++rank;
  }
  return Done{};
}

void BpeTokenizer::append_word(std::string_view word, std::vector<TokenId>& tokens) const {
  if (how_.whole_words_first) {
    std::string written;
    for (const char c : word) written += written_bytes_[static_cast<unsigned char>(c)];
    if (const TokenId whole = vocabulary_.find_plain(written); whole >= 0) {
      tokens.push_back(whole);
      return;
    }
  }
  std::vector<TokenId> symbols;
  symbols.reserve(word.size());
  // A byte that the vocabulary cannot say still keeps its neighbours apart.
  for (const char c : word) symbols.push_back(bytes_[static_cast<unsigned char>(c)]);
  merges_.apply(symbols);
  tokens.insert(tokens.end(), symbols.begin(), symbols.end());
}

void BpeTokenizer::append_text(std::string_view text, std::vector<TokenId>& tokens) const {
  if (how_.normal_form_c && !is_surely_nfc(text)) {
    const std::string normal = to_nfc(text);
    for (const std::string_view word : pretokenize(normal, how_.kind)) append_word(word, tokens);
    return;
  }
  for (const std::string_view word : pretokenize(text, how_.kind)) append_word(word, tokens);
}

std::vector<TokenId> BpeTokenizer::prefix() const {
  if (!vocabulary_.add_bos || vocabulary_.bos < 0) return {};
  return {vocabulary_.bos};
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text,
                                          const EncodeOptions& options) const {
  std::vector<TokenId> tokens;
  if (options.add_special) tokens = prefix();
  for (const Vocabulary::Part& part : vocabulary_.split(text, options)) {
    if (const TokenId* token = std::get_if<TokenId>(&part)) {
      tokens.push_back(*token);
    } else {
      append_text(std::get<std::string_view>(part), tokens);
    }
  }
  if (options.add_special && vocabulary_.add_eos && vocabulary_.eos >= 0) {
    tokens.push_back(vocabulary_.eos);
  }
  return tokens;
}

std::string BpeTokenizer::piece(TokenId token, bool show_special) const {
  if (token < 0 || static_cast<std::size_t>(token) >= vocabulary_.size()) return "";
  const std::string& text = vocabulary_.text(token);
  switch (vocabulary_.kind(token)) {
    case TokenKind::control:
    case TokenKind::unknown:
    case TokenKind::unused: return show_special ? text : "";
    case TokenKind::user_defined: return text;
    case TokenKind::normal:
    case TokenKind::byte: break;
  }
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = byte_of_.find(next_code_point(text, at));
    if (byte != byte_of_.end()) bytes += static_cast<char>(byte->second);
  }
  return bytes;
}

}  // namespace wenyuan::llm
