// The files beside the database: in a backup, and back.
#include "tests/backup/backup_fixture.h"

namespace wenyuan::backup {
namespace {

class OriginalsOfABackup : public BackupFixture {
 protected:
  void erase(const Document& document, const std::string& content) {
    const Permit open = permit(Action::write, {"col_a"});
    ASSERT_TRUE(
        write([&](store::Transaction& tx) { return remove_document(tx, open, document.id); }));
    ASSERT_TRUE(blobs->remove(store::sha256_of(content)));
  }
  // Changes the last bit of its file.
  void damage(const std::string& content) {
    const fs::path file = blobs->path(store::sha256_of(content));
    std::string bytes = *read_file(file);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    ASSERT_TRUE(write_file_durably(file, bytes));
  }
  // As a server that is started on target/data reads it, with the keys of now.
  std::string restored_original(const std::string& content) {
    const fs::path data = target.path() / "data";
    const auto store = store::Database::open({.directory = data});
    if (!store) return store.error().message;
    const auto restored = store::BlobStore::open(data / "blobs", (*store)->keys().files());
    const auto bytes = restored->get(store::sha256_of(content));
    return bytes ? *bytes : bytes.error().message;
  }
};

TEST_F(OriginalsOfABackup, AreMissedWhenDamagedOrGone) {
  put("one");
  start();
  const fs::path file = backed_up("one");
  ASSERT_TRUE(write_file_durably(file, "two"));
  EXPECT_THAT(restore(target.path() / "a"), testing::HasSubstr("1 originals are not"));
  fs::remove(file);
  EXPECT_THAT(restore(target.path() / "b"), testing::HasSubstr("1 originals are not"));
}

TEST_F(OriginalsOfABackup, ComeBackWhenTheyWereUploadedAgain) {
  put("one");
  start();
  ASSERT_TRUE(blobs->put("one", 1 << 20));
  put("two");
  ship();
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(OriginalsOfABackup, ComeBackWhenTheyWereErasedAndCameAgain) {
  const Document gone = put("one");
  start();
  erase(gone, "one");
  put("one");
  ship();
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(OriginalsOfABackup, ComeBackWhenTheyCameAgainBeforeAnotherGeneration) {
  const Document gone = put("one");
  start();
  erase(gone, "one");
  put("one");
  clock.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(shipper->begin());
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(OriginalsOfABackup, ComeBackWhenADamagedFileWasReplaced) {
  put("one");
  start();
  // The copy was made before the file decayed, and the bytes came again.
  damage("one");
  ASSERT_TRUE(blobs->put("one", 1 << 20));
  clock.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(shipper->begin());
  ASSERT_EQ(generations().size(), 2U);
  for (const std::string& generation : generations()) {
    EXPECT_EQ(restore(target.path() / generation, {}, generation), "") << generation;
  }
}

TEST_F(OriginalsOfABackup, GoWithTheGenerationsThatNameThem) {
  const Document gone = put("gone");
  start({.data = {}, .generation_ms = 10'000, .keep_ms = 60'000});
  const fs::path file = backed_up("gone");
  EXPECT_TRUE(fs::exists(file));
  erase(gone, "gone");
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::milliseconds(10'000));
    ship();
  }
  EXPECT_FALSE(fs::exists(file));
}

TEST_F(OriginalsOfABackup, StayGoodWhenAFileDecaysAfterwards) {
  put("one");
  start();
  damage("one");
  clock.advance(std::chrono::milliseconds(5));
  start();  // another server, which knows nothing of the file of before
  EXPECT_EQ(generations().size(), 2U);
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(OriginalsOfABackup, AreAllThereAfterAnAttemptThatFailedHalfWay) {
  start();
  put("one");
  put("two");
  // They are copied in this order.
  const std::string one = store::sha256_of("one"), two = store::sha256_of("two");
  const fs::path copied = backed_up(one < two ? "one" : "two");
  const fs::path blocked = original_path(home.path() / "blobs", std::max(one, two));
  fs::rename(blocked, blocked.string() + ".kept");
  fs::create_directory(blocked);
  EXPECT_FALSE(shipper->ship());
  EXPECT_TRUE(fs::exists(copied));
  fs::remove(blocked);
  fs::rename(blocked.string() + ".kept", blocked);
  ship();
  EXPECT_EQ(restore(target.path() / "data"), "");
}

}  // namespace
}  // namespace wenyuan::backup
