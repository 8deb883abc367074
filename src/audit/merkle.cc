#include "audit/merkle.h"

#include <algorithm>
#include <bit>

#include "store/digest.h"

namespace wenyuan::audit {
namespace {

constexpr std::string_view kLeafHead("\x00", 1);
constexpr std::string_view kNodeHead("\x01", 1);

// The largest power of two below `count`; count > 1.
std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }

// Trees above this would not fit into any disk, and shifts stay defined.
constexpr std::uint64_t kSizeMax = std::uint64_t{1} << 62;

// MTH(D[begin:end]) for a range as the RFC's splitting makes it: complete, or at the right edge.
Result<Hash> range_root(const ReadNode& read, std::uint64_t begin, std::uint64_t end) {
  const std::uint64_t count = end - begin;
  if (std::has_single_bit(count)) {
    const int level = std::countr_zero(count);
    return read(level, begin >> level);
  }
  const std::uint64_t middle = begin + split_of(count);
  WY_TRY(const Hash left, range_root(read, begin, middle));
  WY_TRY(const Hash right, range_root(read, middle, end));
  return node_hash(left, right);
}

Status add_range(const ReadNode& read, std::uint64_t begin, std::uint64_t end,
                 std::vector<Hash>& proof) {
  WY_TRY(const Hash root, range_root(read, begin, end));
  proof.push_back(root);
  return Done{};
}

}  // namespace

Hash leaf_hash(std::string_view record) {
  store::DigestWriter digest;
  digest.add(kLeafHead);
  digest.add(record);
  return digest.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  store::DigestWriter digest;
  digest.add(kNodeHead);
  digest.add(left);
  digest.add(right);
  return digest.finish();
}

Hash empty_root() { return store::DigestWriter().finish(); }

Result<Hash> merkle_root(const ReadNode& read, std::uint64_t size) {
  if (size == 0) return empty_root();
  if (size > kSizeMax) return Error{ErrorCode::invalid_argument, "no tree is that large"};
  return range_root(read, 0, size);
}

Result<std::vector<Hash>> merkle_inclusion(const ReadNode& read, std::uint64_t leaf,
                                           std::uint64_t size) {
  if (leaf >= size || size > kSizeMax) {
    return Error{ErrorCode::invalid_argument, "the leaf is not in a tree of that size"};
  }
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split_of(end - begin);
    if (leaf < middle) {
      WY_RETURN_IF_ERROR(add_range(read, middle, end, proof));
      end = middle;
    } else {
      WY_RETURN_IF_ERROR(add_range(read, begin, middle, proof));
      begin = middle;
    }
  }
  std::reverse(proof.begin(), proof.end());  // from the leaf up
  return proof;
}

Result<std::vector<Hash>> merkle_consistency(const ReadNode& read, std::uint64_t first,
                                             std::uint64_t second) {
  if (first == 0 || first > second || second > kSizeMax) {
    return Error{ErrorCode::invalid_argument, "the first tree has a leaf and is not the longer"};
  }
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = second;
  bool known = true;  // the first tree's root is this subtree's, which the verifier has
  while (first < end) {
    const std::uint64_t middle = begin + split_of(end - begin);
    if (first <= middle) {
      WY_RETURN_IF_ERROR(add_range(read, middle, end, proof));
      end = middle;
    } else {
      WY_RETURN_IF_ERROR(add_range(read, begin, middle, proof));
      begin = middle;
      known = false;
    }
  }
  if (!known) WY_RETURN_IF_ERROR(add_range(read, begin, end, proof));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// RFC 9162, section 2.1.3.2.
bool proves_inclusion(const Hash& hash, std::uint64_t leaf, std::uint64_t size,
                      std::span<const Hash> proof, const Hash& root) {
  if (leaf >= size) return false;
  std::uint64_t at = leaf;
  std::uint64_t last = size - 1;
  Hash made = hash;
  for (const Hash& each : proof) {
    if (last == 0) return false;
    if ((at & 1U) != 0 || at == last) {
      made = node_hash(each, made);
      while ((at & 1U) == 0 && at != 0) {
        at >>= 1;
        last >>= 1;
      }
    } else {
      made = node_hash(made, each);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && made == root;
}

// RFC 9162, section 2.1.4.2.
bool proves_consistency(std::uint64_t first, std::uint64_t second, const Hash& first_root,
                        const Hash& second_root, std::span<const Hash> proof) {
  if (first == 0 || first > second) return false;
  if (first == second) return proof.empty() && first_root == second_root;
  std::size_t used = 0;
  Hash old_made = first_root;
  if (!std::has_single_bit(first)) {
    if (proof.empty()) return false;
    old_made = proof[used++];
  }
  Hash new_made = old_made;
  std::uint64_t at = first - 1;
  std::uint64_t last = second - 1;
  while ((at & 1U) != 0) {
    at >>= 1;
    last >>= 1;
  }
  for (; used < proof.size(); ++used) {
    if (last == 0) return false;
    const Hash& each = proof[used];
    if ((at & 1U) != 0 || at == last) {
      old_made = node_hash(each, old_made);
      new_made = node_hash(each, new_made);
      while ((at & 1U) == 0 && at != 0) {
        at >>= 1;
        last >>= 1;
      }
    } else {
      new_made = node_hash(new_made, each);
    }
    at >>= 1;
    last >>= 1;
  }
  return last == 0 && old_made == first_root && new_made == second_root;
}

std::span<const Hash> MerkleBuilder::add(const Hash& leaf) {
  ended_.assign(1, leaf);
  for (std::uint64_t bits = size_; (bits & 1U) != 0; bits >>= 1) {
    ended_.push_back(node_hash(left_.back(), ended_.back()));
    left_.pop_back();
  }
  left_.push_back(ended_.back());
  ++size_;
  return ended_;
}

Hash MerkleBuilder::root() const {
  if (left_.empty()) return empty_root();
  Hash made = left_.back();
  for (std::size_t at = left_.size() - 1; at-- > 0;) made = node_hash(left_[at], made);
  return made;
}

}  // namespace wenyuan::audit
