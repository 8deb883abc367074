// Power cuts, as far as a test can make them: a child process writes, says what was acknowledged,
// and is killed at any moment; the parent opens what is left.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "store/connection.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

constexpr int kThreads = 4;

// Writes rows until it is killed; every acknowledged one is a line on `out`.
[[noreturn]] void write_for_ever(const std::filesystem::path& directory, int round, int out) {
  auto database = Database::open({.directory = directory});
  if (!database) ::_exit(1);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&database, round, t, out] {
      for (int i = 0;; ++i) {
        const std::string name =
            "n" + std::to_string(round) + "." + std::to_string(t) + "." + std::to_string(i);
        const Status written = (*database)->write([&](Transaction& tx) -> Status {
          WY_RETURN_IF_ERROR(tx.raise_commit());
          WY_TRY(auto statement, tx.prepare("INSERT INTO meta (name, value) VALUES (?, ?)"));
          WY_RETURN_IF_ERROR(statement.bind(1, name).bind(2, "first half").run());
          statement.reset();
          return statement.bind(1, name + "b").bind(2, "second half").run();
        });
        if (!written) ::_exit(2);
        const std::string line = name + "\n";
        if (::write(out, line.data(), line.size()) < 0) ::_exit(3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ::_exit(0);
}

// Kills the child after it has acknowledged `count` writes; gives all that it acknowledged.
std::set<std::string> run_and_kill(const std::filesystem::path& directory, int round,
                                   std::size_t count) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    write_for_ever(directory, round, ends[1]);
  }
  ::close(ends[1]);
  std::string said;
  bool killed = false;
  char buffer[4096];
  for (;;) {
    const ssize_t size = ::read(ends[0], buffer, sizeof buffer);
    if (size <= 0) break;
    said.append(buffer, static_cast<std::size_t>(size));
    if (!killed && split(said, '\n').size() > count) {
      ::kill(child, SIGKILL);
      killed = true;
    }
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
  std::set<std::string> acknowledged;
  said.resize(said.rfind('\n') + 1);
  for (const std::string_view line : split(said, '\n')) {
    if (!line.empty()) acknowledged.emplace(line);
  }
  return acknowledged;
}

TEST(Crash, LosesNothingAcknowledgedAndKeepsNothingByHalves) {
  const TemporaryDirectory home;
  std::set<std::string> acknowledged;
  for (int round = 0; round < 12; ++round) {
    acknowledged.merge(run_and_kill(home.path(), round, static_cast<std::size_t>(1 + 7 * round)));
    const auto database = Database::open({.directory = home.path()});
    ASSERT_TRUE(database) << database.error().message;
    std::set<std::string> names;
    std::int64_t commits = 0;
    const Status read = (*database)->read([&](Snapshot& snapshot) -> Status {
      WY_TRY(auto integrity, snapshot.prepare("PRAGMA integrity_check"));
      WY_RETURN_IF_ERROR(integrity.step());
      EXPECT_EQ(integrity.text(0), "ok");
      WY_TRY(commits, snapshot.commit_number());
      WY_TRY(auto statement, snapshot.prepare("SELECT name FROM meta WHERE name LIKE 'n%.%'"));
      for (;;) {
        WY_TRY(const bool row, statement.step());
        if (!row) return Done{};
        names.insert(statement.text(0));
      }
    });
    ASSERT_TRUE(read);
    for (const std::string& name : acknowledged) EXPECT_TRUE(names.contains(name)) << name;
    for (const std::string& name : names) {
      EXPECT_TRUE(name.ends_with('b') || names.contains(name + "b")) << name;
    }
    EXPECT_EQ(static_cast<std::size_t>(commits) * 2, names.size());
    EXPECT_EQ((*database)->last_commit(), commits);
  }
}

TEST(Crash, LetsAReaderInBeforeTheServerIsBack) {
  const TemporaryDirectory home;
  const auto acknowledged = run_and_kill(home.path(), 0, 20);
  const auto reader = Database::open({.directory = home.path(), .read_only = true});
  ASSERT_TRUE(reader) << reader.error().message;
  const auto count = (*reader)->read([](Snapshot& snapshot) { return snapshot.commit_number(); });
  ASSERT_TRUE(count);
  EXPECT_GE(*count, static_cast<std::int64_t>(acknowledged.size()));
}

}  // namespace
}  // namespace wenyuan::store
