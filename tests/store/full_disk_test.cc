// A disk that is full for a while.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

Status put(Database& database, const std::string& name, std::size_t size) {
  return database.write([&](Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(tx.raise_commit());
    WY_TRY(auto statement, tx.prepare("INSERT INTO meta (name, value) VALUES (?, ?)"));
    return statement.bind(1, name).bind(2, std::string(size, 'x')).run();
  });
}

void limit_file_size(rlim_t size) {
  const struct rlimit limit = {size, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

// In a process of its own: the limit holds for all of its files. Gives the step that failed.
int fill_the_disk(const std::filesystem::path& directory) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto opened = Database::open({.directory = directory});
  if (!opened || !put(**opened, "before", 10)) return 1;
  Database& database = **opened;
  limit_file_size(static_cast<rlim_t>(std::filesystem::file_size(directory / "wenyuan.db-wal")));
  std::atomic<int> clear_failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const Status failed = put(database, "full" + std::to_string(t), 100'000);
      if (!failed && failed.error().code == ErrorCode::unavailable) ++clear_failures;
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (clear_failures != 4) return 2;
  if (database.last_commit() != 1) return 3;
  limit_file_size(RLIM_INFINITY);
  if (!put(database, "after", 100'000)) return 4;
  if (database.last_commit() != 2) return 5;
  return 0;
}

TEST(FullDisk, FailsEveryWriteClearlyAndLosesNothing) {
  const TemporaryDirectory home;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(fill_the_disk(home.path()));
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const auto database = Database::open({.directory = home.path()});
  ASSERT_TRUE(database) << database.error().message;
  std::string names;
  const Status read = (*database)->read([&](Snapshot& snapshot) -> Status {
    WY_TRY(auto statement,
           snapshot.prepare("SELECT group_concat(name) FROM (SELECT name FROM meta WHERE name IN "
                            "('before', 'after', 'full0', 'full1', 'full2', 'full3') "
                            "ORDER BY name)"));
    WY_RETURN_IF_ERROR(statement.step());
    names = statement.text(0);
    return Done{};
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(names, "after,before");
}

}  // namespace
}  // namespace wenyuan::store
