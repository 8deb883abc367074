// Receipts, and what is still to be done for them.
#include "store/erasure_log.h"

#include <gtest/gtest.h>

#include "store/blob_removal.h"
#include "store/erasure_remains.h"
#include "store/erasure_secrets.h"
#include "store/key_ring.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

namespace fs = std::filesystem;

class ErasureLogTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
  }
  // With a receipt of this id.
  Erased erase(const std::string& document_id, const std::string& receipt_id) {
    const Permit open = permit(Action::write, {"col_1"});
    auto erased = write([&](Transaction& tx) -> Result<Erased> {
      WY_TRY(Erased gone, remove_document(tx, open, document_id));
      Erasure erasure;
      erasure.receipt_id = receipt_id;
      erasure.erased_id = gone.document_id;
      erasure.receipt = "signed";
      erasure.key_secret = gone.key_secret;
      WY_RETURN_IF_ERROR(add_erasure(tx, erasure));
      return gone;
    });
    EXPECT_TRUE(erased) << erased.error().message;
    return erased ? *erased : Erased();
  }
  std::vector<Unswept> waiting(std::int64_t after = 0) {
    return *read([&](Snapshot& snapshot) { return unswept(snapshot, after, 10); });
  }
  void run(const std::string& sql) {
    ASSERT_TRUE(write([&](Transaction& tx) -> Status {
      WY_TRY(auto statement, tx.prepare(sql));
      return statement.run();
    }));
  }
};

TEST_F(ErasureLogTest, CountsWhatItRemoves) {
  const Document document = add("col_1", "a");
  finish(document.id, "one\ntwo\nthree");
  const Erased erased = erase(document.id, "rct_1");
  EXPECT_EQ(erased.chunks, 3);
  // The document, its version, its job, its text and three chunks.
  EXPECT_EQ(erased.rows, 7);
  EXPECT_EQ(erased.bytes, document.size_bytes);
}

TEST_F(ErasureLogTest, KnowsWhoseSecretsAreLeft) {
  const Document first = add("col_1", "a"), second = add("col_1", "b");
  const Erased one = erase(first.id, "rct_1");
  erase(second.id, "rct_2");
  run("INSERT INTO secrets_to_destroy (number) VALUES (" + std::to_string(one.key_secret) + ")");
  const auto both = waiting();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_TRUE(both[0].secret_left);
  EXPECT_FALSE(both[1].secret_left);
  const std::vector<std::int64_t> clean = {both[1].number};
  ASSERT_TRUE(write([&](Transaction& tx) { return mark_swept(tx, clean, 9); }));
  ASSERT_EQ(waiting().size(), 1U);
  EXPECT_EQ(waiting().front().receipt_id, "rct_1");
  EXPECT_TRUE(waiting(both[0].number).empty());
  EXPECT_EQ(*read([](Snapshot& snapshot) { return last_unswept(snapshot); }), both[0].number);
  reopen();  // what was left is destroyed at the start
  EXPECT_FALSE(waiting().front().secret_left);
}

TEST_F(ErasureLogTest, FindsWhatIsLeftOfACollection) {
  const Document document = add("col_1", "a");
  Erasure erasure;
  erasure.erased_id = "col_1";
  const auto remains = [&] {
    return *read([&](Snapshot& snapshot) { return erasure_remains(snapshot, erasure); });
  };
  EXPECT_EQ(remains().size(), 3U) << "itself, its key, a document";
  const Permit managing = permit(Action::manage, {"col_1"});
  ASSERT_TRUE(write([&](Transaction& tx) { return remove_collection(tx, managing, "col_1"); }));
  EXPECT_TRUE(remains().empty());
}

TEST_F(ErasureLogTest, OriginalsThatCannotBeRemovedAreNamed) {
  auto blobs = BlobStore::open(home.path() / "blobs", database->keys().files());
  ASSERT_TRUE(blobs);
  std::vector<std::string> names;
  for (const char* bytes : {"goes", "held", "stuck"}) {
    names.push_back(blobs->put(bytes, 100)->sha256);
  }
  const auto held = blobs->put("held", 100);
  // A folder in its place can be neither opened nor removed.
  const fs::path stuck = blobs->path(names[2]);
  fs::remove(stuck);
  fs::create_directory(stuck);
  const auto left = remove_blobs(*database, *blobs, names);
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_EQ(*left, (std::vector<std::string>{names[1], names[2]}));
  EXPECT_FALSE(fs::exists(blobs->path(names[0])));
  fs::remove(stuck);
  EXPECT_EQ(*remove_blobs(*database, *blobs, names), std::vector<std::string>{names[1]});
}

}  // namespace
}  // namespace wenyuan::store
