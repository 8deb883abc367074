// Any bytes as what an extractor sent, cut into chunks when it is well-formed; and any text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/text.h"
#include "ingest/chunker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace wenyuan;          // NOLINT: a program of one file
using namespace wenyuan::ingest;  // NOLINT

Result<std::vector<std::int64_t>> count(std::span<const std::string> texts) {
  std::vector<std::int64_t> counts;
  for (const std::string& text : texts) counts.push_back(estimated_tokens(text));
  return counts;
}

void check_chunks(const Extracted& extracted) {
  ChunkOptions options;
  options.tokens_target = 12;
  options.tokens_max = 20;
  const auto found = chunks(extracted, options, count);
  if (!found) return;
  std::int64_t end = 0;
  const auto length = static_cast<std::int64_t>(code_point_count(extracted.text));
  for (const Chunk& chunk : *found) {
    WY_ASSERT(chunk.location.char_start >= end && chunk.location.char_end <= length);
    end = chunk.location.char_end;
    const auto size = static_cast<std::int64_t>(code_point_count(chunk.text));
    WY_ASSERT(size == chunk.location.char_end - chunk.location.char_start);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  static_cast<void>(decode_outcome(bytes));
  if (const auto extracted = decode(bytes)) {
    WY_ASSERT(decode(encode(*extracted)).has_value());
    check_chunks(*extracted);
  }
  Extracted plain;
  plain.text = to_valid_utf8(bytes);
  if (!plain.text.empty()) {
    plain.blocks.push_back({BlockKind::paragraph, 0, 0, plain.text.size(), 0});
    check_chunks(plain);
  }
  return 0;
}
