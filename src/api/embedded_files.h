// The page and the contract, packed into the binary by the build.
#pragma once

#include <span>

#include "base/embedded.h"

namespace wenyuan::api {

std::span<const EmbeddedFile> embedded_web();
std::span<const EmbeddedFile> embedded_contract();

}  // namespace wenyuan::api
