#include "store/database.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>

#include "store/connection.h"
#include "store/migrations.h"
#include "tests/store/temporary_directory.h"

namespace wenyuan::store {
namespace {

Status put(Transaction& tx, const std::string& name) {
  WY_TRY(auto statement, tx.prepare("INSERT INTO meta (name, value) VALUES (?, 'x')"));
  return statement.bind(1, name).run();
}

std::set<std::string> names(Database& database, const std::string& prefix) {
  std::set<std::string> found;
  const Status status = database.read([&](Snapshot& snapshot) -> Status {
    WY_TRY(auto statement, snapshot.prepare("SELECT name FROM meta"));
    for (;;) {
      WY_TRY(const bool row, statement.step());
      if (!row) return Done{};
      if (const std::string name = statement.text(0); name.starts_with(prefix)) found.insert(name);
    }
  });
  EXPECT_TRUE(status);
  return found;
}

class DatabaseTest : public testing::Test {
 protected:
  std::unique_ptr<Database> open(bool read_only = false, int reader_count = 8) {
    auto opened = Database::open(
        {.directory = home.path(), .reader_count = reader_count, .read_only = read_only});
    if (!opened) ADD_FAILURE() << opened.error().message;
    return opened ? *std::move(opened) : nullptr;
  }
  TemporaryDirectory home;
};

TEST_F(DatabaseTest, KeepsWhatWasWrittenAndItsOwnIdOverAReopening) {
  std::string id;
  {
    const auto database = open();
    id = database->store_id();
    EXPECT_EQ(id.size(), 32U);
    ASSERT_TRUE(database->write([](Transaction& tx) { return put(tx, "n1"); }));
  }
  const auto database = open();
  EXPECT_EQ(database->store_id(), id);
  EXPECT_EQ(names(*database, "n"), (std::set<std::string>{"n1"}));
}

TEST_F(DatabaseTest, UndoesAllOfAWorkThatFailsAndNothingElse) {
  const auto database = open();
  const Status failed = database->write([](Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(put(tx, "n1"));
    WY_RETURN_IF_ERROR(tx.raise_epoch());
    WY_RETURN_IF_ERROR(tx.raise_commit());
    return Error{ErrorCode::forbidden, "no"};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::forbidden);
  EXPECT_TRUE(names(*database, "n").empty());
  EXPECT_EQ(database->epoch(), 1);
  EXPECT_EQ(database->last_commit(), 0);
}

TEST_F(DatabaseTest, GivesConflictForABrokenUniqueConstraint) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& tx) { return put(tx, "n1"); }));
  const Status again = database->write([](Transaction& tx) { return put(tx, "n1"); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
}

TEST_F(DatabaseTest, TurnsAnExceptionOfAWorkIntoItsErrorAndGoesOn) {
  const auto database = open();
  const Status thrown =
      database->write([](Transaction&) -> Status { return std::vector<Status>().at(1); });
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, ErrorCode::internal);
  EXPECT_TRUE(database->write([](Transaction& tx) { return put(tx, "n1"); }));
}

TEST_F(DatabaseTest, GivesTheValueOfAWork) {
  const auto database = open();
  const Result<CommitNumber> number =
      database->write([](Transaction& tx) { return tx.raise_commit(); });
  ASSERT_TRUE(number);
  EXPECT_EQ(*number, 1);
  EXPECT_EQ(database->last_commit(), 1);
}

TEST_F(DatabaseTest, RaisesTheCommitNumberOncePerUnitAndPublishesItAndTheEpoch) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& tx) -> Status {
    WY_TRY(const CommitNumber first, tx.raise_commit());
    WY_TRY(const CommitNumber second, tx.raise_commit());
    EXPECT_EQ(first, second);
    EXPECT_TRUE(tx.epoch_is_committed());
    WY_RETURN_IF_ERROR(tx.raise_epoch());
    EXPECT_FALSE(tx.epoch_is_committed());
    return Done{};
  }));
  EXPECT_EQ(database->last_commit(), 1);
  EXPECT_EQ(database->epoch(), 2);
}

TEST_F(DatabaseTest, MakesAllWritesOfManyThreadsDurableThoughSomeFail) {
  constexpr int kThreads = 8;
  constexpr int kWrites = 40;
  {
    const auto database = open();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&database, t] {
        for (int i = 0; i < kWrites; ++i) {
          const bool fails = i % 4 == 3;
          const Status status = database->write([&](Transaction& tx) -> Status {
            WY_RETURN_IF_ERROR(tx.raise_commit());
            WY_RETURN_IF_ERROR(put(tx, "n" + std::to_string(t * 1000 + i)));
            if (fails) return put(tx, "n" + std::to_string(t * 1000 + i));  // the name is taken
            return Done{};
          });
          EXPECT_EQ(status.has_value(), !fails);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(database->last_commit(), kThreads * kWrites * 3 / 4);
  }
  EXPECT_EQ(names(*open(), "n").size(), static_cast<std::size_t>(kThreads * kWrites * 3 / 4));
}

TEST_F(DatabaseTest, ShowsAReaderOneViewWhileOthersWrite) {
  const auto database = open();
  const Status status = database->read([&](Snapshot& snapshot) -> Status {
    EXPECT_TRUE(database->write([](Transaction& tx) { return tx.raise_commit(); }));
    WY_TRY(const CommitNumber seen, snapshot.commit_number());
    EXPECT_EQ(seen, 0);
    return Done{};
  });
  EXPECT_TRUE(status);
  const auto now = database->read([](Snapshot& snapshot) { return snapshot.commit_number(); });
  ASSERT_TRUE(now);
  EXPECT_EQ(*now, 1);
}

TEST_F(DatabaseTest, LendsFewReadersToManyThreads) {
  const auto database = open(false, 2);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&database] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(database->read([](Snapshot& snapshot) { return snapshot.epoch(); }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(DatabaseTest, RefusesASecondWriterAndLetsReadersIn) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& tx) { return put(tx, "n1"); }));
  const auto second = Database::open({.directory = home.path()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
  EXPECT_EQ(second.error().message, "another process has this store open");

  const auto reader = open(true);
  EXPECT_EQ(names(*reader, "n").size(), 1U);
  ASSERT_TRUE(database->write([](Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(tx.raise_epoch());
    return put(tx, "n2");
  }));
  EXPECT_EQ(names(*reader, "n").size(), 2U);
  EXPECT_EQ(reader->epoch(), 2);
  const Status refused = reader->write([](Transaction& tx) { return put(tx, "n3"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::forbidden);
}

TEST_F(DatabaseTest, OpensForReadingWhenNobodyWrites) {
  ASSERT_TRUE(open()->write([](Transaction& tx) { return put(tx, "n1"); }));
  EXPECT_EQ(names(*open(true), "n").size(), 1U);
  EXPECT_EQ(names(*open(), "n").size(), 1U);
}

TEST_F(DatabaseTest, SaysThatThereIsNoStoreToRead) {
  const auto missing = Database::open({.directory = home.path() / "none", .read_only = true});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
}

TEST_F(DatabaseTest, EmptiesTheLogOnCheckpoint) {
  const auto database = open();
  ASSERT_TRUE(database->write([](Transaction& tx) { return put(tx, "n1"); }));
  EXPECT_GT(std::filesystem::file_size(home.path() / "wenyuan.db-wal"), 0U);
  ASSERT_TRUE(database->checkpoint());
  EXPECT_EQ(std::filesystem::file_size(home.path() / "wenyuan.db-wal"), 0U);
}

TEST_F(DatabaseTest, TellsADamagedFileAfterAnUncleanEnd) {
  {
    const auto database = open();
    ASSERT_TRUE(database->write([](Transaction& tx) -> Status {
      for (int i = 0; i < 2000; ++i) {
        WY_RETURN_IF_ERROR(put(tx, "a_rather_long_name_" + std::to_string(i)));
      }
      return Done{};
    }));
  }
  {
    auto raw = Connection::open(home.path() / "wenyuan.db", Connection::Mode::create);
    ASSERT_TRUE(raw);
    ASSERT_TRUE((*raw)->execute("UPDATE meta SET value = '0' WHERE name = 'clean'"));
  }
  const auto file = home.path() / "wenyuan.db";
  std::FILE* const handle = std::fopen(file.c_str(), "r+b");
  ASSERT_NE(handle, nullptr);
  const std::string junk(1024, '\x5a');
  std::fseek(handle, -8192, SEEK_END);
  std::fwrite(junk.data(), 1, junk.size(), handle);
  std::fclose(handle);
  const auto damaged = Database::open({.directory = home.path()});
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
}

TEST_F(DatabaseTest, RefusesAFileThatIsNoDatabase) {
  std::FILE* const handle = std::fopen((home.path() / "wenyuan.db").c_str(), "wb");
  std::fputs(
      "This is a letter to my aunt, and quite a long one so that it is read as a header.....",
      handle);
  std::fclose(handle);
  const auto refused = Database::open({.directory = home.path()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
}

TEST(Migrations, AreAppliedInOrderOfTheirNumbersAndOnlyOnce) {
  const TemporaryDirectory home;
  auto connection = Connection::open(home.path() / "x.db", Connection::Mode::create);
  ASSERT_TRUE(connection);
  const std::array<EmbeddedFile, 2> first = {
      EmbeddedFile{"0002_fill.sql", "INSERT INTO t (a) VALUES (1);"},
      EmbeddedFile{"0001_make.sql", "CREATE TABLE t (a INTEGER) STRICT;"}};
  ASSERT_TRUE(migrate(**connection, first));
  ASSERT_TRUE(migrate(**connection, first));
  auto count = (*connection)->prepare("SELECT count(*) FROM t");
  ASSERT_TRUE(count && count->step());
  EXPECT_EQ(count->integer(0), 1);
  EXPECT_EQ(*schema_version(**connection), 2);
}

TEST(Migrations, LeaveNothingOfOneThatFails) {
  const TemporaryDirectory home;
  auto connection = Connection::open(home.path() / "x.db", Connection::Mode::create);
  ASSERT_TRUE(connection);
  const std::array<EmbeddedFile, 2> files = {
      EmbeddedFile{"0001_make.sql", "CREATE TABLE t (a INTEGER) STRICT;"},
      EmbeddedFile{"0002_bad.sql",
                   "CREATE TABLE u (a INTEGER) STRICT; INSERT INTO none VALUES (1);"}};
  const Status failed = migrate(**connection, files);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("0002_bad.sql"), std::string::npos);
  EXPECT_EQ(*schema_version(**connection), 1);
  EXPECT_FALSE((*connection)->prepare("SELECT * FROM u"));
}

TEST_F(DatabaseTest, RefusesASchemaThatIsNewerThanTheProgram) {
  open();
  {
    auto raw = Connection::open(home.path() / "wenyuan.db", Connection::Mode::create);
    ASSERT_TRUE(raw);
    ASSERT_TRUE((*raw)->execute("INSERT INTO schema_versions VALUES (9999, 'future', 0)"));
  }
  for (const bool read_only : {false, true}) {
    const auto refused = Database::open({.directory = home.path(), .read_only = read_only});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
    EXPECT_NE(refused.error().message.find("newer"), std::string::npos);
  }
}

}  // namespace
}  // namespace wenyuan::store
