// How records become hashes; docs/formats/audit.md is the specification.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "audit/log.h"

namespace wenyuan::audit {

using Hash = std::array<std::uint8_t, 32>;

// What the hash of the first record goes back to.
constexpr Hash kNoHash{};

// Every field but the hash, each with its length, so that no two records have one encoding.
std::string canonical(const Record& record);

// SHA-256(0x01 || before || SHA-256(0x00 || canonical(record))).
Hash chained(const Hash& before, const Record& record);

}  // namespace wenyuan::audit
