// Feeds any bytes to every decoder of the engine's protocol; the first byte chooses one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "llm/engine_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan::llm;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  // What is taken in must come out the same again.
  const auto check = [&](const auto& decoded) {
    if (decoded) WY_ASSERT(encode(*decoded) == bytes);
  };
  switch (data[0] % 12) {
    case 0: (void)decode_frame_header(bytes); break;
    case 1: (void)decode_hello(bytes); break;
    case 2: check(decode_embed_request(bytes)); break;
    case 3: check(decode_count_request(bytes)); break;
    case 4: check(decode_generate_request(bytes)); break;
    case 5: check(decode_model_list(bytes)); break;
    case 6: check(decode_vectors(bytes)); break;
    case 7: check(decode_generate_result(bytes)); break;
    case 8: check(decode_status(bytes)); break;
    case 9: (void)decode_error(bytes); break;
    case 10: check(decode_rerank_request(bytes)); break;
    case 11: check(decode_scores(bytes)); break;
    default: break;
  }
  return 0;
}
