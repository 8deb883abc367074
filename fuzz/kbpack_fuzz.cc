// Packs come from strangers: archives, lists of chunks, whole packs.
#include <cstdint>
#include <string>
#include <string_view>

#include "backup/pack.h"
#include "backup/tar.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::backup;

constexpr std::string_view kText = "abc \xE4\xB8\xAD\xE6\x96\x87 def";

ReadBytes reading(std::string_view bytes) {
  return [bytes](std::int64_t offset, std::size_t size) -> Result<std::string> {
    WY_ASSERT(offset >= 0);
    if (static_cast<std::size_t>(offset) > bytes.size()) return std::string();
    return std::string(bytes.substr(static_cast<std::size_t>(offset), size));
  };
}

void check_tar(std::string_view bytes) {
  TarReader reader(reading(bytes), static_cast<std::int64_t>(bytes.size()));
  std::string again;
  for (;;) {
    const auto entry = reader.next();
    if (!entry) return;
    if (!*entry) break;
    again += tar_header((*entry)->name, (*entry)->size);
    again += bytes.substr(static_cast<std::size_t>((*entry)->offset),
                          static_cast<std::size_t>((*entry)->size));
    again += tar_padding((*entry)->size);
  }
  // An archive that was accepted has one form.
  WY_ASSERT(again + tar_end() == bytes);
}

void check_chunks(std::string_view bytes) {
  const auto chunks = decode_pack_chunks(bytes, kText, 3);
  if (!chunks) return;
  WY_ASSERT(are_pieces(*chunks, kText));
  WY_ASSERT(decode_pack_chunks(encode_pack_chunks(*chunks), kText, 3).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: check_tar(text); break;
    case 1: check_chunks(text); break;
    case 2: {
      const auto pack = PackReader::open(reading(text), static_cast<std::int64_t>(text.size()), {});
      if (pack) static_cast<void>(pack->document(0));
      break;
    }
  }
  return 0;
}
