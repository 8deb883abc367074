#include "audit/base64.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace wenyuan::audit {
std::optional<Hash> hash_from_base64(std::string_view text) {
  const auto bytes = from_base64(text);
  Hash hash{};
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::transform(bytes->begin(), bytes->end(), hash.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return hash;
}

std::string to_base64_text(std::string_view bytes) {
  return to_base64({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace wenyuan::audit
