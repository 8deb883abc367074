#include "llm/unigram_tokenizer.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "llm/characters.h"

namespace wenyuan::llm {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581
// SentencePiece's kUnkPenalty.
constexpr float kUnknownPenalty = 10;

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

}  // namespace

Result<std::unique_ptr<Tokenizer>> UnigramTokenizer::create(Vocabulary vocabulary,
                                                            const Gguf& file) {
  if (vocabulary.unk < 0) {
    return Error{ErrorCode::corrupt, "the tokenizer of the model: it has no unknown token"};
  }
  std::unique_ptr<UnigramTokenizer> tokenizer(new UnigramTokenizer(std::move(vocabulary)));
  tokenizer->keep_last_space_ = file.flag("tokenizer.wenyuan.keep_last_space").value_or(false);
  tokenizer->merges_spaces_ = file.flag("tokenizer.ggml.remove_extra_whitespaces").value_or(true);
  WY_RETURN_IF_ERROR(tokenizer->read_normalizer(file));
  tokenizer->sort_pieces();
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

// (code point, count, replacements…) again and again.
Status UnigramTokenizer::read_normalizer(const Gguf& file) {
  const auto list = file.integers("tokenizer.wenyuan.normalizer");
  if (!list) return read_charsmap(file);
  for (std::size_t at = 0; at < list->size();) {
    const auto count = at + 1 < list->size() ? (*list)[at + 1] : -1;
    if (count < 0 || static_cast<std::size_t>(count) > list->size() - at - 2) {
      return Error{ErrorCode::corrupt, "the tokenizer's normalisation map is cut off"};
    }
    auto& to = normalizer_[static_cast<char32_t>((*list)[at])];
    for (std::int64_t i = 0; i < count; ++i) {
      append_character(to, static_cast<char32_t>((*list)[at + 2 + static_cast<std::size_t>(i)]));
    }
    at += 2 + static_cast<std::size_t>(count);
  }
  return Done{};
}

Status UnigramTokenizer::read_charsmap(const Gguf& file) {
  constexpr const char* kKey = "tokenizer.ggml.precompiled_charsmap";
  const auto list = file.integers(kKey);
  if (!list && file.find(kKey) != nullptr) {
    return Error{ErrorCode::corrupt, "the tokenizer's normalisation rules are no bytes"};
  }
  if (!list || list->empty()) return Done{};
  std::string bytes;
  bytes.reserve(list->size());
  for (const std::int64_t byte : *list) bytes.push_back(static_cast<char>(byte & 0xFF));
  WY_TRY(charsmap_, UnigramCharsmap::read(bytes));
  return Done{};
}

void UnigramTokenizer::sort_pieces() {
  float lowest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < vocabulary_.size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const TokenKind kind = vocabulary_.kind(token);
    if (kind != TokenKind::normal) continue;
    lowest = std::min(lowest, vocabulary_.score(token));
    if (!vocabulary_.text(token).empty()) pieces_.push_back(token);
  }
  unknown_score_ = (lowest == std::numeric_limits<float>::max() ? 0 : lowest) - kUnknownPenalty;
  // Of equal texts the first token counts.
  std::sort(pieces_.begin(), pieces_.end(), [&](TokenId a, TokenId b) {
    const int order = vocabulary_.text(a).compare(vocabulary_.text(b));
    return order != 0 ? order < 0 : a < b;
  });
  for (std::size_t byte = 0; byte < 256; ++byte) {
    by_byte_[byte] = narrowed({0, pieces_.size()}, 0, static_cast<char>(byte));
  }
}

UnigramTokenizer::Run UnigramTokenizer::narrowed(const Run& run, std::size_t at, char byte) const {
  const auto wanted = static_cast<unsigned char>(byte);
  // The byte there; a text that ends before it sorts first.
  const auto byte_of = [&](TokenId token) {
    const std::string& text = vocabulary_.text(token);
    return at < text.size() ? static_cast<unsigned char>(text[at]) : -1;
  };
  const auto begin = pieces_.begin() + static_cast<std::ptrdiff_t>(run.first);
  const auto end = pieces_.begin() + static_cast<std::ptrdiff_t>(run.last);
  const auto first =
      std::partition_point(begin, end, [&](TokenId token) { return byte_of(token) < wanted; });
  const auto last =
      std::partition_point(first, end, [&](TokenId token) { return byte_of(token) <= wanted; });
  return {static_cast<std::size_t>(first - pieces_.begin()),
          static_cast<std::size_t>(last - pieces_.begin())};
}

std::string UnigramTokenizer::mapped(std::string_view text) const {
  std::string result;
  result.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (charsmap_) {
      if (const auto match = charsmap_->match(text.substr(at))) {
        result += match->replacement;
        at += match->size;
        continue;
      }
    }
    const Char c = first_character(text.substr(at));
    if (const auto to = normalizer_.find(c.code); to != normalizer_.end()) {
      result += to->second;
    } else {
      append_character(result, c.code);
    }
    at += c.end;
  }
  return result;
}

std::string UnigramTokenizer::normalized(std::string_view text) const {
  std::string plain = mapped(text);
  if (plain.empty()) return plain;
  if (merges_spaces_) {
    const auto both_spaces = [](char a, char b) { return a == ' ' && b == ' '; };
    plain.erase(std::unique(plain.begin(), plain.end(), both_spaces), plain.end());
    if (!keep_last_space_ && plain.ends_with(' ')) plain.pop_back();
  }
  std::string_view rest = plain;
  std::string result;
  if (merges_spaces_ && rest.starts_with(' ')) rest.remove_prefix(1);
  // SentencePiece makes nothing of spaces alone; what our own list of rules is for makes one space.
  if (rest.empty() && charsmap_) return result;
  if (vocabulary_.add_space_prefix) result += kSpace;
  for (const char c : rest) {
    if (c == ' ') {
      result += kSpace;
    } else {
      result += c;
    }
  }
  return result;
}

void UnigramTokenizer::append_best(std::string_view text, std::vector<TokenId>& tokens) const {
  // Near ties are frequent, so sums are rounded as the reference does: SentencePiece, whose
  // compiled rules the file may carry, to single precision; the `tokenizers` library not.
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  struct Step {
    double score = kNever;
    std::size_t from = 0;
    TokenId token = -1;
  };
  std::vector<Step> best(text.size() + 1);
  best[0].score = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (best[at].score == kNever) continue;
    std::size_t next = at;
    [[maybe_unused]] const char32_t c = next_code_point(text, next);
    const auto offer = [&](std::size_t end, double score, TokenId token) {
      double sum = best[at].score + score;
      if (charsmap_) sum = static_cast<float>(sum);
      if (sum > best[end].score) best[end] = {sum, at, token};
    };
    bool single = false;
    Run run = by_byte_[static_cast<unsigned char>(text[at])];
    for (std::size_t end = at + 1; run.first < run.last; ++end) {
      // Of the pieces that begin with text[at, end), one that is no longer stands first.
      const TokenId token = pieces_[run.first];
      if (vocabulary_.text(token).size() == end - at) {
        offer(end, vocabulary_.score(token), token);
        single = single || end == next;
      }
      if (end == text.size()) break;
      run = narrowed(run, end - at, text[end]);
    }
    if (!single) offer(next, unknown_score_, vocabulary_.unk);
  }
  std::vector<TokenId> reversed;
  for (std::size_t at = text.size(); at > 0; at = best[at].from) {
    // Neighbouring unknown characters are one unknown token.
    const bool again = best[at].token == vocabulary_.unk && !reversed.empty() &&
                       reversed.back() == vocabulary_.unk;
    if (!again) reversed.push_back(best[at].token);
  }
  tokens.insert(tokens.end(), reversed.rbegin(), reversed.rend());
}

std::vector<TokenId> UnigramTokenizer::prefix() const {
  if (!vocabulary_.add_bos || vocabulary_.bos < 0) return {};
  return {vocabulary_.bos};
}

std::vector<TokenId> UnigramTokenizer::encode(std::string_view text,
                                              const EncodeOptions& options) const {
  std::vector<TokenId> tokens;
  if (options.add_special) tokens = prefix();
  for (const Vocabulary::Part& part : vocabulary_.split(text, options)) {
    if (const TokenId* token = std::get_if<TokenId>(&part)) {
      tokens.push_back(*token);
    } else {
      append_best(normalized(std::get<std::string_view>(part)), tokens);
    }
  }
  if (options.add_special && vocabulary_.add_eos && vocabulary_.eos >= 0) {
    tokens.push_back(vocabulary_.eos);
  }
  return tokens;
}

std::string UnigramTokenizer::piece(TokenId token, bool show_special) const {
  if (token < 0 || static_cast<std::size_t>(token) >= vocabulary_.size()) return "";
  const TokenKind kind = vocabulary_.kind(token);
  const bool hidden =
      kind == TokenKind::control || kind == TokenKind::unknown || kind == TokenKind::unused;
  if (hidden) return show_special ? vocabulary_.text(token) : "";
  return without_marks(vocabulary_.text(token));
}

}  // namespace wenyuan::llm
