// What files in a pack are called.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wenyuan::backup::pack {

constexpr const char* kTitle = "wenyuan kbpack 1";
constexpr std::string_view kManifest = "manifest";

// "documents/0000001/"; numbers and versions from 0 here, from 1 there.
std::string folder(std::int64_t number);
std::string original(std::int64_t number, std::size_t version);

}  // namespace wenyuan::backup::pack
