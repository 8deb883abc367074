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
//   record CsUY…                     its hash in the audit log
//   original 2cf2… 5                 one line a version: SHA-256 and size
//
//   — wenyuan.erasure/0123… Qb2…=    by the key of the audit log's checkpoints
//
// It has no number that would tell how much others do, and not whether another document has the
// same bytes, so that the file stays.
#pragma once

#include <cstdint>
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

struct Receipt {
  std::string store_id;
  std::string id;
  std::string document_id;
  std::string collection_id;
  UnixMillis erased_at = 0;
  std::int64_t versions = 0;
  std::int64_t chunks = 0;
  std::int64_t vectors = 0;
  std::string record_hash;
  std::vector<ErasedOriginal> originals;
};

// Room for a document of a hundred thousand versions.
constexpr std::size_t kReceiptSizeMax = std::size_t{16} << 20;

std::string sign_receipt(const Receipt& receipt, const SigningKey& key);

// corrupt for what is not a receipt in its written form, or is not signed by this key.
Result<Receipt> open_receipt(std::string_view note, const VerifyingKey& key);
// The same without a look at who signed it; for parsing alone.
Result<Receipt> parse_receipt(std::string_view text);

}  // namespace wenyuan::audit
