#include "auth/cedar/name.h"

#include <array>

namespace wenyuan::auth::cedar {
namespace {

constexpr std::array<std::string_view, 10> kReserved = {"true", "false", "if",   "then", "else",
                                                        "in",   "is",    "like", "has",  "__cedar"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

bool is_identifier(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return false;
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c)) return false;
  }
  return true;
}

bool is_reserved(std::string_view identifier) {
  for (const std::string_view word : kReserved) {
    if (word == identifier) return true;
  }
  return false;
}

bool is_path(std::string_view text) {
  for (;;) {
    const std::size_t colons = text.find("::");
    const std::string_view part = text.substr(0, colons);
    if (!is_identifier(part) || is_reserved(part)) return false;
    if (colons == std::string_view::npos) return true;
    text.remove_prefix(colons + 2);
  }
}

std::string_view namespace_of(std::string_view path) {
  const std::size_t colons = path.rfind("::");
  return colons == std::string_view::npos ? std::string_view() : path.substr(0, colons);
}

std::string_view base_name(std::string_view path) {
  const std::size_t colons = path.rfind("::");
  return colons == std::string_view::npos ? path : path.substr(colons + 2);
}

}  // namespace wenyuan::auth::cedar
