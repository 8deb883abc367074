// Backups come from places that others may write to: manifests, lists, segments.
#include <cstdint>
#include <string>
#include <string_view>

#include "backup/folder.h"
#include "backup/manifest.h"
#include "backup/segment.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::backup;

void check_segment(std::string_view bytes) {
  auto segment = Segment::parse(bytes);
  if (!segment) return;
  const auto frame_size = static_cast<std::size_t>(segment->head().page_size) + 4;
  std::size_t total = 0;
  for (;;) {
    const auto pages = segment->next();
    if (!pages || !*pages) break;
    WY_ASSERT((*pages)->frames.size() % frame_size == 0);
    total += (*pages)->frames.size();
  }
  WY_ASSERT(total <= bytes.size());
}

// The payload alone: no fuzzer finds its hash.
void check_payload(std::string_view payload) {
  std::string bytes =
      "wenyuan backup segment 1\nstore s\ngeneration 20260101T000000.000Z-00000000\n"
      "number 1\nprevious ";
  bytes += std::string(64, '0') +
           "\npage_size 512\ntransactions 1\nlast_commit 1\nfirst_time 1\n"
           "last_time 1\nsize " +
           std::to_string(payload.size()) + "\nsha256 " + sha256_of(payload) + "\nsignature \n";
  bytes += '\0';
  bytes += payload;
  check_segment(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: static_cast<void>(parse_manifest(text)); break;
    case 1: check_segment(text); break;
    case 2: check_payload(text); break;
    case 3:
      if (const auto list = parse_originals(text)) WY_ASSERT(list->size() <= text.size());
      break;
  }
  return 0;
}
