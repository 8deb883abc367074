// A row of the table audit_records.
#pragma once

#include <string>

#include "audit/chain.h"
#include "audit/log.h"
#include "store/statement.h"

namespace wenyuan::audit {

// The columns that read_record() expects.
std::string record_columns();
// corrupt for a row that append() cannot have written.
Result<Record> read_record(const store::Statement& statement);

// The newest record's number and hash; 0 and kNoHash for an empty log.
struct Head {
  std::int64_t number = 0;
  Hash hash = kNoHash;
};
Result<Head> head(store::Snapshot& snapshot);

}  // namespace wenyuan::audit
