// Files packed into the binary at build time (cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace wenyuan {

struct EmbeddedFile {
  std::string_view name;  // without its folder
  std::string_view content;
};

}  // namespace wenyuan
