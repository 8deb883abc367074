// Shipping to a bucket, which sometimes is away.
#include "backup/s3_place.h"
#include "tests/backup/backup_fixture.h"
#include "tests/backup/fake_bucket.h"

namespace wenyuan::backup {
namespace {

class ShippingToABucket : public BackupFixture {
 protected:
  std::unique_ptr<Place> open_bucket() {
    S3Options options;
    options.address = *parse_s3_address("s3://bucket/here");
    options.endpoint = "http://127.0.0.1:9";
    options.path_style = true;
    options.credentials = [] { return Result<S3Credentials>(S3Credentials{"id", "secret", ""}); };
    options.scratch = target.path() / "scratch";
    options.pause = std::chrono::milliseconds(0);
    return *open_s3(options, std::make_unique<FakeTransport>(bucket), clock);
  }
  void start_shipping() {
    const Shipper::Options options{.data = home.path(), .place_may_be_away = true};
    auto opened = Shipper::open(*database, clock, open_bucket(), options);
    ASSERT_TRUE(opened) << opened.error().message;
    shipper = *std::move(opened);
  }
  // Every document that is there is in a store that is made from the bucket.
  void expect_all_restored() {
    auto replica = Replica::open(open_bucket(), {target.path() / "data", {}, {}});
    ASSERT_TRUE(replica) << replica.error().message;
    ASSERT_TRUE(replica->catch_up({}));
    bring_keys(target.path() / "data");
    const auto finished = replica->finish(false);
    ASSERT_TRUE(finished) << finished.error().message;
    EXPECT_TRUE(finished->problems.empty());
    EXPECT_EQ(restored_titles(target.path() / "data"), titles(*database));
  }
  void away(bool is) {
    bucket->instead = [is](const TransportRequest&) -> std::optional<Result<TransportReply>> {
      if (!is) return std::nullopt;
      return Result<TransportReply>(Error{ErrorCode::unavailable, "no answer"});
    };
  }

  std::shared_ptr<Bucket> bucket = std::make_shared<Bucket>();
};

TEST_F(ShippingToABucket, RestoresAllThatWasCommitted) {
  put("one");
  start_shipping();
  ship();
  put("two");
  ship();
  ASSERT_TRUE(shipper->leave());
  EXPECT_FALSE(bucket->objects.contains("here/writer"));
  expect_all_restored();
}

TEST_F(ShippingToABucket, CatchesUpAfterItWasAway) {
  away(true);
  start_shipping();
  EXPECT_EQ(shipper->state().trouble, "no answer");
  EXPECT_FALSE(shipper->ship());
  put("one");
  away(false);
  ship();
  away(true);
  put("two");
  EXPECT_EQ(shipper->ship().error().code, ErrorCode::unavailable);
  EXPECT_GT(shipper->state().commits_behind, 0);
  ASSERT_TRUE(database->checkpoint());
  put("three");
  away(false);
  ship();
  EXPECT_EQ(shipper->state().commits_behind, 0);
  EXPECT_GE(shipper->state().segment_count, 1);
  expect_all_restored();
}

TEST_F(ShippingToABucket, GoesOnWhenTheAnswersAboutASegmentWereLost) {
  start_shipping();
  ship();
  put("one");
  bucket->spoil = [](const TransportRequest& request, Result<TransportReply>& reply) {
    if (request.target.ends_with(".wal")) reply = Error{ErrorCode::unavailable, "cut"};
  };
  EXPECT_FALSE(shipper->ship());
  bucket->spoil = nullptr;
  put("two");
  ship();
  EXPECT_EQ(shipper->state().segment_count, 2);
  expect_all_restored();
}

TEST_F(ShippingToABucket, DoesNotTakeAMissingAnswerForAnErasedOriginal) {
  start_shipping();
  ship();
  put("one");
  bucket->instead = [](const TransportRequest& request) -> std::optional<Result<TransportReply>> {
    if (request.target.find("/blobs/") == std::string::npos) return std::nullopt;
    return Result<TransportReply>(TransportReply{404, {}, "from some proxy"});
  };
  EXPECT_EQ(shipper->ship().error().code, ErrorCode::unavailable);
  bucket->instead = nullptr;
  ship();
  expect_all_restored();
}

}  // namespace
}  // namespace wenyuan::backup
