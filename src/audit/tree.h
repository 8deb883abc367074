// The Merkle tree of the log as it lies in the store: the table audit_leaves.
//
// With each leaf stand the hashes of the complete subtrees that end with it, so a leaf is one row,
// and a root or a proof needs O(log n) rows.
#pragma once

#include <cstdint>
#include <vector>

#include "audit/merkle.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::audit {

// Leaves in the tree. corrupt for a number that cannot be.
Result<std::int64_t> tree_size(store::Snapshot& snapshot);

// Appends the leaf of record `number`, which must be the size plus one.
Status add_leaf(store::Transaction& tx, std::int64_t number, const Hash& leaf);

Result<Hash> leaf_at(store::Snapshot& snapshot, std::int64_t number);

// As in audit/merkle.h; corrupt when a row is missing or broken, invalid_argument for sizes that
// the tree has not reached.
Result<Hash> root_at(store::Snapshot& snapshot, std::int64_t size);
Result<std::vector<Hash>> inclusion_proof(store::Snapshot& snapshot, std::int64_t leaf,
                                          std::int64_t size);
Result<std::vector<Hash>> consistency_proof(store::Snapshot& snapshot, std::int64_t first,
                                            std::int64_t second);

}  // namespace wenyuan::audit
