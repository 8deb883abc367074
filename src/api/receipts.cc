#include "api/receipts.h"

#include "audit/checkpoint.h"
#include "base/id.h"
#include "store/erasure_log.h"

namespace wenyuan::api {
namespace {

audit::Receipt begin(const Call& call, const std::string& receipt_id) {
  audit::Receipt receipt;
  receipt.store_id = call.services.database->store_id();
  receipt.id = receipt_id;
  receipt.erased_at = call.now;
  receipt.rows = 0;
  receipt.answers = 0;
  receipt.bytes = 0;
  receipt.record_hash = call.record_hash();
  return receipt;
}

void count(const store::Erased& erased, audit::Receipt& receipt) {
  receipt.versions += erased.versions;
  receipt.chunks += erased.chunks;
  receipt.vectors += erased.vectors;
  *receipt.rows += erased.rows;
  *receipt.answers += erased.answers;
  *receipt.bytes += erased.bytes;
}

Result<GivenReceipt> keep(const Call& call, store::Transaction& tx, audit::Receipt receipt,
                          store::Erasure erasure) {
  erasure.receipt_id = receipt.id;
  erasure.user_id = call.principal.user_id;
  erasure.receipt = audit::sign_receipt(receipt, call.services.checkpointer->signing_key());
  erasure.erased_at = call.now;
  WY_RETURN_IF_ERROR(store::add_erasure(tx, erasure));
  return GivenReceipt{std::move(receipt), std::move(erasure.receipt)};
}

}  // namespace

Result<GivenReceipt> keep_receipt(Call& call, store::Transaction& tx, const store::Erased& erased,
                                  const std::string& receipt_id) {
  audit::Receipt receipt = begin(call, receipt_id);
  receipt.document_id = erased.document_id;
  receipt.collection_id = erased.collection_id;
  count(erased, receipt);
  for (const auto& [sha256, size_bytes] : erased.originals) {
    receipt.originals.push_back({sha256, size_bytes});
  }
  store::Erasure erasure;
  erasure.erased_id = erased.document_id;
  erasure.first_chunk = erased.first_chunk;
  erasure.last_chunk = erased.last_chunk;
  erasure.past_chunks = erased.past_chunks;
  erasure.key_secret = erased.key_secret;
  return keep(call, tx, std::move(receipt), std::move(erasure));
}

Result<GivenReceipt> keep_receipts(Call& call, store::Transaction& tx,
                                   const ErasedCollection& erased, const std::string& receipt_id) {
  audit::Receipt receipt = begin(call, receipt_id);
  receipt.collection_id = erased.id;
  for (const store::Erased& each : erased.documents) {
    const std::string own_id = new_id("rct");
    WY_RETURN_IF_ERROR(keep_receipt(call, tx, each, own_id));
    if (!erased.reading.covers(each.label_id)) continue;
    count(each, receipt);
    receipt.documents.push_back({each.document_id, own_id});
  }
  store::Erasure erasure;
  erasure.erased_id = erased.id;
  return keep(call, tx, std::move(receipt), std::move(erasure));
}

bool is_kept(Call& call, const std::string& receipt_id) {
  return call.read([&](store::Snapshot& snapshot) { return store::erasure(snapshot, receipt_id); })
      .has_value();
}

// Nothing of whether the file went: it stays while any other document, hidden ones too, has the
// same bytes. The audit log has that.
Json to_json(const GivenReceipt& receipt) {
  const audit::Receipt& content = receipt.content;
  Json json;
  json["receipt_id"] = content.id;
  if (content.document_id.empty()) {
    json["documents"] = content.documents.size();
  } else {
    json["document_id"] = content.document_id;
  }
  json["collection_id"] = content.collection_id;
  json["versions"] = content.versions;
  json["chunks"] = content.chunks;
  json["vectors"] = content.vectors;
  json["rows"] = content.rows.value_or(0);
  json["answers"] = content.answers.value_or(0);
  json["bytes"] = content.bytes.value_or(0);
  json["erased_at"] = rfc3339(content.erased_at);
  json["audit_hash"] = content.record_hash;
  json["state"] = "sweeping";
  json["receipt"] = receipt.note;
  return json;
}

}  // namespace wenyuan::api
