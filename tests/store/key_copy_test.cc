// The second place where erasure secrets are kept.
#include <gtest/gtest.h>

#include "base/file.h"
#include "store/erasure_secrets.h"
#include "store/key_ring.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

namespace fs = std::filesystem;

class KeyCopyTest : public testing::Test {
 protected:
  using Secrets = std::unique_ptr<ErasureSecrets>;

  Secrets open(ErasureSecrets::Mode mode) {
    auto opened = ErasureSecrets::open(file, store, mode);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  // A new one with its copy.
  Secrets make() {
    Secrets secrets = open(ErasureSecrets::Mode::create);
    const Status kept = secrets->keep_copy(folder);
    EXPECT_TRUE(kept) << kept.error().message;
    return secrets;
  }
  void take(ErasureSecrets& secrets, int count) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(secrets.take());
  }
  std::string bytes() const { return *read_file(file); }
  std::string copied() const { return *read_file(folder / kSecretsFileName); }
  void away() const { fs::rename(folder, home.path() / "away"); }
  void back() const { fs::rename(home.path() / "away", folder); }

  const TemporaryDirectory home;
  const fs::path file = home.path() / "secrets";
  const fs::path folder = home.path() / "copy";
  const std::string store = std::string(32, 'a');
};

TEST_F(KeyCopyTest, HasTheSameAtEveryMoment) {
  const Secrets secrets = make();
  EXPECT_EQ(copied(), bytes());
  take(*secrets, 300);
  EXPECT_EQ(copied(), bytes());
  ASSERT_TRUE(secrets->destroy({{1, 299}}));
  EXPECT_EQ(copied(), bytes());
  EXPECT_EQ(copied().substr(32, 32), std::string(32, '\0'));
  EXPECT_EQ(fs::status(folder / kSecretsFileName).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(KeyCopyTest, NothingNewIsGivenOutAndNothingIsErasedWhileItIsAway) {
  const Secrets secrets = make();
  take(*secrets, 256);
  const std::string before = bytes();
  away();
  EXPECT_EQ(secrets->ready().error().code, ErrorCode::unavailable);
  EXPECT_EQ(secrets->take().error().code, ErrorCode::unavailable);
  EXPECT_FALSE(secrets->copy_health());
  EXPECT_EQ(bytes(), before);
  back();
  EXPECT_TRUE(secrets->ready());
  EXPECT_TRUE(secrets->copy_health());
  EXPECT_TRUE(secrets->take());
  EXPECT_EQ(copied(), bytes());
}

TEST_F(KeyCopyTest, AnEmptyFolderInItsPlaceIsNotTakenForIt) {
  const Secrets secrets = make();
  away();
  fs::create_directory(folder);
  EXPECT_FALSE(secrets->ready()) << "a disk that is not mounted looks like this";
  EXPECT_TRUE(fs::is_empty(folder));
}

TEST_F(KeyCopyTest, WhatWasDestroyedWhileItWasAwayIsDestroyedThereWhenItIsBack) {
  const Secrets secrets = make();
  take(*secrets, 10);
  away();
  EXPECT_FALSE(secrets->ready());
  EXPECT_FALSE(secrets->destroy({{3}})) << "here it is gone, and that is said";
  back();
  ASSERT_TRUE(secrets->ready());
  EXPECT_EQ(copied(), bytes());
  EXPECT_TRUE(*secrets->is_destroyed(3));
}

TEST_F(KeyCopyTest, AStartWithoutItAndThenWithItBringsNothingBack) {
  {
    const Secrets secrets = make();
    take(*secrets, 10);
  }
  const std::string old = copied();
  {
    const Secrets secrets = open(ErasureSecrets::Mode::write);
    ASSERT_TRUE(secrets->destroy({{3}}));
    take(*secrets, 10);
  }
  ASSERT_EQ(copied(), old);
  const Secrets secrets = open(ErasureSecrets::Mode::write);
  ASSERT_TRUE(secrets->keep_copy(folder));
  EXPECT_TRUE(*secrets->is_destroyed(3));
  EXPECT_EQ(copied(), bytes());
}

TEST_F(KeyCopyTest, GivesAnOlderFileWhatThatLacks) {
  CipherKey wanted{};
  std::string older;
  {
    const Secrets secrets = make();
    older = bytes();
    take(*secrets, 10);
    wanted = *secrets->secret(7);
  }
  ASSERT_TRUE(write_file_durably(file, older));
  const Secrets secrets = open(ErasureSecrets::Mode::write);
  EXPECT_EQ(*secrets->state(7), SecretState::lost);
  ASSERT_TRUE(secrets->keep_copy(folder));
  EXPECT_EQ(*secrets->secret(7), wanted);
  EXPECT_GT(*secrets->take(), 256) << "what the copy had was given out before";
}

TEST_F(KeyCopyTest, ErasesNothingOnItsOwnWord) {
  {
    const Secrets secrets = make();
    take(*secrets, 10);
  }
  std::string damaged = copied();
  damaged.replace(32, 64, 64, '\0');
  ASSERT_TRUE(write_file_durably(folder / kSecretsFileName, damaged));
  const Secrets secrets = open(ErasureSecrets::Mode::write);
  const Status refused = secrets->keep_copy(folder);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
  EXPECT_FALSE(*secrets->is_destroyed(1));
}

TEST_F(KeyCopyTest, OfAnotherStoreOrOfAnotherServerIsRefused) {
  const Secrets secrets = make();
  const auto other = ErasureSecrets::open(home.path() / "other", std::string(32, 'b'),
                                          ErasureSecrets::Mode::create);
  ASSERT_TRUE(other);
  EXPECT_EQ((*other)->keep_copy(folder).error().code, ErrorCode::corrupt);
  fs::copy(file, home.path() / "same");
  const auto same = ErasureSecrets::open(home.path() / "same", store, ErasureSecrets::Mode::write);
  ASSERT_TRUE(same);
  const Status refused = (*same)->keep_copy(folder);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("another server"), std::string::npos);
}

TEST_F(KeyCopyTest, OfAStoreThatWentAnotherWayIsRefused) {
  { const Secrets secrets = make(); }
  fs::copy(file, home.path() / "same");
  {
    const Secrets secrets = open(ErasureSecrets::Mode::write);
    ASSERT_TRUE(secrets->keep_copy(folder));
    take(*secrets, 1);
  }
  const auto same = ErasureSecrets::open(home.path() / "same", store, ErasureSecrets::Mode::write);
  take(**same, 1);
  const Status refused = (*same)->keep_copy(folder);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("two servers"), std::string::npos);
}

class CopiedStoreTest : public ContentFixture {
 protected:
  void SetUp() override {
    start();
    add_collection("col_1");
  }
  void start() {
    database.reset();
    auto opened = Database::open({.directory = home.path() / "data", .key_copy = copy});
    ASSERT_TRUE(opened) << opened.error().message;
    database = *std::move(opened);
  }
  Status remove(const std::string& id) {
    const Permit open = permit(Action::write, {"col_1"});
    const auto removed = write([&](Transaction& tx) { return remove_document(tx, open, id); });
    return removed ? Status(Done{}) : Status(removed.error());
  }
  const fs::path copy = home.path() / "copy";
};

TEST_F(CopiedStoreTest, AnErasureIsRefusedAsAWholeWhileTheCopyIsAway) {
  const Document document = add("col_1", "a");
  finish(document.id, "The text.");
  fs::rename(copy, home.path() / "away");
  const Status refused = remove(document.id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(count_of("documents"), 1);
  EXPECT_EQ(count_of("secrets_to_destroy"), 0);
  EXPECT_EQ(get(document.id).title, "Title of a");
  fs::rename(home.path() / "away", copy);
  EXPECT_TRUE(remove(document.id));
  EXPECT_EQ(count_of("documents"), 0);
}

TEST_F(CopiedStoreTest, ADocumentThatNeedsANewSecretIsRefusedWhileTheCopyIsAway) {
  start();
  fs::rename(copy, home.path() / "away");
  EXPECT_EQ(try_add(described("col_1", "a")).error().code, ErrorCode::unavailable);
  EXPECT_EQ(count_of("documents"), 0);
  fs::rename(home.path() / "away", copy);
  EXPECT_TRUE(try_add(described("col_1", "a")));
}

TEST_F(CopiedStoreTest, SecretsThatWereLostComeFromTheCopy) {
  const Document document = add("col_1", "a");
  database.reset();
  fs::remove(home.path() / "data" / "keys" / kSecretsFileName);
  start();
  EXPECT_EQ(get(document.id).title, "Title of a");
}

}  // namespace
}  // namespace wenyuan::store
