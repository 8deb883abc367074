// SHA-256 (FIPS 180-4) of files and downloads: for telling whether content is what it should be.
//
// Everything that keeps a secret uses OpenSSL; this is for places that must not link it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan {

using Sha256Digest = std::array<std::uint8_t, 32>;

class Sha256 {
 public:
  void update(std::span<const std::uint8_t> bytes);
  void update(std::string_view text);
  // Call once; the object is used up.
  Sha256Digest finish();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667U, 0xbb67ae85U, 0x3c6ef372U, 0xa54ff53aU,
                                         0x510e527fU, 0x9b05688cU, 0x1f83d9abU, 0x5be0cd19U};
  std::array<std::uint8_t, 64> pending_{};
  std::size_t pending_size_ = 0;
  std::uint64_t size_ = 0;  // bytes taken in so far
};

std::string sha256_hex(std::string_view text);
Result<std::string> sha256_hex_of_file(const std::filesystem::path& path);

}  // namespace wenyuan
