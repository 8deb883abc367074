// The chain of hashes that the first release kept instead of a tree.
#pragma once

#include <cstdint>

#include "audit/merkle.h"
#include "audit/record.h"
#include "base/result.h"

namespace wenyuan::audit {

// What the hash of the first record goes back to.
constexpr Hash kNoHash{};

// SHA-256(0x01 || before || leaf_of(record)).
Hash chained(const Hash& before, const Record& record);

// corrupt unless `record` has this number and follows `before`, which then becomes its chain hash.
Status check_link(const Record& record, std::int64_t number, Hash& before);

}  // namespace wenyuan::audit
