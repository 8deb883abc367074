#include "store/blob_store.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/file.h"
#include "store/blob_removal.h"
#include "store/key_ring.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

constexpr std::int64_t kLimit = 1 << 20;

class BlobStoreTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
    opened = std::make_unique<BlobStore>(
        *BlobStore::open(home.path() / "blobs", database->keys().files()));
  }
  std::unique_ptr<BlobStore> opened;

  std::size_t file_count() {
    std::size_t count = 0;
    for (const auto& each : std::filesystem::recursive_directory_iterator(home.path() / "blobs")) {
      count += each.is_regular_file() ? 1U : 0U;
    }
    return count;
  }
};

TEST_F(BlobStoreTest, KeepsBytesUnderTheirHash) {
  const auto info = opened->put("hello", kLimit);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(info->size_bytes, 5);
  EXPECT_EQ(*opened->get(info->sha256), "hello");
  EXPECT_EQ(opened->path(info->sha256).parent_path().filename(), "f2");
  EXPECT_TRUE(opened->put("hello", kLimit));
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(BlobStoreTest, TakesBytesPieceByPiece) {
  auto writer = opened->writer(kLimit);
  ASSERT_TRUE(writer);
  for (const char* piece : {"he", "", "llo"}) ASSERT_TRUE(writer->write(piece));
  EXPECT_EQ(*opened->get(writer->finish()->sha256), "hello");
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(BlobStoreTest, LeavesNothingOfAnAbandonedOrOverlongUpload) {
  {
    auto writer = opened->writer(kLimit);
    ASSERT_TRUE(writer->write("half of it"));
    EXPECT_EQ(file_count(), 1U);
  }
  EXPECT_EQ(file_count(), 0U);
  const auto refused = opened->put("123456", 5);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_EQ(file_count(), 0U);
  EXPECT_TRUE(opened->put("12345", 5));
}

TEST_F(BlobStoreTest, TellsBytesThatHaveDecayedAndTakesGoodOnesInTheirPlace) {
  const auto info = opened->put("hello", kLimit);
  ASSERT_TRUE(write_file_durably(opened->path(info->sha256), "hallo"));
  EXPECT_EQ(opened->get(info->sha256).error().code, ErrorCode::corrupt);
  ASSERT_TRUE(opened->put("hello", kLimit));
  EXPECT_EQ(*opened->get(info->sha256), "hello");
  EXPECT_EQ(opened->get(std::string(64, '0')).error().code, ErrorCode::not_found);
}

TEST_F(BlobStoreTest, KeepsTheKeyOfAGoodFileWhenItsBytesComeAgain) {
  const std::string sha256 = opened->put("hello", kLimit)->sha256;
  const auto copy = read_file(opened->path(sha256));
  ASSERT_TRUE(copy);
  ASSERT_TRUE(opened->put("hello", kLimit));
  EXPECT_EQ(*read_file(opened->path(sha256)), *copy);
  ASSERT_TRUE(write_file_durably(opened->path(sha256), *copy));
  const auto read = opened->get(sha256);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, "hello");
  EXPECT_EQ(file_count(), 1U);
}

TEST_F(BlobStoreTest, RemovesAtStartWhatNoRowNames) {
  const std::string named = opened->put("named", kLimit)->sha256;
  const std::string unnamed = opened->put("unnamed", kLimit)->sha256;
  ASSERT_TRUE(write_file_durably(home.path() / "blobs" / "new" / "upl_left_by_a_crash", "x"));
  const auto removed =
      opened->remove_unnamed([&](const std::string& sha256) { return sha256 == named; });
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(*removed, 1);
  EXPECT_EQ(file_count(), 1U);
  EXPECT_TRUE(opened->get(named));
}

TEST_F(BlobStoreTest, RemovesNothingThatSomebodyHolds) {
  auto held = opened->put("hello", kLimit);
  const std::string sha256 = held->sha256;
  ASSERT_TRUE(opened->remove(sha256));
  EXPECT_TRUE(opened->get(sha256));
  held = Error{ErrorCode::cancelled, "let go"};
  ASSERT_TRUE(opened->remove(sha256));
  EXPECT_EQ(file_count(), 0U);
  EXPECT_TRUE(opened->remove(sha256));  // it is gone already
}

// One thread adds and another removes a document with the same bytes: never may a row name a blob
// that is not there.
TEST_F(BlobStoreTest, NeverLosesABlobThatIsStoredWhileItIsErased) {
  constexpr int kRounds = 60;
  add("col_1", "other");  // keeps the label, so that permits stay good
  const Permit open = permit(Action::write, {"col_1"});
  const auto round = [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      const auto info = opened->put("the same bytes", kLimit);
      ASSERT_TRUE(info);
      NewDocument wanted = described("col_1", "the same bytes");
      wanted.external_id = std::to_string(thread) + "." + std::to_string(i);
      const auto added = database->write(
          [&](Transaction& tx) { return add_document(tx, open, wanted, access, 1); });
      ASSERT_TRUE(added) << added.error().message;
      ASSERT_TRUE(opened->get(info->sha256));
      const auto erased = database->write(
          [&](Transaction& tx) { return remove_document(tx, open, added->document.id); });
      ASSERT_TRUE(erased);
      ASSERT_TRUE(remove_blobs(*database, *opened, erased->unnamed_blobs));
    }
  };
  std::thread first(round, 1);
  std::thread second(round, 2);
  first.join();
  second.join();
}

}  // namespace
}  // namespace wenyuan::store
