// Any bytes as a file of any kind: refused, or text that passes the checks of the pipe.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "ingest/extract/extract.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan::ingest;  // NOLINT: a program of one file
  constexpr std::string_view kTypes[] = {"text/plain", "text/markdown", "text/html", "text/csv"};
  if (size == 0) return 0;
  const auto extracted =
      extract({reinterpret_cast<const char*>(data) + 1, size - 1}, kTypes[data[0] % 4]);
  if (!extracted) {
    WY_ASSERT(!extracted.error().message.empty());
    return 0;
  }
  const auto again = decode(encode(*extracted));
  WY_ASSERT(again.has_value() && again->text == extracted->text);
  return 0;
}
