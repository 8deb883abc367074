#include "tests/backup/backup_fixture.h"

namespace wenyuan::backup {
namespace {

class Restore : public BackupFixture {};

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
  auto replica = open_replica(target.path() / "data");
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
  auto replica = open_replica(target.path() / "data");
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
  start({.data = {}, .generation_ms = 3'000});
  std::map<UnixMillis, std::vector<std::string>> known;
  for (int i = 0; i < 8; ++i) {
    put("document " + std::to_string(i));
    ship();
    if (i % 2 == 0) known[clock.now()] = titles(*database);
  }
  EXPECT_GT(generations().size(), 2U);
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
  EXPECT_EQ(generations().size(), 2U);
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

TEST_F(Restore, KeepsNoKeys) {
  put("one");
  start();
  ship();
  for (const auto& entry : fs::recursive_directory_iterator(backup.path())) {
    EXPECT_NE(entry.path().extension(), ".key");
  }
  const auto text = read_file(backup.path() / manifest_name(shipper->state().generation));
  const auto manifest = open_manifest(*text, checkpointer->key());
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->apart, (std::vector<std::string>{"audit.key", "keys"}));
}

TEST_F(Restore, OfOneGenerationIsPossibleAsLongAsItIsKept) {
  put("one");
  start({.data = {}, .generation_ms = 10'000, .keep_ms = 60'000});
  for (int i = 0; i < 10; ++i) {
    clock.advance(std::chrono::milliseconds(10'000));
    if (i == 1) put("two");
    ship();
  }
  const auto kept = generations();
  EXPECT_GE(kept.size(), 6U);
  EXPECT_LE(kept.size(), 9U);
  ASSERT_EQ(restore(target.path() / "data", {.commit = {}, .time = clock.now() - 55'000}), "");
}

TEST_F(Restore, IsNotPossibleFromTwoServersThatWriteToOnePlace) {
  start();
  store::TemporaryDirectory copy;
  fs::copy(home.path(), copy.path(), fs::copy_options::recursive);
  fs::remove(copy.path() / "backup.writer");
  fs::remove(copy.path() / "wenyuan.lock");
  const auto other = store::Database::open({.directory = copy.path()});
  ASSERT_TRUE(other) << other.error().message;
  const Shipper::Options options{.data = copy.path()};
  auto second = Shipper::open(**other, clock, open_directory(backup.path()), options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_THAT(second.error().message, testing::HasSubstr("another server writes"));
  // When the first one is gone for long the second may, and the first hears of it.
  clock.advance(std::chrono::minutes(11));
  second = Shipper::open(**other, clock, open_directory(backup.path()), options);
  ASSERT_TRUE(second) << second.error().message;
  ASSERT_TRUE((*second)->ship());
  EXPECT_EQ(shipper->ship().error().code, ErrorCode::conflict);
  ASSERT_TRUE((*second)->leave());
  EXPECT_TRUE(shipper->ship());
}

TEST_F(Restore, SaysHowFarBehindTheBackupIs) {
  start();
  EXPECT_EQ(shipper->state().commits_behind, 0);
  put("one");
  EXPECT_GT(shipper->state().commits_behind, 0);
  ship();
  EXPECT_EQ(shipper->state().commits_behind, 0);
  EXPECT_EQ(shipper->state().waiting_size, 0U);
}

// An erasure is followed by a commit of the store's own.
TEST_F(Restore, GivesEveryPageAlsoAfterErasures) {
  std::vector<std::string> ids;
  for (int i = 0; i < 600; ++i) ids.push_back(add("col_a", std::to_string(i)).id);
  start();
  const Permit open = permit(Action::write, {"col_a"});
  ASSERT_TRUE(write([&](store::Transaction& tx) -> Status {
    for (const std::string& id : ids) WY_RETURN_IF_ERROR(remove_document(tx, open, id));
    return Done{};
  }));
  ASSERT_TRUE(database->checkpoint());
  ship();
  auto replica = open_replica(target.path() / "data");
  ASSERT_TRUE(replica && replica->catch_up({}));
  EXPECT_EQ(store::sha256_of(*read_file(target.path() / "data" / "wenyuan.db")),
            store::sha256_of(*read_file(home.path() / "wenyuan.db")));
}

TEST_F(Restore, GoesOnWhenItWasBrokenOffAtOnce) {
  put("one");
  start();
  const fs::path to = target.path() / "data";
  fs::create_directories(to);
  for (const char* const name : {"wenyuan.lock", ".replicatmp_1"}) {
    ASSERT_TRUE(write_file_durably(to / name, ""));
  }
  EXPECT_EQ(restore(to), "");
}

// A restore that was broken off while it checked the store has left a log of its own.
TEST_F(Restore, TakesNoLogOfAnotherDatabase) {
  put("one");
  start();
  const fs::path to = target.path() / "data";
  {
    auto replica = open_replica(to);
    ASSERT_TRUE(replica && replica->catch_up({}));
    bring_keys(to);
    ASSERT_TRUE(replica->finish(false));
    const auto checked = store::Database::open({.directory = to});
    ASSERT_TRUE(checked && (*checked)->write([](store::Transaction& tx) -> Status {
      WY_RETURN_IF_ERROR(tx.raise_commit());
      return Done{};
    }));
    fs::copy_file(to / "wenyuan.db-wal", target.path() / "log");
  }
  put("two");
  ship();
  ASSERT_TRUE(write_file_durably(to / "replica", "\n0\n\n0\n0\n0\n"));
  fs::copy_file(target.path() / "log", to / "wenyuan.db-wal", fs::copy_options::overwrite_existing);
  ASSERT_GT(fs::file_size(to / "wenyuan.db-wal"), 0U);
  ASSERT_EQ(restore(to), "");
  EXPECT_EQ(restored_titles(to), titles(*database));
}

}  // namespace
}  // namespace wenyuan::backup
