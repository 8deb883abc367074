// Calls to the operating system that fail: for each operation and each kind of error the first
// call, then the second, until the operation runs through without meeting the fault.
//
// WENYUAN_EVERY_FAULT=1 tries every call; otherwise about every tenth. After each the store must
// still work, or refuse clearly and work after a restart; what was acknowledged is there, and
// nothing by halves.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

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

class Faults : public testing::TestWithParam<Kind> {
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
  Facts facts() {
    auto read = read_facts(node_->database());
    EXPECT_TRUE(read) << read.error().message;
    return read ? *std::move(read) : Facts();
  }
  void expect_whole(const std::string& where) {
    for (const std::string& problem : node_->problems()) ADD_FAILURE() << where << ": " << problem;
  }

  // False when the fault was not met any more.
  bool try_one(const Operation& operation, std::int64_t at, const std::string& where);
  void try_all(const Operation& operation);

  Scratch scratch_;
  Scene scene_{11};
  std::unique_ptr<Node> node_;
  std::int64_t tries_ = 0, refused_ = 0, restarts_ = 0;
};

// The records of the audit log, which every change brings with it.
std::size_t record_count(const Facts& facts) {
  std::size_t count = 0;
  for (const auto& [about, sentences] : facts) {
    for (const std::string& sentence : sentences) count += sentence.starts_with("record ") ? 1 : 0;
  }
  return count;
}

bool Faults::try_one(const Operation& operation, std::int64_t at, const std::string& where) {
  if (operation.prepare) {
    const Status prepared = operation.prepare(*node_, scene_);
    EXPECT_TRUE(prepared) << where << ": " << (prepared ? "" : prepared.error().message);
    if (!prepared) return false;
  }
  const Facts before = facts();
  arm(GetParam().error, GetParam().calls, at, GetParam().lasting);
  const Status done = operation.act(*node_, scene_);
  const bool met = disarm();
  ++tries_;
  if (!done) ++refused_;
  EXPECT_TRUE(met || done) << where << ": " << (done ? "" : done.error().message);
  if (!done) {
    EXPECT_GE(done.error().message.size(), 8U) << where << ": no clear words";
  }
  const Facts after = facts();
  const bool changed = !difference(before, after).empty();
  if (!done && changed && !operation.name.starts_with("ingest ") &&
      operation.name != "fail a document") {
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

void Faults::try_all(const Operation& operation) {
  const std::int64_t stride = every_fault() ? 1 : 10;
  std::int64_t at = every_fault() ? 1 : 1 + static_cast<std::int64_t>(operation.name.size() % 10);
  for (;; at += stride) {
    const std::string where = operation.name + ", call " + std::to_string(at);
    if (!try_one(operation, at, where)) break;
    if (HasFailure()) return;
    if (tries_ % 8 == 0) expect_whole(where);
  }
  const Facts before = facts();
  open();
  if (HasFatalFailure()) return;
  EXPECT_EQ(difference(before, facts()), "") << operation.name << ": after a restart";
  expect_whole(operation.name);
}

TEST_P(Faults, LoseNothingAcknowledgedAndAreSaidClearly) {
  for (const Operation& operation : operations()) {
    fs::remove_all(scratch_.data());
    open();
    ASSERT_FALSE(HasFatalFailure());
    const Status ready = set_up(*node_, scene_);
    ASSERT_TRUE(ready) << ready.error().message;
    try_all(operation);
    if (HasFailure()) return;
    node_.reset();
  }
  std::cout << GetParam().name << ": " << tries_ << " faults in " << operations().size()
            << " operations, " << refused_ << " refused, " << restarts_ << " needed a restart\n";
}

// The start itself, of a new store and of one that was not closed.
TEST_P(Faults, DoNotKeepAStoreFromOpeningTheNextTime) {
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

INSTANTIATE_TEST_SUITE_P(Of, Faults, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace wenyuan::crash
