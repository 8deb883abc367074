// The bytes of a record that are hashed; docs/formats/audit.md is the specification.
#pragma once

#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "audit/record.h"
#include "base/result.h"

namespace wenyuan::audit {

// Every field but the hash, each with its length, so that no two records have one encoding.
std::string canonical(const Record& record);
// Reads what canonical() writes, with the hash of its leaf; corrupt for every other text.
Result<Record> decode_canonical(std::string_view bytes);

// leaf_hash(canonical(record)).
Hash leaf_of(const Record& record);

// 512 bytes of UTF-8 at most; an action is there; details are attributes.
Status check_event(const Event& event);

}  // namespace wenyuan::audit
