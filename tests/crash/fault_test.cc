// Calls to the operating system that fail: for each operation and each kind of error the first
// call, then the second, until the operation runs through without meeting the fault. One test for
// each of both, so that processes can share them (GTEST_TOTAL_SHARDS).
//
// WENYUAN_EVERY_FAULT=1 tries every call; otherwise about every tenth (of backups every sixtieth).
// After each the store must still work, or refuse clearly and work after a restart; what was
// acknowledged is there, and nothing by halves. An interrupted call is nobody's trouble.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

#include "tests/crash/backups.h"
#include "tests/crash/facts.h"
#include "tests/crash/node.h"
#include "tests/crash/operations.h"
#include "tests/crash/shim/calls.h"

namespace wenyuan::crash {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kNewNames = kCreate | kRename | kMakeFolder;
constexpr std::uint32_t kOpens = kOpenToRead | kOpenToWrite | kCreate;

struct Kind {
  const char* name;
  int error;
  std::uint32_t calls;
  bool lasting;  // like a full disk, until the operation is over
};

constexpr Kind kKinds[] = {
    {"InputOutputErrors", EIO, 0xFFF, false},
    {"FullDisk", ENOSPC, kNewNames | kWrite | kTruncate | kSync, true},
    {"InterruptedCalls", EINTR, kRead | kWrite, false},
    {"NoFileDescriptors", EMFILE, kOpens | kList, true},
    {"ReadOnlyFileSystem", EROFS, kNewNames | kOpenToWrite | kWrite | kTruncate | kRemove, true},
    {"NoMemory", ENOMEM, kOpens | kMap | kRead | kMakeFolder | kRename | kList, false},
};

bool every_fault() {
  const char* const text = std::getenv("WENYUAN_EVERY_FAULT");  // NOLINT: no threads here
  return text != nullptr && std::string(text) == "1";
}

class FaultFixture : public testing::Test {
 protected:
  void SetUp() override { set_root(scratch_.path().string()); }
  void TearDown() override {
    disarm();
    node_.reset();
    set_root("");
  }

  void open() {
    node_.reset();
    auto opened = Node::open(scratch_.data());
    ASSERT_TRUE(opened) << opened.error().message;
    node_ = *std::move(opened);
  }
  // A new store.
  void begin() {
    node_.reset();
    for (const auto& entry : fs::directory_iterator(scratch_.path())) fs::remove_all(entry);
    open();
    ASSERT_FALSE(HasFatalFailure());
    const Status ready = set_up(*node_, scene_);
    ASSERT_TRUE(ready) << ready.error().message;
  }

  Facts facts() {
    auto read = read_facts(node_->database());
    EXPECT_TRUE(read) << read.error().message;
    return read ? *std::move(read) : Facts();
  }
  void expect_whole(const std::string& where) {
    for (const std::string& problem : node_->problems()) ADD_FAILURE() << where << ": " << problem;
    if (!HasFailure()) expect_backup(where);
  }
  // Where there are backups: that they go on, and give back what is there.
  void expect_backup(const std::string& where) {
    if (!fs::exists(backup_folder(scratch_.data()))) return;
    const Status shipped = node_->ship();
    ASSERT_TRUE(shipped) << where << ": " << shipped.error().message;
    const auto restored = restored_facts(scratch_.data());
    ASSERT_TRUE(restored) << where << ": " << restored.error().message;
    EXPECT_EQ(difference(facts(), *restored), "") << where << ": of the backup";
  }

  Scratch scratch_;
  Scene scene_{11};
  std::unique_ptr<Node> node_;
};

struct Case {
  Kind kind;
  Operation operation;
};

// For the test's name.
void PrintTo(const Case& each, std::ostream* out) {
  *out << each.kind.name << " in \"" << each.operation.name << '"';
}

class Faults : public FaultFixture, public testing::WithParamInterface<Case> {
 protected:
  static void TearDownTestSuite() {
    std::cout << tries_ << " faults, " << refused_ << " refused, " << restarts_
              << " needed a restart\n";
  }

  // Whether the operation changes what read_facts() sees when nothing fails.
  bool changes_something();
  // False when the fault was not met any more.
  bool try_one(std::int64_t at, bool changes, const std::string& where);

  inline static std::int64_t tries_ = 0, refused_ = 0, restarts_ = 0;
};

// The records of the audit log, which every change brings with it.
std::size_t record_count(const Facts& facts) {
  std::size_t count = 0;
  for (const auto& [about, sentences] : facts) {
    for (const std::string& sentence : sentences) count += sentence.starts_with("record ") ? 1 : 0;
  }
  return count;
}

bool Faults::changes_something() {
  const Operation& operation = GetParam().operation;
  const Status prepared = operation.prepare ? operation.prepare(*node_, scene_) : Done{};
  EXPECT_TRUE(prepared) << (prepared ? "" : prepared.error().message);
  const Facts before = facts();
  const Status done = operation.act(*node_, scene_);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return !difference(before, facts()).empty();
}

bool Faults::try_one(std::int64_t at, bool changes, const std::string& where) {
  const auto& [kind, operation] = GetParam();
  const Status prepared = operation.prepare ? operation.prepare(*node_, scene_) : Done{};
  EXPECT_TRUE(prepared) << where << ": " << (prepared ? "" : prepared.error().message);
  if (!prepared) return false;
  const Facts before = facts();
  arm(kind.error, kind.calls, at, kind.lasting);
  const Status done = operation.act(*node_, scene_);
  const bool met = disarm();
  ++tries_;
  if (!done) ++refused_;
  EXPECT_TRUE((met && kind.error != EINTR) || done)
      << where << ": " << (done ? "" : done.error().message);
  if (!done) {
    EXPECT_GE(done.error().message.size(), 8U) << where << ": no clear words";
  }
  const Facts after = facts();
  const bool changed = !difference(before, after).empty();
  if (done) {
    EXPECT_EQ(changed, changes) << where << ": acknowledged";
  } else if (changed && operation.is_recorded) {
    // Committed, and only what came behind it has failed.
    EXPECT_EQ(record_count(after), record_count(before) + 1) << where;
  }
  if (const Status works = node_->works(); !works) {
    EXPECT_GE(works.error().message.size(), 8U) << where;
    ++restarts_;
    open();
    if (HasFatalFailure()) return false;
    EXPECT_EQ(difference(after, facts()), "") << where << ": after a restart";
    const Status again = node_->works();
    EXPECT_TRUE(again) << where << ": " << (again ? "" : again.error().message);
  }
  return met;
}

TEST_P(Faults, LoseNothingAcknowledgedAndAreSaidClearly) {
  const Operation& operation = GetParam().operation;
  begin();
  ASSERT_FALSE(HasFatalFailure());
  const bool changes = changes_something();
  const std::int64_t stride = every_fault() ? 1 : operation.grows ? 60 : 10;
  const auto some = static_cast<std::int64_t>(operation.name.size()) * 7;
  bool met = true;
  int tries = 0;
  for (std::int64_t at = every_fault() ? 1 : 1 + some % stride; met; at += stride) {
    if (operation.grows && tries % 8 == 7) begin();
    ASSERT_FALSE(HasFailure());
    const std::string where = operation.name + ", call " + std::to_string(at);
    met = try_one(at, changes, where);
    if (++tries % 8 == 0 && !HasFailure()) expect_whole(where);
    ASSERT_FALSE(HasFailure());
  }
  const Facts before = facts();
  open();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(difference(before, facts()), "") << operation.name << ": after a restart";
  expect_whole(operation.name);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Kind& kind : kKinds) {
    for (const Operation& operation : operations()) cases.push_back({kind, operation});
  }
  return cases;
}

std::string name_of(const testing::TestParamInfo<Case>& info) {
  std::string name = info.param.operation.name;
  for (char& each : name) {
    if (each == ' ' || each == '-') each = '_';
  }
  return info.param.kind.name + ("_" + name);
}

INSTANTIATE_TEST_SUITE_P(Of, Faults, testing::ValuesIn(all_cases()), name_of);

class FaultsAtStart : public FaultFixture, public testing::WithParamInterface<Kind> {};

// The start itself, of a new store and of one that was not closed.
TEST_P(FaultsAtStart, DoNotKeepAStoreFromOpeningTheNextTime) {
  Facts wanted;
  {
    open();
    ASSERT_TRUE(set_up(*node_, scene_));
    wanted = facts();
    // As a kill would leave it.
    fs::copy(scratch_.data(), scratch_.path() / "killed", fs::copy_options::recursive);
    node_.reset();
  }
  const std::int64_t stride = every_fault() ? 1 : 23;
  for (const bool is_new : {true, false}) {
    for (std::int64_t at = 1;; at += stride) {
      const std::string where = "call " + std::to_string(at);
      fs::remove_all(scratch_.data());
      if (!is_new) {
        fs::copy(scratch_.path() / "killed", scratch_.data(), fs::copy_options::recursive);
      }
      arm(GetParam().error, GetParam().calls, at, GetParam().lasting);
      auto started = Node::open(scratch_.data());
      if (!started) {
        EXPECT_GE(started.error().message.size(), 8U) << where;
        EXPECT_NE(GetParam().error, EINTR) << where << ": " << started.error().message;
      }
      started = Error{ErrorCode::cancelled, "closed"};
      const bool met = disarm();
      open();
      ASSERT_FALSE(HasFatalFailure()) << where;
      if (!is_new) {
        EXPECT_EQ(difference(wanted, facts()), "") << where;
      }
      expect_whole(where);
      ASSERT_FALSE(HasFailure()) << where;
      node_.reset();
      if (!met) break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, FaultsAtStart, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace wenyuan::crash
