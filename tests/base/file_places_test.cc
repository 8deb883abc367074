#include "base/file_places.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>

#include "base/file.h"
#include "tests/store/temporary_directory.h"

namespace wenyuan {
namespace {

TEST(FilePlaces, AreWrittenAndReadWhereTheyAreAndEndWhereTheFileDoes) {
  const store::TemporaryDirectory home;
  const auto path = home.path() / "file";
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_at(file.get(), 2, "there", path));
  std::array<char, 5> piece{};
  EXPECT_EQ(*read_at(file.get(), 2, piece, path), 5U);
  EXPECT_EQ(std::string(piece.begin(), piece.end()), "there");
  EXPECT_EQ(*read_at(file.get(), 5, piece, path), 2U);
  EXPECT_EQ(std::string(piece.begin(), piece.begin() + 2), "re");
  EXPECT_EQ(*read_at(file.get(), 7, piece, path), 0U);
}

TEST(FilePlaces, ThatCannotBeReadOrWrittenSayWhy) {
  const store::TemporaryDirectory home;
  const auto path = home.path() / "file";
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  std::array<char, 5> piece{};
  const auto refused = read_at(file.get(), 0, piece, path);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find(path.string()), std::string::npos);
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(write_at(full.get(), 0, "there", "/dev/full").error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace wenyuan
