// Any bytes as attributes and as a layout: refused, or what their encoders write.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/attributes.h"
#include "base/layout.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan;  // NOLINT: a program of one file
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto attributes = decode_attributes(bytes)) {
    WY_ASSERT(encode_attributes(*attributes) == bytes);
    static_cast<void>(check_attributes(*attributes));
  }
  if (const auto boxes = decode_layout(bytes)) {
    const std::string again = encode_layout(*boxes);
    const auto same = decode_layout(again);
    WY_ASSERT(same.has_value() && same->size() == boxes->size());
    WY_ASSERT(encode_layout(*same) == again);
    static_cast<void>(boxes_of(*boxes, 0, 1000));
  }
  return 0;
}
