#include "api/receipts.h"

#include "audit/checkpoint.h"
#include "audit/receipt.h"

namespace wenyuan::api {

Result<store::Erasure> keep_receipt(Call& call, store::Transaction& tx, const store::Erased& erased,
                                    const std::string& receipt_id) {
  audit::Receipt receipt;
  receipt.store_id = call.services.database->store_id();
  receipt.id = receipt_id;
  receipt.document_id = erased.document_id;
  receipt.collection_id = erased.collection_id;
  receipt.erased_at = call.now;
  receipt.versions = erased.versions;
  receipt.chunks = erased.chunks;
  receipt.vectors = erased.vectors;
  receipt.record_hash = call.record_hash();
  for (const auto& [sha256, size_bytes] : erased.originals) {
    receipt.originals.push_back({sha256, size_bytes});
  }
  store::Erasure erasure;
  erasure.receipt_id = receipt_id;
  erasure.document_id = erased.document_id;
  erasure.user_id = call.principal.user_id;
  erasure.receipt = audit::sign_receipt(receipt, call.services.checkpointer->signing_key());
  erasure.erased_at = call.now;
  erasure.first_chunk = erased.first_chunk;
  erasure.last_chunk = erased.last_chunk;
  erasure.past_chunks = erased.past_chunks;
  erasure.key_secret = erased.key_secret;
  WY_RETURN_IF_ERROR(store::add_erasure(tx, erasure));
  return erasure;
}

}  // namespace wenyuan::api
