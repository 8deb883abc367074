// The ciphers of the store, under the names that this folder uses.
#pragma once

#include "store/cipher.h"

namespace wenyuan::audit {

using store::CipherKey;
using store::derive_key;
using store::kNonceSize;
using store::kTagSize;
using store::seal;
using store::unseal;

}  // namespace wenyuan::audit
