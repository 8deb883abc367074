#include "llm/bpe_tokenizer_merges.h"

#include <array>
#include <bit>
#include <limits>
#include <queue>

#include "base/assert.h"

namespace wenyuan::llm {
namespace {

// Up to here, looking through all neighbours for the lowest rank is faster than a queue.
constexpr std::size_t kFew = 32;
constexpr std::int32_t kNever = std::numeric_limits<std::int32_t>::max();

std::uint64_t pair_of(TokenId left, TokenId right) {
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
  TokenId result;

  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

void BpeMerges::reserve(std::size_t count) { slots_.assign(std::bit_ceil(2 * count + 2), Merge{}); }

std::size_t BpeMerges::place(std::uint64_t pair) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15U) >> 20) & mask;
  while (slots_[at].pair != pair && slots_[at].pair != kFree) at = (at + 1) & mask;
  return at;
}

void BpeMerges::add(TokenId left, TokenId right, std::int32_t rank, TokenId result) {
  WY_ASSERT(left >= 0 && right >= 0 && !slots_.empty());
  Merge& slot = slots_[place(pair_of(left, right))];
  if (slot.pair == kFree) slot = {pair_of(left, right), rank, result};
}

const BpeMerges::Merge* BpeMerges::find(TokenId left, TokenId right) const {
  if (left < 0 || right < 0 || slots_.empty()) return nullptr;
  const Merge& slot = slots_[place(pair_of(left, right))];
  return slot.pair == kFree ? nullptr : &slot;
}

void BpeMerges::apply(std::vector<TokenId>& symbols) const {
  if (symbols.size() <= kFew) {
    apply_to_few(symbols);
  } else {
    apply_to_many(symbols);
  }
  std::erase(symbols, kNoToken);
}

void BpeMerges::apply_to_few(std::vector<TokenId>& symbols) const {
  std::array<std::int32_t, kFew> ranks;  // of each symbol with the next one
  std::array<TokenId, kFew> results;
  const auto look = [&](std::size_t at) {
    const Merge* merge = at + 1 < symbols.size() ? find(symbols[at], symbols[at + 1]) : nullptr;
    ranks[at] = merge == nullptr ? kNever : merge->rank;
    results[at] = merge == nullptr ? kNoToken : merge->result;
  };
  for (std::size_t at = 0; at < symbols.size(); ++at) look(at);
  while (symbols.size() > 1) {
    std::size_t best = 0;
    for (std::size_t at = 1; at + 1 < symbols.size(); ++at) {
      if (ranks[at] < ranks[best]) best = at;
    }
    if (ranks[best] == kNever) return;
    symbols[best] = results[best];
    for (std::size_t at = best + 1; at + 1 < symbols.size(); ++at) {
      symbols[at] = symbols[at + 1];
      ranks[at] = ranks[at + 1];
      results[at] = results[at + 1];
    }
    symbols.pop_back();
    look(best);
    if (best > 0) look(best - 1);
  }
}

void BpeMerges::apply_to_many(std::vector<TokenId>& tokens) const {
  std::vector<Symbol> symbols;
  symbols.reserve(tokens.size());
  for (const TokenId token : tokens) {
    const int at = static_cast<int>(symbols.size());
    symbols.push_back({token, at - 1, at + 1});
  }
  symbols.back().after = -1;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto symbol = [&](int at) -> Symbol& { return symbols[static_cast<std::size_t>(at)]; };
  const auto offer = [&](int left) {
    if (left < 0 || symbol(left).after < 0) return;
    const TokenId left_token = symbol(left).token;
    const TokenId right_token = symbol(symbol(left).after).token;
    const Merge* found = find(left_token, right_token);
    if (found == nullptr) return;
    queue.push({found->rank, left, left_token, right_token, found->result});
  };
  for (int i = 0; i < static_cast<int>(symbols.size()); ++i) offer(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Symbol& left = symbol(best.left);
    // A side may have been merged away since; its token is none then, or another one.
    if (left.token != best.left_token || left.after < 0) continue;
    Symbol& right = symbol(left.after);
    if (right.token != best.right_token) continue;
    left.token = best.result;
    right.token = kNoToken;
    left.after = right.after;
    if (left.after >= 0) symbol(left.after).before = best.left;
    offer(left.before);
    offer(best.left);
  }
  tokens.clear();
  for (int at = 0; at >= 0; at = symbol(at).after) tokens.push_back(symbol(at).token);
}

}  // namespace wenyuan::llm
