// Header fields of signed requests from strangers, and what would be signed by them.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/identity/body_digest.h"
#include "auth/identity/signature_base.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wenyuan::auth;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = text.find('\n');
  const std::string_view field = text.substr(0, cut);
  static_cast<void>(parse_byte_fields(field));
  static_cast<void>(BodyDigest::expect_field(field));
  const auto inputs = parse_signature_input(field);
  if (!inputs) return 0;
  SignedRequest request;
  request.method = "GET";
  request.authority = "kb.example";
  request.target = cut == std::string_view::npos ? "/" : "/" + std::string(text.substr(cut + 1));
  request.headers = {{"Host", "kb.example"}, {"X-Text", std::string(field)}};
  for (const SignatureInput& input : *inputs) {
    static_cast<void>(signature_base(request, input));
    // What is signed reads as itself: no two readings of one field.
    const auto again = parse_signature_input(input.label + "=" + input.text);
    if (!again || again->size() != 1 || again->front().text != input.text) std::abort();
  }
  return 0;
}
