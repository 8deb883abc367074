#include "app/disk_guard.h"

#include <gtest/gtest.h>

#include <limits>

namespace wenyuan::app {
namespace {

TEST(DiskGuard, HasRoomWithoutAReserve) {
  const DiskGuard guard("/", 0);
  EXPECT_TRUE(guard.has_room());
  EXPECT_TRUE(guard.ready());
}

TEST(DiskGuard, SaysHowMuchIsFreeAndHowMuchIsKept) {
  const DiskGuard guard("/", std::numeric_limits<std::int64_t>::max() / 4);
  EXPECT_FALSE(guard.has_room());
  ASSERT_FALSE(guard.ready());
  EXPECT_EQ(guard.ready().error().code, ErrorCode::unavailable);
  EXPECT_NE(guard.ready().error().message.find("nearly full"), std::string::npos);
}

TEST(DiskGuard, TakesADiskThatCannotBeMeasuredForOneWithRoom) {
  DiskGuard guard("/there/is/no/such/folder", 1);
  guard.look();
  EXPECT_TRUE(guard.has_room());
}

}  // namespace
}  // namespace wenyuan::app
