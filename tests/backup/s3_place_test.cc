// Whatever a directory does a bucket does too; and what may go wrong on the way there.
#include "backup/s3_place.h"

#include <gmock/gmock.h>

#include <fstream>

#include "backup/directory.h"
#include "backup/s3_answers.h"
#include "backup/s3_transfer.h"
#include "base/file.h"
#include "tests/backup/fake_bucket.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

S3Options options_for_tests(const fs::path& scratch) {
  S3Options options;
  options.address = *parse_s3_address("s3://bucket/some/prefix");
  options.endpoint = "http://127.0.0.1:9";
  options.path_style = true;
  options.credentials = [] {
    return Result<S3Credentials>(S3Credentials{"id", "secret", "token"});
  };
  options.scratch = scratch;
  options.pause = std::chrono::milliseconds(0);
  return options;
}

class AnyPlace : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      place = open_directory(folder.path() / "backup");
      return;
    }
    auto opened = open_s3(options_for_tests(folder.path() / "scratch"),
                          std::make_unique<FakeTransport>(bucket), clock);
    ASSERT_TRUE(opened) << opened.error().message;
    place = *std::move(opened);
  }
  std::vector<std::string> names(const std::string& in, const std::string& after = {}) {
    std::vector<std::string> found;
    const auto listed = place->list(in, after);
    EXPECT_TRUE(listed) << listed.error().message;
    for (const Place::Object& each : *listed) found.push_back(each.name);
    return found;
  }
  fs::path file(const std::string& bytes) {
    const fs::path path = folder.path() / "file";
    EXPECT_TRUE(write_file_durably(path, bytes));
    return path;
  }

  ManualClock clock{1'800'000'000'000};
  store::TemporaryDirectory folder;
  std::shared_ptr<Bucket> bucket = std::make_shared<Bucket>();
  std::unique_ptr<Place> place;
};

INSTANTIATE_TEST_SUITE_P(Of, AnyPlace, testing::Bool(), [](const auto& of) {
  return std::string(of.param ? "ABucket" : "ADirectory");
});

TEST_P(AnyPlace, GivesWhatWasPut) {
  EXPECT_EQ(place->get("a/b", 10).error().code, ErrorCode::not_found);
  EXPECT_FALSE(*place->has("a/b"));
  ASSERT_TRUE(place->put("a/b", "one"));
  ASSERT_TRUE(place->put("a/b", "other"));
  ASSERT_TRUE(place->put("a/empty", ""));
  EXPECT_EQ(*place->get("a/b", 5), "other");
  EXPECT_EQ(*place->get("a/empty", 5), "");
  EXPECT_EQ(place->get("a/b", 4).error().code, ErrorCode::too_large);
  EXPECT_EQ(*place->get_beginning("a/b", 2), "ot");
  EXPECT_EQ(*place->get_beginning("a/b", 20), "other");
  EXPECT_TRUE(*place->has("a/b"));
  ASSERT_TRUE(place->remove("a/b"));
  ASSERT_TRUE(place->remove("a/b"));
  EXPECT_FALSE(*place->has("a/b"));
}

TEST_P(AnyPlace, TakesANameOnce) {
  ASSERT_TRUE(place->put_new("a", "one"));
  EXPECT_TRUE(place->put_new("a", "one"));
  EXPECT_EQ(place->put_new("a", "two").error().code, ErrorCode::conflict);
  EXPECT_EQ(*place->get("a", 9), "one");
}

TEST_P(AnyPlace, ListsByFolder) {
  EXPECT_THAT(names("g/"), ElementsAre());
  EXPECT_TRUE(place->folders("g/")->empty());
  for (const char* const name : {"g/2/m", "g/1/a", "g/1/b", "g/3/x", "g/4/y", "ga", "g/1/c/d"}) {
    ASSERT_TRUE(place->put(name, name));
  }
  EXPECT_THAT(names("g/"), ElementsAre("g/1/a", "g/1/b", "g/1/c/d", "g/2/m", "g/3/x", "g/4/y"));
  EXPECT_THAT(names("g/", "g/1/b"), ElementsAre("g/1/c/d", "g/2/m", "g/3/x", "g/4/y"));
  EXPECT_THAT(*place->folders("g/"), ElementsAre("1", "2", "3", "4"));
  ASSERT_TRUE(place->remove("g/2/m"));
  EXPECT_THAT(*place->folders("g/"), ElementsAre("1", "3", "4"));
}

TEST_P(AnyPlace, CarriesFiles) {
  const std::string bytes(3'000'000, 'x');
  ASSERT_TRUE(place->put_file("f", file(bytes), sha256_of(bytes)));
  EXPECT_EQ(place->put_file("g", file("other"), sha256_of(bytes)).error().code,
            ErrorCode::conflict);
  EXPECT_FALSE(*place->has("g"));
  const auto received = place->get_file("f", folder.path() / "copy");
  ASSERT_TRUE(received) << received.error().message;
  EXPECT_EQ(received->sha256, sha256_of(bytes));
  EXPECT_EQ(received->size, 3'000'000);
  EXPECT_EQ(*read_file(folder.path() / "copy"), bytes);
  EXPECT_EQ(place->get_file("none", folder.path() / "none").error().code, ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(folder.path() / "none"));
}

TEST_P(AnyPlace, TakesWhatWasMadeForIt) {
  const auto path = place->make_room("g/base", 5);
  ASSERT_TRUE(path) << path.error().message;
  std::ofstream(*path) << "bytes";
  ASSERT_TRUE(place->add_made("g/base", *path, sha256_of("bytes")));
  EXPECT_EQ(*place->get("g/base", 5), "bytes");
  EXPECT_EQ(fs::exists(*path), !GetParam());
}

class InABucket : public AnyPlace {
 protected:
  // The next `count` requests with this method are answered so.
  void fail(int count, Result<TransportReply> answer, const std::string& method = "PUT") {
    bucket->instead =
        [=, left = count](
            const TransportRequest& request) mutable -> std::optional<Result<TransportReply>> {
      if (request.method != method || left == 0) return std::nullopt;
      left -= 1;
      return answer;
    };
  }
};
INSTANTIATE_TEST_SUITE_P(Of, InABucket, testing::Values(true),
                         [](const auto&) { return std::string("S3"); });

TEST_P(InABucket, TriesAgainWhenAFaultMayPass) {
  for (const int status : {500, 502, 503, 429}) {
    fail(4, TransportReply{status, {}, "<Error><Code>SlowDown</Code></Error>"});
    EXPECT_TRUE(place->put("a", std::to_string(status)));
    EXPECT_EQ(*place->get("a", 9), std::to_string(status));
  }
  fail(4, Error{ErrorCode::unavailable, "cut"});
  EXPECT_TRUE(place->put("a", "x"));
  fail(4, TransportReply{400, {}, "<Error><Code>BadDigest</Code></Error>"});
  EXPECT_TRUE(place->put("a", "y"));
  fail(5, TransportReply{500, {}, ""});
  const Status failed = place->put("a", "z");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::unavailable);
  EXPECT_THAT(failed.error().message, HasSubstr("PUT s3://bucket/some/prefix/a"));
}

TEST_P(InABucket, DoesNotAskAgainWhenThatWouldNotHelpOrThereIsNoTime) {
  fail(1, TransportReply{403, {}, "<Error><Code>AccessDenied</Code></Error>"});
  const Status refused = place->put("a", "x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
  EXPECT_THAT(refused.error().message, HasSubstr("AccessDenied"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("secret")));
  fail(1, TransportReply{301, {{"x-amz-bucket-region", "eu-west-2"}}, ""});
  EXPECT_THAT(place->put("a", "x").error().message, HasSubstr("another region, eu-west-2?"));
  place->be_patient(false);
  fail(1, TransportReply{503, {}, ""});
  EXPECT_EQ(place->put("a", "x").error().code, ErrorCode::unavailable);
}

TEST_P(InABucket, KnowsItsOwnBytesWhenAnAnswerWasLost) {
  bool lost = false;
  bucket->spoil = [&](const TransportRequest& request, Result<TransportReply>& reply) {
    if (request.method != "PUT" || lost) return;
    lost = true;
    reply = Error{ErrorCode::unavailable, "cut"};
  };
  EXPECT_TRUE(place->put_new("a", "one"));
  EXPECT_TRUE(lost);
}

TEST_P(InABucket, AsksAStoreThatDoesNotKnowTheConditionFirst) {
  bucket->instead = [](const TransportRequest& request) -> std::optional<Result<TransportReply>> {
    if (FakeTransport::header(request, "if-none-match").empty()) return std::nullopt;
    return Result<TransportReply>(
        TransportReply{501, {}, "<Error><Code>NotImplemented</Code></Error>"});
  };
  EXPECT_TRUE(place->put_new("a", "one"));
  EXPECT_EQ(place->put_new("a", "two").error().code, ErrorCode::conflict);
}

TEST_P(InABucket, NoticesBytesThatWereChanged) {
  ASSERT_TRUE(place->put("a", "bytes"));
  int times = 1;
  bucket->spoil = [&](const TransportRequest& request, Result<TransportReply>& reply) {
    if (request.method == "GET" && times-- > 0) reply->body[0] = 'B';
  };
  EXPECT_EQ(*place->get("a", 9), "bytes");  // asked again
  times = 100;
  EXPECT_EQ(place->get("a", 9).error().code, ErrorCode::corrupt);
  EXPECT_EQ(place->get_file("a", folder.path() / "x").error().code, ErrorCode::corrupt);
  EXPECT_FALSE(fs::exists(folder.path() / "x"));
}

TEST_P(InABucket, CarriesLargeObjectsInPieces) {
  std::string bytes;
  for (std::size_t i = 0; bytes.size() <= 2 * kPieceSize; ++i)
    bytes.append(1000, static_cast<char>(i));
  const fs::path from = file(bytes);
  ASSERT_TRUE(place->put_file("f", from, sha256_of(bytes)));
  EXPECT_EQ(bucket->requests.size(), 6U);  // begin, three parts, end, a look at it
  EXPECT_EQ(place->get_file("f", folder.path() / "copy")->sha256, sha256_of(bytes));
  EXPECT_TRUE(place->put_new("f", bytes));
  EXPECT_EQ(place->put_new("f", bytes + "x").error().code, ErrorCode::conflict);
  fail(5, TransportReply{500, {}, ""});
  EXPECT_FALSE(place->put_file("g", from, sha256_of(bytes)));
  EXPECT_FALSE(place->put_file("h", from, sha256_of("other")));
  EXPECT_TRUE(bucket->uploads.empty());
  EXPECT_FALSE(*place->has("g") || *place->has("h"));
}

TEST_P(InABucket, SignsEachRequestAndNamesItsHost) {
  ASSERT_TRUE(place->put("a", "x"));
  const TransportRequest& request = bucket->requests.back();
  EXPECT_EQ(request.target, "/bucket/some/prefix/a");
  EXPECT_EQ(FakeTransport::header(request, "host"), "127.0.0.1:9");
  EXPECT_EQ(FakeTransport::header(request, "x-amz-content-sha256"), sha256_of("x"));
  EXPECT_EQ(FakeTransport::header(request, "x-amz-security-token"), "token");
  EXPECT_THAT(FakeTransport::header(request, "authorization"), HasSubstr("us-east-1/s3/"));
}

TEST(S3Address, IsABucketAndAPrefix) {
  EXPECT_EQ(parse_s3_address("s3://my-bucket")->bucket, "my-bucket");
  EXPECT_EQ(parse_s3_address("s3://my-bucket/a/b/")->prefix, "a/b/");
  for (const char* const text : {"s3://", "s3://ab", "s3://Bucket", "s3://a..b", "s3://bucket/a b",
                                 "s3://bucket/../x", "s3://bucket//x", "/mnt", "s3:/bucket"}) {
    EXPECT_FALSE(parse_s3_address(text)) << text;
  }
}

TEST(S3Options, TellWhereRequestsGo) {
  S3Options options;
  options.address = {"bucket", ""};
  EXPECT_EQ(s3_origin(options), "https://bucket.s3.us-east-1.amazonaws.com");
  options.endpoint = "https://minio.example:9000/";
  EXPECT_EQ(s3_origin(options), "https://bucket.minio.example:9000");
  options.path_style = true;
  EXPECT_EQ(s3_origin(options), "https://minio.example:9000");
  EXPECT_TRUE(check_s3_options(options));
  options.endpoint = "ftp://x";
  EXPECT_FALSE(check_s3_options(options));
  options.endpoint = "https://x/path";
  EXPECT_FALSE(check_s3_options(options));
  options = {};
  options.address = {"with.point", ""};
  EXPECT_FALSE(check_s3_options(options));
}

TEST(S3Credentials, AreReadFromLines) {
  const auto found = parse_s3_credentials(
      "[default]\naws_access_key_id = AK\nAWS_SECRET_ACCESS_KEY=\"s/+=\"\n[other]\n"
      "aws_access_key_id = no\n");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->key_id, "AK");
  EXPECT_EQ(found->secret, "s/+=");
  const auto none = parse_s3_credentials("aws_secret_access_key = hush");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, testing::Not(HasSubstr("hush")));
}

TEST(S3Answers, AreReadWithinLimits) {
  const auto good = parse_listing(
      "<?xml version='1.0'?><ListBucketResult xmlns='urn:x'><Contents><Key>a&amp;b</Key>"
      "<Size>7</Size></Contents><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
      "<IsTruncated>true</IsTruncated><NextContinuationToken>t=</NextContinuationToken>"
      "</ListBucketResult>");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->objects.front().name, "a&b");
  EXPECT_EQ(good->objects.front().size, 7);
  EXPECT_EQ(good->next, "t=");
  for (const char* const bad :
       {"", "x", "<html/>", "<ListBucketResult>",
        "<ListBucketResult><Contents/></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"}) {
    EXPECT_EQ(parse_listing(bad).error().code, ErrorCode::corrupt) << bad;
  }
  std::string many = "<ListBucketResult>";
  for (int i = 0; i <= 1000; ++i) many += "<Contents><Key>a</Key><Size>1</Size></Contents>";
  EXPECT_FALSE(parse_listing(many + "</ListBucketResult>"));
  EXPECT_EQ(parse_fault("<Error><Code>No\nSuch</Code></Error>").code, "");
}

}  // namespace
}  // namespace wenyuan::backup
