#include "audit/chain.h"

#include <string>

#include "audit/canonical.h"
#include "base/text.h"

namespace wenyuan::audit {

Hash chained(const Hash& before, const Record& record) {
  return node_hash(before, leaf_of(record));
}

Status check_link(const Record& record, std::int64_t number, Hash& before) {
  const std::string where = "audit record " + std::to_string(number);
  if (record.number != number) return Error{ErrorCode::corrupt, where + " is missing"};
  if (record.format != 1) return Error{ErrorCode::corrupt, "the leaf of " + where + " is missing"};
  before = chained(before, record);
  if (to_hex(before) == record.chain_hash) return Done{};
  return Error{ErrorCode::corrupt, where + " is not what was written"};
}

}  // namespace wenyuan::audit
