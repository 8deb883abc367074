// Receipts of erasures as somebody may hand them in: what is taken reads the same again, and what
// is signed by another key is not taken.
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "audit/receipt.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::audit;

// The fuzzer finds no signature.
const SigningKey& known_key() {
  static const SigningKey key = [] {
    const auto folder = std::filesystem::temp_directory_path() /
                        ("wenyuan_receipt_fuzz_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    auto made = SigningKey::open(folder / "key", folder / "pub");
    std::filesystem::remove_all(folder);
    WY_ASSERT(made.has_value());
    return *std::move(made);
  }();
  return key;
}

void check_taken(const Receipt& receipt) {
  WY_ASSERT(receipt.versions >= 0 && receipt.chunks >= 0 && receipt.vectors >= 0);
  const std::string signed_again = sign_receipt(receipt, known_key());
  const auto again = open_receipt(signed_again, known_key().verifying_key());
  WY_ASSERT(again.has_value());
  WY_ASSERT(again->id == receipt.id && again->document_id == receipt.document_id);
  WY_ASSERT(again->erased_at == receipt.erased_at);
  WY_ASSERT(again->rows == receipt.rows && again->answers == receipt.answers);
  WY_ASSERT(again->bytes == receipt.bytes);
  WY_ASSERT(again->originals.size() == receipt.originals.size());
  WY_ASSERT(again->documents.size() == receipt.documents.size());
  WY_ASSERT(receipt.document_id.empty() ? receipt.originals.empty() : receipt.documents.empty());
  WY_ASSERT(sign_receipt(*again, known_key()) == signed_again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto receipt = parse_receipt(text);
  if (receipt) check_taken(*receipt);
  WY_ASSERT(!open_receipt(text, known_key().verifying_key()));
  return 0;
}
