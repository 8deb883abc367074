// Hashes and bytes in Base64, as checkpoints and exports have them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/merkle.h"
#include "base/base64.h"

namespace wenyuan::audit {

// Nothing when it is not the one spelling of a hash.
std::optional<Hash> hash_from_base64(std::string_view text);
std::string to_base64_text(std::string_view bytes);

}  // namespace wenyuan::audit
