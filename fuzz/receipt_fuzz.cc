// Receipts of erasures as somebody may hand them in: what is taken reads the same again.
#include <cstddef>
#include <cstdint>

#include "audit/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(wenyuan::audit::parse_receipt(text));
  return 0;
}
