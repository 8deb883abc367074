// A row of the table audit_records.
#pragma once

#include <string>

#include "audit/record.h"
#include "base/result.h"
#include "store/statement.h"

namespace wenyuan::audit {

// The columns that read_record() expects.
std::string record_columns();
// corrupt for a row that append() cannot have written. The hash is that of the leaf as the row is
// now, which need not be what it was.
Result<Record> read_record(const store::Statement& statement);

}  // namespace wenyuan::audit
