#include "base/id.h"

#include <sys/random.h>

#include <cerrno>

#include "base/assert.h"

namespace wenyuan {

void random_bytes(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::getrandom(bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    WY_ASSERT(count > 0);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

std::string new_id(std::string_view prefix) {
  // 32 letters, so that five bits choose one without bias; without i, l, o and u, which people
  // misread (Crockford's base 32).
  static constexpr char kLetters[] = "0123456789abcdefghjkmnpqrstvwxyz";
  std::uint8_t bytes[26];
  random_bytes(bytes);
  std::string id(prefix);
  id += '_';
  for (const std::uint8_t byte : bytes) id += kLetters[byte & 31U];
  return id;
}

}  // namespace wenyuan
