// The merges of a byte-pair encoding, and their application to one word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "llm/tokenizer.h"

namespace wenyuan::llm {

// A symbol that is no token: it merges with nothing.
constexpr TokenId kNoToken = -1;

class BpeMerges {
 public:
  // Room for this many; then add() each at most once. Of equal pairs the first one counts.
  void reserve(std::size_t count);
  void add(TokenId left, TokenId right, std::int32_t rank, TokenId result);

  // Merges the neighbours of the lowest rank, the leftmost first, until none is left. Symbols that
  // are kNoToken are dropped at last.
  void apply(std::vector<TokenId>& symbols) const;

 private:
  struct Merge {
    std::uint64_t pair = kFree;
    std::int32_t rank = 0;
    TokenId result = kNoToken;
  };
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};  // the pair of two kNoToken

  const Merge* find(TokenId left, TokenId right) const;
  std::size_t place(std::uint64_t pair) const;
  void apply_to_few(std::vector<TokenId>& symbols) const;
  void apply_to_many(std::vector<TokenId>& symbols) const;

  // Open addressing; a power of two, at most half full.
  std::vector<Merge> slots_;
};

}  // namespace wenyuan::llm
