// What the tokens of a session look like, and other random codes.
#pragma once

#include <string>
#include <string_view>

#include "auth/key_secret.h"
#include "base/result.h"

namespace wenyuan::auth {

// Heads, so that a scanner and a person know what leaked: wya_ opens the API for minutes, wyr_ is
// exchanged for new tokens, wyb_ is a browser's cookie.
inline constexpr std::string_view kAccessHead = "wya_";
inline constexpr std::string_view kRefreshHead = "wyr_";
inline constexpr std::string_view kBrowserHead = "wyb_";
constexpr std::size_t kTokenSizeMax = 128;

// `head` and 256 random bits.
std::string new_token(std::string_view head);
bool has_head(std::string_view token, std::string_view head);

// Under which a token is kept. `kind` keeps the tokens of one table from being used as another's.
Result<KeyMac> token_mac(const KeySecret& secret, std::string_view kind, std::string_view token);

}  // namespace wenyuan::auth
