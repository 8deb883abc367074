#include "api/bucket_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/id.h"

namespace wenyuan::api {
namespace {

using std::chrono::seconds;

class BucketStoreTest : public testing::Test {
 protected:
  BucketStoreTest()
      : directory_(std::filesystem::temp_directory_path() / new_id("wenyuan_buckets_test")),
        database_(*store::Database::open({.directory = directory_, .reader_count = 1})) {}
  ~BucketStoreTest() override {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  std::filesystem::path directory_;
  std::unique_ptr<store::Database> database_;
  static constexpr UnixMillis kNow = 1'700'000'000'000;
};

TEST_F(BucketStoreTest, CarriesBucketsOverARestart) {
  const auto start = RateLimiter::TimePoint::clock::now();
  RateLimiter before({.per_second = 0.001, .burst = 5}), other({.per_second = 0.001, .burst = 5});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(before.take("ann", start).allowed);
  EXPECT_TRUE(other.take("ann", start).allowed);
  save_buckets(*database_, {{"key", &before}, {"user", &other}}, kNow);
  RateLimiter after({.per_second = 0.001, .burst = 5}), second({.per_second = 0.001, .burst = 5});
  load_buckets(*database_, {{"key", &after}, {"user", &second}}, kNow + 1000);
  const auto now = RateLimiter::TimePoint::clock::now();
  EXPECT_FALSE(after.take("ann", now).allowed);
  EXPECT_TRUE(after.take("bob", now).allowed);
  EXPECT_EQ(second.take("ann", now).remaining, 3);
}

TEST_F(BucketStoreTest, FillsThemForTheTimeBetween) {
  const auto start = RateLimiter::TimePoint::clock::now();
  RateLimiter before({.per_second = 1, .burst = 5});
  for (int i = 0; i < 5; ++i) before.take("ann", start);
  save_buckets(*database_, {{"key", &before}}, kNow);
  RateLimiter after({.per_second = 1, .burst = 5});
  load_buckets(*database_, {{"key", &after}}, kNow + 3000);
  const auto now = RateLimiter::TimePoint::clock::now();
  EXPECT_EQ(after.take("ann", now).remaining, 2);
  RateLimiter empty({.per_second = 1, .burst = 5});
  load_buckets(*database_, {{"key", &empty}}, kNow + 3000);
  EXPECT_EQ(empty.take("ann", now).remaining, 4) << "what was loaded is gone from the store";
}

}  // namespace
}  // namespace wenyuan::api
