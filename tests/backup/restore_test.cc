#include "tests/backup/backup_fixture.h"

namespace wenyuan::backup {
namespace {

class Restore : public BackupFixture {
 protected:
  void erase(const Document& document, const std::string& content) {
    const Permit open = permit(Action::write, {"col_a"});
    ASSERT_TRUE(
        write([&](store::Transaction& tx) { return remove_document(tx, open, document.id); }));
    ASSERT_TRUE(blobs->remove(store::sha256_of(content)));
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

TEST_F(Restore, GivesWhatWasCommittedBeforeAndAfterTheBase) {
  put("one");
  start();
  put("two");
  ship();
  put("three");
  ship();
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_titles(target.path() / "data"), titles(*database));
  const auto store = store::Database::open({.directory = target.path() / "data"});
  ASSERT_TRUE(store) << store.error().message;
  const store::BlobStore restored =
      *store::BlobStore::open(target.path() / "data" / "blobs", (*store)->keys().files());
  for (const char* const content : {"one", "two", "three"}) {
    EXPECT_EQ(*restored.get(store::sha256_of(content)), content);
  }
}

TEST_F(Restore, GoesOnOverCheckpointsThatEmptyTheLog) {
  start();
  for (int i = 0; i < 6; ++i) {
    put("document " + std::to_string(i));
    if (i % 3 == 0) {
      ASSERT_TRUE(database->checkpoint());
    }
    if (i % 4 == 0) ship();
  }
  ship();
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_titles(target.path() / "data"), titles(*database));
}

TEST_F(Restore, GoesOnWhenTheLogGrowsLong) {
  start();
  // More than 4,000 frames, so that the writer moves the log by itself.
  std::string line(6000, 'x');
  for (int i = 0; i < 6; ++i) {
    std::string text;
    for (int k = 0; k < 300; ++k) text += std::to_string(k) + line + "\n";
    const Document document = add("col_a", "long " + std::to_string(i));
    finish(document.id, text);
  }
  ASSERT_TRUE(blobs->put("x", 100));
  ship();
  EXPECT_LT(fs::file_size(home.path() / "wenyuan.db-wal"), std::uintmax_t{48} << 20);
  auto replica = Replica::open(restoring(target.path() / "data"));
  ASSERT_TRUE(replica && replica->catch_up({}));
  bring_keys(target.path() / "data");
  const auto finished = replica->finish(true);
  ASSERT_TRUE(finished);
  EXPECT_TRUE(finished->problems.empty()) << finished->problems.front();
  EXPECT_EQ(restored_titles(target.path() / "data"), titles(*database));
}

TEST_F(Restore, FollowsTheListOfSecretsThatWereDestroyed) {
  start();
  store::ErasureSecrets* const secrets = *database->keys().secrets();
  std::vector<store::SecretNumber> numbers;
  for (int i = 0; i < 3000; ++i) numbers.push_back(*secrets->take());
  // Pages of it, which are free again once the secrets are gone.
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
    for (const store::SecretNumber number : numbers) {
      WY_RETURN_IF_ERROR(tx.destroy_secret(number));
    }
    return Done{};
  }));
  ASSERT_TRUE(database->checkpoint());
  for (int i = 0; i < 20; ++i) put("document " + std::to_string(i) + std::string(1500, 'x'));
  ship();
  auto replica = Replica::open(restoring(target.path() / "data"));
  ASSERT_TRUE(replica && replica->catch_up({}));
  bring_keys(target.path() / "data");
  const auto finished = replica->finish(true);
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_TRUE(finished->problems.empty()) << finished->problems.front();
  EXPECT_EQ(restored_titles(target.path() / "data").size(), titles(*database).size());
}

TEST_F(Restore, GoesBackToEveryCommitSinceTheBase) {
  start();
  std::map<CommitNumber, std::vector<std::string>> known;
  known[database->last_commit()] = titles(*database);
  for (int i = 0; i < 4; ++i) {
    put("document " + std::to_string(i));
    known[database->last_commit()] = titles(*database);
    if (i == 2) {
      ASSERT_TRUE(database->checkpoint());
    }
    if (i % 2 == 1) ship();
  }
  for (const auto& [commit, wanted] : known) {
    const fs::path to = target.path() / std::to_string(commit);
    ASSERT_EQ(restore(to, {.commit = commit, .time = {}}), "") << commit;
    EXPECT_EQ(restored_titles(to), wanted) << commit;
  }
}

TEST_F(Restore, GoesBackToAMoment) {
  start();
  put("one");
  const UnixMillis moment = clock.now();
  const auto wanted = titles(*database);
  put("two");
  ship();
  ASSERT_EQ(restore(target.path() / "data", {.commit = {}, .time = moment}), "");
  EXPECT_EQ(restored_titles(target.path() / "data"), wanted);
  EXPECT_NE(restore(target.path() / "before", {.commit = {}, .time = moment - 86'400'000}), "");
}

TEST_F(Restore, BeginsWithTheGenerationThatReachesTheMoment) {
  start({.data = {}, .to = {}, .generation_ms = 3'000});
  std::map<UnixMillis, std::vector<std::string>> known;
  for (int i = 0; i < 8; ++i) {
    put("document " + std::to_string(i));
    ship();
    if (i % 2 == 0) known[clock.now()] = titles(*database);
  }
  EXPECT_GT(Folder(backup.path()).generations()->size(), 2U);
  for (const auto& [moment, wanted] : known) {
    const fs::path to = target.path() / std::to_string(moment);
    ASSERT_EQ(restore(to, {.commit = {}, .time = moment}), "");
    EXPECT_EQ(restored_titles(to), wanted);
  }
}

TEST_F(Restore, BeginsAnotherGenerationWhenTheServerWasAway) {
  start();
  put("one");
  ship();
  shipper.reset();
  put("nobody saw this");
  clock.advance(std::chrono::milliseconds(5));
  start();
  put("two");
  ship();
  EXPECT_EQ(Folder(backup.path()).generations()->size(), 2U);
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_titles(target.path() / "data"), titles(*database));
}

TEST_F(Restore, LeavesWhatIsThereAlone) {
  start();
  fs::create_directories(target.path() / "data");
  ASSERT_TRUE(write_file_durably(target.path() / "data" / "precious", "x"));
  EXPECT_THAT(restore(target.path() / "data"), testing::HasSubstr("is not empty"));
  EXPECT_EQ(std::distance(fs::directory_iterator(target.path() / "data"), {}), 1);
}

TEST_F(Restore, FindsAnOriginalThatIsDamagedOrMissing) {
  put("one");
  start();
  const fs::path file = Folder(backup.path()).original(store::sha256_of("one"));
  ASSERT_TRUE(write_file_durably(file, "two"));
  EXPECT_THAT(restore(target.path() / "a"), testing::HasSubstr("1 originals are not"));
  fs::remove(file);
  EXPECT_THAT(restore(target.path() / "b"), testing::HasSubstr("1 originals are not"));
}

TEST_F(Restore, GivesOriginalsThatWereUploadedAgain) {
  put("one");
  start();
  ASSERT_TRUE(blobs->put("one", 1 << 20));
  put("two");
  ship();
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(Restore, GivesOriginalsThatWereErasedAndUploadedAgain) {
  const Document gone = put("one");
  start();
  erase(gone, "one");
  put("one");
  ship();
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(Restore, GivesOriginalsThatWereErasedAndUploadedAgainBeforeAnotherGeneration) {
  const Document gone = put("one");
  start();
  erase(gone, "one");
  put("one");
  clock.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(shipper->begin());
  ASSERT_EQ(restore(target.path() / "data"), "");
  EXPECT_EQ(restored_original("one"), "one");
}

TEST_F(Restore, TakesAGoodFileInThePlaceOfADamagedOne) {
  put("one");
  start();
  const std::string sha256 = store::sha256_of("one");
  // The copy was made before the file decayed, and the bytes came again.
  std::string bad = *read_file(blobs->path(sha256));
  bad.back() = static_cast<char>(bad.back() ^ 1);
  ASSERT_TRUE(write_file_durably(blobs->path(sha256), bad));
  ASSERT_TRUE(blobs->put("one", 1 << 20));
  clock.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(shipper->begin());
  const auto generations = Folder(backup.path()).generations();
  ASSERT_TRUE(generations);
  for (const std::string& generation : *generations) {
    auto options = restoring(target.path() / generation);
    options.generation = generation;
    auto replica = Replica::open(options);
    ASSERT_TRUE(replica->catch_up({}));
    bring_keys(target.path() / generation);
    EXPECT_TRUE(replica->finish(false)->problems.empty()) << generation;
  }
}

TEST_F(Restore, KeepsNoKeys) {
  put("one");
  start();
  ship();
  for (const auto& entry : fs::recursive_directory_iterator(backup.path())) {
    EXPECT_NE(entry.path().extension(), ".key");
  }
  const auto text = read_file(Folder(backup.path()).manifest(shipper->state().generation));
  const auto manifest = open_manifest(*text, checkpointer->key());
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->apart, (std::vector<std::string>{"audit.key", "keys"}));
}

TEST_F(Restore, OfOneGenerationIsPossibleAsLongAsItIsKept) {
  put("one");
  start({.data = {}, .to = {}, .generation_ms = 10'000, .keep_ms = 60'000});
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::milliseconds(10'000));
    if (i == 1) put("two");
    ship();
  }
  const auto kept = Folder(backup.path()).generations();
  ASSERT_TRUE(kept);
  EXPECT_GE(kept->size(), 6U);
  EXPECT_LE(kept->size(), 9U);
  ASSERT_EQ(restore(target.path() / "data", {.commit = {}, .time = clock.now() - 55'000}), "");
}

TEST_F(Restore, ForgetsOriginalsThatNoKeptGenerationNames) {
  const Document gone = put("gone");
  start({.data = {}, .to = {}, .generation_ms = 10'000, .keep_ms = 60'000});
  const fs::path file = Folder(backup.path()).original(store::sha256_of("gone"));
  EXPECT_TRUE(fs::exists(file));
  erase(gone, "gone");
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::milliseconds(10'000));
    ship();
  }
  EXPECT_FALSE(fs::exists(file));
}

}  // namespace
}  // namespace wenyuan::backup
