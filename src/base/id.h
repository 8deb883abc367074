// Random identifiers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace wenyuan {

// Fills `bytes` from the kernel's generator; stops the process when it cannot (it never should).
void random_bytes(std::span<std::uint8_t> bytes);

// `prefix` + "_" + 26 characters of 0-9a-z: 130 random bits, so an id tells nothing about how many
// others there are. Prefixes: usr, col, doc, job, key, pol, grp, grt, req, cnv, msg, rct.
std::string new_id(std::string_view prefix);

}  // namespace wenyuan
