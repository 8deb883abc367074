// Where keys come from, what they wrap, and how they end.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <thread>

#include "base/file.h"
#include "store/connection.h"
#include "store/content_access.h"
#include "store/erasure_secrets.h"
#include "store/key_ring.h"
#include "store/key_rotation.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKeyText = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
constexpr const char* kOtherKeyText =
    "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

class KeysTest : public ContentFixture {
 protected:
  fs::path master_file() const { return home.path() / "keys" / "master.key"; }
  fs::path secrets_file() const { return home.path() / "keys" / "erasure.secrets"; }

  Result<std::unique_ptr<Database>> open(const std::string& from, const std::string& before = {}) {
    database.reset();
    return Database::open(
        {.directory = home.path(), .master_key = from, .previous_master_key = before});
  }
  // Another folder, so that its store is new.
  Result<std::unique_ptr<Database>> open_new(const std::string& from) {
    return Database::open({.directory = home.path() / "new", .master_key = from});
  }
  std::string text_of(const std::string& document_id) {
    const Permit open = permit(Action::read, {"col_1"});
    auto text = read(
        [&](Snapshot& snapshot) { return document_text(snapshot, open, document_id, 0, 1000); });
    return text ? *text : text.error().message;
  }
};

TEST_F(KeysTest, AreMadeWithTheStoreForItsOwnerAlone) {
  for (const fs::path& file : {master_file(), secrets_file()}) {
    struct stat info {};
    ASSERT_EQ(::stat(file.c_str(), &info), 0) << file;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << file;
  }
  EXPECT_EQ(database->keys().made_file(), master_file());
  reopen();
  EXPECT_EQ(database->keys().made_file(), fs::path());
}

TEST_F(KeysTest, OpenTheSameTextsAfterARestart) {
  add_collection("col_1");
  const Document document = add("col_1", "a");
  finish(document.id, "The text.");
  reopen();
  EXPECT_EQ(text_of(document.id), "The text.");
  EXPECT_EQ(get(document.id).title, "Title of a");
}

TEST_F(KeysTest, LeaveNothingOfATextOnTheDisk) {
  add_collection("col_1");
  const Document document = add("col_1", "a");
  finish(document.id, "Zanzibar is the canary.\nSecond line.");
  ASSERT_TRUE(database->checkpoint());
  for (const auto& entry : fs::recursive_directory_iterator(home.path())) {
    if (!entry.is_regular_file()) continue;
    const std::string bytes = *read_file(entry.path());
    EXPECT_EQ(bytes.find("Zanzibar"), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find("Title of"), std::string::npos) << entry.path();
    EXPECT_EQ(bytes.find("Section"), std::string::npos) << entry.path();
  }
}

TEST_F(KeysTest, AnotherOrAMissingMasterKeyIsRefused) {
  database.reset();
  const std::string good = *read_file(master_file());
  ASSERT_TRUE(write_file_durably(master_file(), kKeyText));
  const auto wrong = open("");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::conflict);
  EXPECT_NE(wrong.error().message.find("not the master key of this store"), std::string::npos);
  fs::remove(master_file());
  EXPECT_EQ(open("").error().code, ErrorCode::not_found);
  EXPECT_FALSE(fs::exists(master_file())) << "a new key would open nothing";
  ASSERT_TRUE(write_file_durably(master_file(), "short"));
  EXPECT_EQ(open("").error().code, ErrorCode::corrupt);
  ASSERT_TRUE(write_file_durably(master_file(), good, 0644));
  EXPECT_EQ(open("").error().code, ErrorCode::forbidden);
  ASSERT_TRUE(write_file_durably(master_file(), good));
  EXPECT_TRUE(open(""));
}

TEST_F(KeysTest, ComeFromAVariableThatNoChildInherits) {
  ::setenv("WY_TEST_MASTER_KEY", kKeyText, 1);
  EXPECT_TRUE(open_new("env:WY_TEST_MASTER_KEY"));
  EXPECT_EQ(std::getenv("WY_TEST_MASTER_KEY"), nullptr);
  EXPECT_EQ(open_new("env:WY_TEST_MASTER_KEY").error().code, ErrorCode::not_found);
  ::setenv("WY_TEST_MASTER_KEY", kKeyText, 1);
  const auto again = open_new("env:WY_TEST_MASTER_KEY");
  ASSERT_TRUE(again);
  EXPECT_EQ(rotate_master_key(**again).error().code, ErrorCode::forbidden);
}

TEST_F(KeysTest, ComeFromACredentialOrACommand) {
  ASSERT_TRUE(write_file_durably(home.path() / "wenyuan-key", kKeyText));
  ::setenv("CREDENTIALS_DIRECTORY", home.path().c_str(), 1);
  EXPECT_TRUE(open_new("credential:wenyuan-key"));
  EXPECT_EQ(open_new("credential:another").error().code, ErrorCode::not_found);
  EXPECT_EQ(open_new("credential:../key").error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(open_new("command:cat '" + (home.path() / "wenyuan-key").string() + "'"));
  EXPECT_EQ(open_new("command:exit 3").error().code, ErrorCode::unavailable);
  EXPECT_EQ(open_new("command:echo 1234").error().code, ErrorCode::corrupt);
  EXPECT_EQ(open_new("tpm:0").error().code, ErrorCode::invalid_argument);
}

TEST_F(KeysTest, AreWrappedAnewWhileTheStoreServes) {
  for (int i = 0; i < 50; ++i) add_collection("col_" + std::to_string(i));
  for (int i = 0; i < 50; ++i) add("col_" + std::to_string(i), "text " + std::to_string(i));
  const Document document = add("col_1", "a");
  finish(document.id, "The text.");
  const std::string before = *read_file(master_file());
  const auto rotated = rotate_master_key(*database);
  ASSERT_TRUE(rotated) << rotated.error().message;
  EXPECT_EQ(rotated->keys, 51) << "50 collections and the store";
  EXPECT_NE(rotated->before, rotated->after);
  EXPECT_EQ(text_of(document.id), "The text.");
  EXPECT_NE(*read_file(master_file()), before);
  EXPECT_FALSE(fs::exists(next_key_file(master_file())));
  reopen();
  EXPECT_EQ(text_of(document.id), "The text.");
  database.reset();
  ASSERT_TRUE(write_file_durably(master_file(), before));
  EXPECT_EQ(open("").error().code, ErrorCode::conflict) << "the old key opens nothing any more";
}

TEST_F(KeysTest, OpenADatabaseFromBeforeTheyWereChanged) {
  add_collection("col_1");
  const Document document = add("col_1", "a");
  finish(document.id, "The text.");
  database.reset();
  const fs::path file = home.path() / "wenyuan.db", older = home.path() / "older";
  fs::copy_file(file, older);
  reopen();
  const auto rotated = rotate_master_key(*database);
  ASSERT_TRUE(rotated && rotate_master_key(*database));
  const fs::path former = former_key_file(master_file(), rotated->before);
  EXPECT_EQ(former.filename().string(), "master." + rotated->before + ".key");
  struct stat info {};
  ASSERT_EQ(::stat(former.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_TRUE(fs::exists(former_key_file(master_file(), rotated->after)));
  const auto put_back = [&] {
    database.reset();
    for (const char* const ending : {"-wal", "-shm"}) fs::remove(file.string() + ending);
    fs::copy_file(older, file, fs::copy_options::overwrite_existing);
  };
  put_back();
  reopen();
  EXPECT_EQ(text_of(document.id), "The text.");
  EXPECT_TRUE(finish_rotation(*database));
  // It is under the key of now, and whoever removes the other one ends what can be opened with it.
  fs::remove(former);
  reopen();
  EXPECT_EQ(text_of(document.id), "The text.");
  put_back();
  EXPECT_EQ(open("").error().code, ErrorCode::conflict);
}

TEST_F(KeysTest, ARotationThatWasBrokenOffIsFinishedAtTheNextStart) {
  add_collection("col_1");
  const Document document = add("col_1", "a");
  finish(document.id, "The text.");
  const std::string before = *read_file(master_file());
  ASSERT_TRUE(rotate_master_key(*database));
  database.reset();
  // As if the power had gone before the file was renamed.
  fs::rename(master_file(), next_key_file(master_file()));
  ASSERT_TRUE(write_file_durably(master_file(), before));
  reopen();
  EXPECT_EQ(text_of(document.id), "The text.");
  EXPECT_FALSE(fs::exists(next_key_file(master_file())));
  database.reset();
  // And as if it had gone before anything was wrapped anew.
  ASSERT_TRUE(write_file_durably(next_key_file(master_file()), kOtherKeyText));
  reopen();
  EXPECT_EQ(text_of(document.id), "The text.");
}

TEST_F(KeysTest, ARotationDoesNotTakeThePlaceOfAKeyThatIsStillNeeded) {
  add_collection("col_1");
  const std::string before = *read_file(master_file());
  ASSERT_TRUE(rotate_master_key(*database));
  // As if it could not be renamed, and then not be looked at either.
  const fs::path next = next_key_file(master_file());
  fs::rename(master_file(), next);
  fs::permissions(next, fs::perms::others_read, fs::perm_options::add);
  ASSERT_TRUE(write_file_durably(master_file(), before));
  const std::string needed = *read_file(next);
  EXPECT_EQ(rotate_master_key(*database).error().code, ErrorCode::unavailable);
  EXPECT_EQ(*read_file(next), needed);
  fs::permissions(next, fs::perms::others_read, fs::perm_options::remove);
  EXPECT_TRUE(rotate_master_key(*database));
  EXPECT_FALSE(fs::exists(next));
}

TEST_F(KeysTest, AKeyFromElsewhereIsReplacedWithThePreviousOneAtHand) {
  const fs::path first = home.path() / "first";
  const fs::path second = home.path() / "second";
  ASSERT_TRUE(write_file_durably(first, kKeyText));
  ASSERT_TRUE(write_file_durably(second, kOtherKeyText));
  const std::string from_first = "command:cat '" + first.string() + "'";
  const std::string from_second = "command:cat '" + second.string() + "'";
  ASSERT_TRUE(open_new(from_first));
  EXPECT_FALSE(open_new(from_second));
  const auto changing = Database::open({.directory = home.path() / "new",
                                        .master_key = from_second,
                                        .previous_master_key = from_first});
  ASSERT_TRUE(changing) << changing.error().message;
  EXPECT_EQ(rotate_master_key(**changing).error().code, ErrorCode::conflict) << "the same key";
}

TEST_F(KeysTest, AnErasedDocumentIsErasedInAnOlderCopyOfTheDatabaseToo) {
  add_collection("col_1");
  const Document kept = add("col_1", "a");
  const Document erased = add("col_1", "b");
  finish(kept.id, "Stays.");
  finish(erased.id, "Goes.");
  ASSERT_TRUE(database->checkpoint());
  const std::string copy = *read_file(home.path() / "wenyuan.db");
  const Permit open = permit(Action::write, {"col_1"});
  ASSERT_TRUE(write([&](Transaction& tx) { return remove_document(tx, open, erased.id); }));
  EXPECT_EQ(count_of("secrets_to_destroy"), 0);
  database.reset();
  ASSERT_TRUE(write_file_durably(home.path() / "wenyuan.db", copy));
  fs::remove(home.path() / "wenyuan.db-wal");
  fs::remove(home.path() / "wenyuan.db-shm");
  {
    const auto looking = Database::open({.directory = home.path(), .read_only = true});
    ASSERT_TRUE(looking) << looking.error().message;
    const auto found = (*looking)->read(
        [&](Snapshot& snapshot) { return document_for_ingest(snapshot, erased.id); });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().message, no_such_document().message);
  }
  reopen();
  EXPECT_EQ(count_of("documents"), 1);
  EXPECT_EQ(text_of(kept.id), "Stays.");
}

TEST_F(KeysTest, WithoutItsSecretsAStoreIsRefused) {
  add_collection("col_1");
  add("col_1", "a");
  database.reset();
  fs::rename(secrets_file(), home.path() / "moved");
  const auto refused = open("");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("erasure secrets"), std::string::npos);
  fs::create_directory(home.path() / "other");
  ASSERT_TRUE(Database::open({.directory = home.path() / "other"}));
  fs::copy(home.path() / "other" / "keys" / "erasure.secrets", secrets_file());
  EXPECT_EQ(open("").error().code, ErrorCode::corrupt) << "another store's";
}

TEST_F(KeysTest, ASwappedTextIsNoticed) {
  add_collection("col_1");
  const Document first = add("col_1", "a");
  const Document second = add("col_1", "b");
  finish(first.id, "First.");
  finish(second.id, "Other.");
  ASSERT_TRUE(write([&](Transaction& tx) -> Status {
    WY_TRY(auto statement,
           tx.prepare("UPDATE document_texts SET text = (SELECT text FROM document_texts "
                      "ORDER BY id LIMIT 1)"));
    return statement.run();
  }));
  EXPECT_EQ(text_of(first.id), "First.");
  EXPECT_EQ(text_of(second.id), "the text of " + second.id + " does not open");
}

TEST(ErasureSecrets, AreNeverGivenTwiceAndNeverComeBack) {
  const TemporaryDirectory home;
  const fs::path file = home.path() / "secrets";
  const std::string store(32, 'a');
  std::set<SecretNumber> numbers;
  std::set<CipherKey> values;
  for (int start = 0; start < 3; ++start) {
    const auto secrets = ErasureSecrets::open(
        file, store, start == 0 ? ErasureSecrets::Mode::create : ErasureSecrets::Mode::write);
    ASSERT_TRUE(secrets) << secrets.error().message;
    for (int i = 0; i < 300; ++i) {
      const SecretNumber number = *(*secrets)->take();
      EXPECT_TRUE(numbers.insert(number).second);
      EXPECT_TRUE(values.insert(*(*secrets)->secret(number)).second);
    }
    const SecretNumber gone = *numbers.begin();
    ASSERT_TRUE((*secrets)->destroy({{gone}}));
    EXPECT_EQ((*secrets)->secret(gone).error().code, ErrorCode::not_found);
    EXPECT_TRUE(*(*secrets)->is_destroyed(gone));
    EXPECT_EQ((*secrets)->secret(1 << 20).error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace wenyuan::store
