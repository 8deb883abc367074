#include "llm/bpe_tokenizer.h"

#include <queue>

#include "base/text.h"

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

std::uint64_t pair_key(TokenId left, TokenId right) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
         static_cast<std::uint32_t>(right);
}

// A symbol of a word while its neighbours are merged.
struct Symbol {
  TokenId token;
  int before, after;  // -1 at the ends
};

struct Candidate {
  std::int32_t rank;
  int left;                         // merges are made leftmost first among equal ranks
  TokenId left_token, right_token;  // as they were when it was found

  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> BpeTokenizer::create(Vocabulary vocabulary, const Gguf& file) {
  const std::string pre(file.text("tokenizer.ggml.pre").value_or(""));
  const auto kind = pretokenizer_kind(pre);
  if (!kind) {
    return Error{ErrorCode::unsupported_media, "the pre-tokenizer " + pre + " is not supported"};
  }
  std::unique_ptr<BpeTokenizer> tokenizer(new BpeTokenizer(std::move(vocabulary), *kind));
  tokenizer->whole_words_first_ = *kind == PretokenizerKind::llama3;
  tokenizer->read_bytes();
  WY_RETURN_IF_ERROR(tokenizer->read_merges(file));
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

void BpeTokenizer::read_bytes() {
  const auto characters = byte_characters();
  for (std::size_t byte = 0; byte < 256; ++byte) {
    std::string text;
    append_utf8(text, characters[byte]);
    bytes_[byte] = vocabulary_.find(text);
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
    const TokenId result = vocabulary_.find(std::string(left) + std::string(right));
    const TokenId left_id = vocabulary_.find(left);
    const TokenId right_id = vocabulary_.find(right);
    if (result >= 0 && left_id >= 0 && right_id >= 0) {
      merges_.emplace(pair_key(left_id, right_id), Merge{rank, result});
    }
    ++rank;
  }
  return Done{};
}

const BpeTokenizer::Merge* BpeTokenizer::merge(TokenId left, TokenId right) const {
  const auto at = merges_.find(pair_key(left, right));
  return at == merges_.end() ? nullptr : &at->second;
}

void BpeTokenizer::append_word(std::string_view word, std::vector<TokenId>& tokens) const {
  std::vector<Symbol> symbols;
  for (const char c : word) {
    const TokenId token = bytes_[static_cast<unsigned char>(c)];
    if (token < 0) continue;  // the vocabulary cannot say this byte
    const int at = static_cast<int>(symbols.size());
    if (!symbols.empty()) symbols.back().after = at;
    symbols.push_back({token, at - 1, -1});
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto symbol = [&](int at) -> Symbol& { return symbols[static_cast<std::size_t>(at)]; };
  const auto offer = [&](int left) {
    if (left < 0 || symbol(left).after < 0) return;
    const TokenId right = symbol(symbol(left).after).token;
    const Merge* found = merge(symbol(left).token, right);
    if (found != nullptr) queue.push({found->rank, left, symbol(left).token, right});
  };
  for (int i = 0; i < static_cast<int>(symbols.size()); ++i) offer(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbol(best.left);
    // A side may have been merged away since; its token is -1 then, or another one.
    if (left.token != best.left_token || left.after < 0) continue;
    Symbol& right = symbol(left.after);
    if (right.token != best.right_token) continue;
    left.token = merge(best.left_token, best.right_token)->result;
    right.token = -1;
    left.after = right.after;
    if (left.after >= 0) symbol(left.after).before = best.left;
    offer(left.before);
    offer(best.left);
  }
  for (int at = symbols.empty() ? -1 : 0; at >= 0; at = symbol(at).after) {
    tokens.push_back(symbol(at).token);
  }
}

std::vector<TokenId> BpeTokenizer::encode(std::string_view text,
                                          const EncodeOptions& options) const {
  std::vector<TokenId> tokens;
  if (options.add_special && vocabulary_.add_bos && vocabulary_.bos >= 0) {
    tokens.push_back(vocabulary_.bos);
  }
  const auto characters = byte_characters();
  for (const Vocabulary::Part& part : vocabulary_.split(text, options.parse_special)) {
    if (const TokenId* token = std::get_if<TokenId>(&part)) {
      tokens.push_back(*token);
      continue;
    }
    for (const std::string_view word : pretokenize(std::get<std::string_view>(part), kind_)) {
      TokenId whole = -1;
      if (whole_words_first_) {
        std::string written;
        for (const char c : word) append_utf8(written, characters[static_cast<unsigned char>(c)]);
        whole = vocabulary_.find(written);
      }
      if (whole >= 0) {
        tokens.push_back(whole);
      } else {
        append_word(word, tokens);
      }
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
