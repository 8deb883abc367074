// The Merkle tree of RFC 6962: hashes, which of them prove what, and the checking of proofs.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::audit {

using Hash = std::array<std::uint8_t, 32>;

// SHA-256(0x00 || record) and SHA-256(0x01 || left || right): no leaf can pass for a node.
Hash leaf_hash(std::string_view record);
Hash node_hash(const Hash& left, const Hash& right);
// The root of a tree without leaves: SHA-256 of nothing.
Hash empty_root();

// Gives the hash of the complete subtree over the leaves [index << level, (index + 1) << level).
using ReadNode = std::function<Result<Hash>(int level, std::uint64_t index)>;

// Each reads O(log size) nodes. `size` and `second` are tree sizes, leaves count from 0.
Result<Hash> merkle_root(const ReadNode& read, std::uint64_t size);
// invalid_argument unless leaf < size.
Result<std::vector<Hash>> merkle_inclusion(const ReadNode& read, std::uint64_t leaf,
                                           std::uint64_t size);
// invalid_argument unless 0 < first <= second.
Result<std::vector<Hash>> merkle_consistency(const ReadNode& read, std::uint64_t first,
                                             std::uint64_t second);

// Whether the proof shows that the leaf stands at `leaf` in the tree of `size` with this root.
bool proves_inclusion(const Hash& hash, std::uint64_t leaf, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root);
// Whether the proof shows that the second tree begins with the first, which has a leaf.
bool proves_consistency(std::uint64_t first, std::uint64_t second, const Hash& first_root,
                        const Hash& second_root, std::span<const Hash> proof);

// Adds leaves one after another and keeps only what the root needs: O(log size) memory.
class MerkleBuilder {
 public:
  // The hashes of the complete subtrees that end with this leaf: its own, that of its pair, ….
  // Valid until the next call.
  std::span<const Hash> add(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;

 private:
  std::vector<Hash> left_;  // complete subtrees, the largest first
  std::vector<Hash> ended_;
  std::uint64_t size_ = 0;
};

}  // namespace wenyuan::audit
