#include "audit/tree.h"

#include <algorithm>
#include <bit>
#include <string>

namespace wenyuan::audit {
namespace {

constexpr std::size_t kHashSize = sizeof(Hash);

Error broken(std::int64_t number) {
  return Error{ErrorCode::corrupt,
               "the leaf of audit record " + std::to_string(number) + " is missing or broken"};
}

// The complete subtree of 2^level leaves that ends with record `number`.
Result<Hash> read_hash(store::Snapshot& snapshot, std::int64_t number, int level) {
  WY_TRY(auto statement, snapshot.prepare("SELECT hashes FROM audit_leaves WHERE number = ?"));
  WY_TRY(const bool found, statement.bind(1, number).step());
  if (!found) return broken(number);
  const auto bytes = statement.blob(0);
  const auto at = static_cast<std::size_t>(level) * kHashSize;
  if (bytes.size() < at + kHashSize || bytes.size() % kHashSize != 0) return broken(number);
  Hash hash{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), kHashSize, hash.begin());
  return hash;
}

ReadNode nodes_of(store::Snapshot& snapshot) {
  return [&snapshot](int level, std::uint64_t index) {
    return read_hash(snapshot, static_cast<std::int64_t>((index + 1) << level), level);
  };
}

// Sizes come from requests.
Status check_size(store::Snapshot& snapshot, std::int64_t size) {
  WY_TRY(const std::int64_t present, tree_size(snapshot));
  if (size >= 0 && size <= present) return Done{};
  return Error{ErrorCode::invalid_argument, "the log has " + std::to_string(present) + " records"};
}

}  // namespace

Result<std::int64_t> tree_size(store::Snapshot& snapshot) {
  WY_TRY(auto statement, snapshot.prepare("SELECT ifnull(max(number), 0) FROM audit_leaves"));
  WY_RETURN_IF_ERROR(statement.step());
  const std::int64_t size = statement.integer(0);
  if (size < 0 || size > (std::int64_t{1} << 61)) return broken(size);
  return size;
}

Status add_leaf(store::Transaction& tx, std::int64_t number, const Hash& leaf) {
  std::vector<std::uint8_t> hashes(leaf.begin(), leaf.end());
  Hash ended = leaf;
  const int levels = std::countr_zero(static_cast<std::uint64_t>(number));
  for (int level = 0; level < levels; ++level) {
    WY_TRY(const Hash left, read_hash(tx, number - (std::int64_t{1} << level), level));
    ended = node_hash(left, ended);
    hashes.insert(hashes.end(), ended.begin(), ended.end());
  }
  WY_TRY(auto statement, tx.prepare("INSERT INTO audit_leaves (number, hashes) VALUES (?, ?)"));
  return statement.bind(1, number).bind_blob(2, hashes).run();
}

Result<Hash> leaf_at(store::Snapshot& snapshot, std::int64_t number) {
  return read_hash(snapshot, number, 0);
}

Result<Hash> root_at(store::Snapshot& snapshot, std::int64_t size) {
  WY_RETURN_IF_ERROR(check_size(snapshot, size));
  return merkle_root(nodes_of(snapshot), static_cast<std::uint64_t>(size));
}

Result<std::vector<Hash>> inclusion_proof(store::Snapshot& snapshot, std::int64_t leaf,
                                          std::int64_t size) {
  WY_RETURN_IF_ERROR(check_size(snapshot, size));
  return merkle_inclusion(nodes_of(snapshot), static_cast<std::uint64_t>(leaf),
                          static_cast<std::uint64_t>(size));
}

Result<std::vector<Hash>> consistency_proof(store::Snapshot& snapshot, std::int64_t first,
                                            std::int64_t second) {
  WY_RETURN_IF_ERROR(check_size(snapshot, second));
  return merkle_consistency(nodes_of(snapshot), static_cast<std::uint64_t>(first),
                            static_cast<std::uint64_t>(second));
}

}  // namespace wenyuan::audit
