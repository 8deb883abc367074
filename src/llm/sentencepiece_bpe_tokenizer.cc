#include "llm/sentencepiece_bpe_tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <queue>

#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581

struct Symbol {
  std::size_t begin, size;  // size 0: merged away
  int before, after;        // -1 at the ends
};

struct Candidate {
  float score;
  int left, right;
  std::size_t size;  // of both together, when it was found

  // The highest score first, then the leftmost.
  bool operator<(const Candidate& other) const {
    return score != other.score ? score < other.score : left > other.left;
  }
};

std::string with_marks(std::string_view text) {
  std::string marked;
  for (const char c : text) {
    if (c == ' ') {
      marked += kSpace;
    } else {
      marked += c;
    }
  }
  return marked;
}

// U+2581 back to spaces.
std::string without_marks(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size();) {
    const bool space = text.substr(at, kSpace.size()) == kSpace;
    plain.push_back(space ? ' ' : text[at]);
    at += space ? kSpace.size() : 1;
  }
  return plain;
}

// Where the next word begins: a mark that follows something else.
std::size_t next_word(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); at += kSpace.size()) {
    at = text.find(kSpace, at);
    if (at == std::string_view::npos) break;
    const bool follows_mark =
        at >= kSpace.size() && text.substr(at - kSpace.size(), kSpace.size()) == kSpace;
    if (at > 0 && !follows_mark) return at;
  }
  return text.size();
}

bool has_token_over_words(const Vocabulary& vocabulary) {
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const std::string& text = vocabulary.text(token);
    if (vocabulary.is_plain(token) && next_word(text, 0) < text.size()) return true;
  }
  return false;
}

// The ranges of the text in the text without marks.
std::vector<TextRange> without_marks(std::string_view text, std::vector<TextRange> ranges) {
  std::size_t at = 0, removed = 0;
  const auto move = [&](std::size_t& place) {
    for (; at < place; ++at) {
      if (text.substr(at, kSpace.size()) == kSpace) removed += kSpace.size() - 1;
    }
    place -= std::min(removed, place);
  };
  for (TextRange& range : ranges) {
    move(range.begin);
    move(range.end);
  }
  return ranges;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> SentencepieceBpeTokenizer::create(Vocabulary vocabulary,
                                                                     const Gguf& file) {
  // Files that say nothing are of Llama's kind: with BOS, and a space before the text.
  vocabulary.add_bos = file.flag("tokenizer.ggml.add_bos_token").value_or(true);
  vocabulary.add_space_prefix = file.flag("tokenizer.ggml.add_space_prefix").value_or(true);
  std::unique_ptr<SentencepieceBpeTokenizer> tokenizer(
      new SentencepieceBpeTokenizer(std::move(vocabulary)));
  for (unsigned byte = 0; byte < 256; ++byte) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", byte);
    tokenizer->bytes_[byte] = tokenizer->vocabulary_.find(text);
  }
  tokenizer->cuts_words_ = !has_token_over_words(tokenizer->vocabulary_);
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

void SentencepieceBpeTokenizer::append_bytes(std::string_view symbol,
                                             std::vector<TokenId>& tokens) const {
  for (const char c : symbol) {
    const TokenId byte = bytes_[static_cast<unsigned char>(c)];
    if (byte >= 0) {
      tokens.push_back(byte);
    } else if (vocabulary_.unk >= 0) {
      tokens.push_back(vocabulary_.unk);
    }
  }
}

void SentencepieceBpeTokenizer::append_symbol(std::string_view symbol, const Halves& halves,
                                              std::vector<TokenId>& tokens) const {
  std::vector<std::string_view> left = {symbol};
  while (!left.empty()) {
    const std::string_view text = left.back();
    left.pop_back();
    const TokenId token = vocabulary_.find_plain(text);
    const bool unused = token >= 0 && vocabulary_.kind(token) == TokenKind::unused;
    const auto half = unused ? halves.find(text) : halves.end();
    if (half != halves.end()) {
      left.push_back(text.substr(half->second));
      left.push_back(text.substr(0, half->second));
    } else if (token >= 0) {
      tokens.push_back(token);
    } else {
      append_bytes(text, tokens);
    }
  }
}

void SentencepieceBpeTokenizer::append_text(std::string_view text,
                                            std::vector<TokenId>& tokens) const {
  if (!cuts_words_) {
    append_merged(text, tokens);
    return;
  }
  // Nothing merges over the beginning of a word, and small queues are fast ones.
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = next_word(text, begin + 1);
    append_merged(text.substr(begin, end - begin), tokens);
    begin = end;
  }
}

void SentencepieceBpeTokenizer::append_merged(std::string_view text,
                                              std::vector<TokenId>& tokens) const {
  std::vector<Symbol> symbols;
  for (const Char& c : characters(text)) {
    const int at = static_cast<int>(symbols.size());
    if (!symbols.empty()) symbols.back().after = at;
    symbols.push_back({c.begin, c.end - c.begin, at - 1, -1});
  }
  const auto symbol = [&](int at) -> Symbol& { return symbols[static_cast<std::size_t>(at)]; };
  std::priority_queue<Candidate> queue;
  Halves halves;
  const auto offer = [&](int left) {
    if (left < 0 || symbol(left).after < 0) return;
    const int right = symbol(left).after;
    const std::size_t size = symbol(left).size + symbol(right).size;
    const std::string_view both = text.substr(symbol(left).begin, size);
    const TokenId token = vocabulary_.find_plain(both);
    if (token < 0) return;
    queue.push({vocabulary_.score(token), left, right, size});
    if (vocabulary_.kind(token) == TokenKind::unused) halves[both] = symbol(left).size;
  };
  for (int i = 0; i < static_cast<int>(symbols.size()); ++i) offer(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbol(best.left);
    Symbol& right = symbol(best.right);
    if (left.size == 0 || right.size == 0 || left.size + right.size != best.size) continue;
    left.size = best.size;
    right.size = 0;
    left.after = right.after;
    if (left.after >= 0) symbol(left.after).before = best.left;
    offer(left.before);
    offer(best.left);
  }
  for (int at = symbols.empty() ? -1 : 0; at >= 0; at = symbol(at).after) {
    append_symbol(text.substr(symbol(at).begin, symbol(at).size), halves, tokens);
  }
}

std::vector<TokenId> SentencepieceBpeTokenizer::prefix() const {
  if (!vocabulary_.add_bos || vocabulary_.bos < 0) return {};
  return {vocabulary_.bos};
}

std::vector<TokenId> SentencepieceBpeTokenizer::encode(std::string_view text,
                                                       const EncodeOptions& options) const {
  // U+2581 in a text is a space like any other.
  if (text.find(kSpace) != std::string_view::npos) {
    std::vector<TextRange> trusted;
    EncodeOptions moved = options;
    if (options.trusted != nullptr) {
      trusted = without_marks(text, *options.trusted);
      moved.trusted = &trusted;
    }
    return encode(without_marks(text), moved);
  }
  std::vector<TokenId> tokens;
  if (options.add_special) tokens = prefix();
  bool after_special = true;  // the space goes before the text, and behind a control token
  for (const Vocabulary::Part& part : vocabulary_.split(text, options)) {
    if (const TokenId* token = std::get_if<TokenId>(&part)) {
      tokens.push_back(*token);
      after_special = true;
      continue;
    }
    std::string marked = with_marks(std::get<std::string_view>(part));
    if (vocabulary_.add_space_prefix && after_special) marked.insert(0, kSpace);
    append_text(marked, tokens);
    after_special = false;
  }
  if (options.add_special && vocabulary_.add_eos && vocabulary_.eos >= 0) {
    tokens.push_back(vocabulary_.eos);
  }
  return tokens;
}

std::string SentencepieceBpeTokenizer::piece(TokenId token, bool show_special) const {
  if (token < 0 || static_cast<std::size_t>(token) >= vocabulary_.size()) return "";
  const std::string& text = vocabulary_.text(token);
  switch (vocabulary_.kind(token)) {
    case TokenKind::control:
    case TokenKind::unknown:
    case TokenKind::unused: return show_special ? text : "";
    case TokenKind::byte: {
      unsigned byte = 0;
      if (std::sscanf(text.c_str(), "<0x%2X>", &byte) != 1) return "";
      return std::string(1, static_cast<char>(byte));
    }
    case TokenKind::normal:
    case TokenKind::user_defined: break;
  }
  return without_marks(text);
}

}  // namespace wenyuan::llm
