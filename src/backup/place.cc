#include "backup/place.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::backup {
namespace {

constexpr std::size_t kNameSizeMax = 512;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_part(std::string_view part) {
  return !part.empty() && part.front() != '.' &&
         std::all_of(part.begin(), part.end(), is_name_character);
}

}  // namespace

bool is_object_name(std::string_view name) {
  if (name.size() > kNameSizeMax) return false;
  const auto parts = split(name, '/');
  return std::all_of(parts.begin(), parts.end(), is_part);
}

}  // namespace wenyuan::backup
