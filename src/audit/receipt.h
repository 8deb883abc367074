// The receipt of an erasure: a signed note that anybody can keep, and check against the store.
//
//   wenyuan.erasure/0123…            whose receipt: the store's id
//   receipt rct_…
//   document doc_…
//   collection col_…
//   erased 2026-11-22T03:41:13.042Z
//   versions 1
//   chunks 12
//   vectors 12
//   rows 18                          of the database
//   answers 0                        remembered ones that named it
//   bytes 5                          of all versions' originals
//   record CsUY…                     its hash in the audit log
//   original 2cf2… 5                 one line a version: SHA-256 and size
//
//   — wenyuan.erasure/0123… Qb2…=    by the key of the audit log's checkpoints
//
// That of a collection has no line "document" in the third place, the sums of its documents, and at
// the end, in the place of originals, "document doc_… rct_…" for each: the receipt of its own that
// the store keeps. Older receipts have no rows, answers and bytes.
//
// It has no number that would tell how much others do elsewhere, and not whether another document
// has the same bytes, so that the file stays. It says what was erased; whether derived files are
// clean is asked of the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::audit {

struct ErasedOriginal {
  std::string sha256;  // hex
  std::int64_t size_bytes = 0;
};

struct ErasedDocument {
  std::string id;
  std::string receipt_id;
};

struct Receipt {
  std::string store_id;
  std::string id;
  std::string document_id;  // empty: of a collection
  std::string collection_id;
  UnixMillis erased_at = 0;
  std::int64_t versions = 0;
  std::int64_t chunks = 0;
  std::int64_t vectors = 0;
  std::optional<std::int64_t> rows{}, answers{}, bytes{};
  std::string record_hash;
  std::vector<ErasedOriginal> originals{};  // of a document
  std::vector<ErasedDocument> documents{};  // of a collection
};

// Room for a document of a million versions, or a collection of a million documents.
constexpr std::size_t kReceiptSizeMax = std::size_t{96} << 20;

std::string sign_receipt(const Receipt& receipt, const SigningKey& key);

// corrupt for what is not a receipt in its written form, or is not signed by this key.
Result<Receipt> open_receipt(std::string_view note, const VerifyingKey& key);
// The same without a look at who signed it; the note, or only its text.
Result<Receipt> parse_receipt(std::string_view note);

}  // namespace wenyuan::audit
