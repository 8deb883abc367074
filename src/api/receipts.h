// Signs what an erasure removed, and keeps that.
#pragma once

#include <string>

#include "api/call.h"
#include "store/content_store.h"
#include "store/erasure_log.h"

namespace wenyuan::api {

// In the transaction of the erasure, after its record in the audit log.
Result<store::Erasure> keep_receipt(Call& call, store::Transaction& tx, const store::Erased& erased,
                                    const std::string& receipt_id);

}  // namespace wenyuan::api
