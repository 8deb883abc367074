// Signs what an erasure removed, and keeps that.
#pragma once

#include <span>
#include <string>

#include "api/call.h"
#include "audit/receipt.h"
#include "store/content_store.h"

namespace wenyuan::api {

struct GivenReceipt {
  audit::Receipt content;
  std::string note;  // the same, signed
};

// In the transaction of the erasure, after its record in the audit log.
Result<GivenReceipt> keep_receipt(Call& call, store::Transaction& tx, const store::Erased& erased,
                                  const std::string& receipt_id);
struct ErasedCollection {
  std::string id;
  std::span<const store::Erased> documents;
  const Permit& reading;  // the caller's, of before
};
// One for each document, and one for all that the caller might read: others are erased too, and the
// caller does not hear of them.
Result<GivenReceipt> keep_receipts(Call& call, store::Transaction& tx,
                                   const ErasedCollection& erased, const std::string& receipt_id);

// Whether the erasure is written, although its write gave an error: what could not be overwritten
// at once is so by the sweep, which the receipt's state waits for.
bool is_kept(Call& call, const std::string& receipt_id);

// As it is answered to a DELETE.
Json to_json(const GivenReceipt& receipt);

}  // namespace wenyuan::api
