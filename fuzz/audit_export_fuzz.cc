// Lines of audit exports come from files that anybody may have written.
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/canonical.h"
#include "audit/export_line.h"
#include "audit/verify_export.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::audit;

// The key does not matter: nothing here is signed by it.
const VerifyingKey& some_key() {
  static const VerifyingKey key = *VerifyingKey::from_raw(
      "\x5a\xd9\x07\x14\x3c\x38\x4c\x41\xe8\x30\xc5\xbc\xe1\x2a\xa8\x81"
      "\x7e\xc5\x64\x9a\xaa\xbf\x2c\x31\x38\x8b\x35\xb2\xd7\x44\xd6\x01");
  return key;
}

void check_line(std::string_view text) {
  const auto line = read_export_line(text);
  if (!line) return;
  // What was accepted has one spelling in each format.
  const bool jsonl = export_line(*line, ExportFormat::jsonl) == text;
  const bool ocsf = export_line(*line, ExportFormat::ocsf) == text;
  WY_ASSERT(jsonl || ocsf);
}

// Bytes that are a record give lines that are read back.
void check_canonical(std::string_view bytes) {
  auto record = decode_canonical(bytes);
  if (!record) return;
  WY_ASSERT(canonical(*record) == bytes);
  ExportLine line;
  line.number = record->number;
  line.leaf = leaf_hash(bytes);
  line.record = *std::move(record);
  for (const ExportFormat format : {ExportFormat::jsonl, ExportFormat::ocsf}) {
    const auto back = read_export_line(export_line(line, format));
    WY_ASSERT(back && back->leaf == line.leaf);
  }
}

void check_file(std::string_view text) {
  ExportVerifier verifier(some_key(), "");
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (!verifier.take(text.substr(0, end)) || end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
  WY_ASSERT(!verifier.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: check_line(text); break;
    case 1: check_canonical(text); break;
    case 2: check_file(text); break;
    case 3:
      if (const auto parts = decode_sealed(text)) WY_ASSERT(encode_sealed(*parts) == text);
      break;
  }
  return 0;
}
