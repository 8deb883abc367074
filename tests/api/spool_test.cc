// A body that waits on the disk cannot be read there.
#include "api/spool.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace wenyuan::api {
namespace {

namespace fs = std::filesystem;

// Of the files without a name that this process has open.
int nameless_files_with(const std::string& needle) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.find("wenyuan-") == std::string::npos || !target.ends_with(" (deleted)")) continue;
    const auto bytes = read_file(entry.path());
    if (bytes && bytes->find(needle) != std::string::npos) ++count;
  }
  return count;
}

std::string some_bytes(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += "zanzibar " + std::to_string(bytes.size()) + " ";
  bytes.resize(size);
  return bytes;
}

TEST(Spool, GivesBackAnyRangeOfWhatWasWritten) {
  constexpr std::size_t kPiece = 64 * 1024;
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, kPiece, 3 * kPiece + 77}) {
    auto spool = Spool::create();
    ASSERT_TRUE(spool);
    const std::string bytes = some_bytes(size);
    for (std::size_t at = 0; at < size; at += 5003) {
      ASSERT_TRUE(spool->write(std::string_view(bytes).substr(at, 5003)));
    }
    EXPECT_EQ(spool->size(), static_cast<std::int64_t>(size));
    EXPECT_EQ(*spool->read(0, size + 10), bytes);
    for (std::size_t at = 0; at < size; at += 40'009) {
      EXPECT_EQ(*spool->read(static_cast<std::int64_t>(at), kPiece), bytes.substr(at, kPiece));
    }
    EXPECT_EQ(*spool->read(static_cast<std::int64_t>(size), 5), "");
    EXPECT_EQ(*spool->read(static_cast<std::int64_t>(size) + 1, 5), "");
  }
}

TEST(Spool, HasNothingInTheOpenOnTheDisk) {
  auto spool = Spool::create();
  ASSERT_TRUE(spool);
  ASSERT_TRUE(spool->write(some_bytes(200'000)));
  EXPECT_EQ(nameless_files_with("zanzibar"), 0);
}

}  // namespace
}  // namespace wenyuan::api
