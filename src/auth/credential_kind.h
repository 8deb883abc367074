// What kind of credential the id of one belongs to.
#pragma once

#include <string_view>

namespace wenyuan::auth {

// Of somebody whom a client's certificate stands for. Like those whom a gateway vouches for, they
// have every scope but admin.
inline constexpr std::string_view kCertificateHead = "crt_";

// "key" (key_), "session" (ses_), "signature" (crd_), "gateway" (jwt_) or "certificate" (crt_);
// everything else, and nothing, is a "session".
constexpr std::string_view credential_kind(std::string_view key_id) {
  if (key_id.starts_with("key_")) return "key";
  if (key_id.starts_with("crd_")) return "signature";
  if (key_id.starts_with("jwt_")) return "gateway";
  if (key_id.starts_with(kCertificateHead)) return "certificate";
  return "session";
}

}  // namespace wenyuan::auth
