// Any bytes as an E5 pack: refused with a reason, or converted into a file that can be opened.
#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "llm/import_e5pack.h"
#include "llm/tokenizer.h"
#include "tests/llm/small_vocabularies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan::llm;  // NOLINT: a program of one file
  const auto writer = import_e5pack({data, size});
  if (!writer) {
    WY_ASSERT(!writer.error().message.empty());
    return 0;
  }
  const auto file = open_bytes(writer->encode());
  WY_ASSERT(file.has_value());
  const auto tokenizer = Tokenizer::create(*file);
  WY_ASSERT(tokenizer.has_value());
  static_cast<void>((*tokenizer)->encode("a\t中 ﬁ", {}));
  return 0;
}
