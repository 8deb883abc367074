// Reads the header fields of signed requests: RFC 9421 on top of RFC 8941.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::auth {

constexpr std::size_t kSignatureFieldSizeMax = 8 * 1024;
constexpr std::size_t kSignatureComponentsMax = 64;

// One line of what is signed: "@method", "content-digest", "@query-param";name="x".
struct CoveredComponent {
  std::string name;
  std::optional<std::string> query_name;  // of @query-param
};

struct SignatureInput {
  std::string label;
  std::vector<CoveredComponent> components;
  std::optional<std::int64_t> created, expires;  // seconds since 1970
  std::string key_id, nonce, algorithm, tag;
  std::string text;  // of components and parameters, as it is signed
};

// invalid_argument for what is not of the form, has a component twice, or a parameter that we do
// not understand.
Result<std::vector<SignatureInput>> parse_signature_input(std::string_view field);

// A dictionary of byte sequences: Signature, Content-Digest.
Result<std::map<std::string, std::string>> parse_byte_fields(std::string_view field);

}  // namespace wenyuan::auth
