#include "audit/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>

#include "base/file.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

class CheckpointTest : public AuditFixture {
 protected:
  void SetUp() override {
    AuditFixture::SetUp();
    reopen();
  }
  void reopen() {
    auto opened = Checkpointer::open(home.path());
    ASSERT_TRUE(opened) << opened.error().message;
    checkpointer = *std::move(opened);
  }
  Status checkpoint(UnixMillis now) {
    return database->read(
        [&](store::Snapshot& snapshot) { return checkpointer->write(snapshot, now); });
  }
  Result<CheckpointVerification> verify_all(const std::filesystem::path& key = {}) {
    return database->read(
        [&](store::Snapshot& snapshot) { return verify_checkpoints(snapshot, home.path(), key); });
  }
  std::filesystem::path file() const { return home.path() / "audit-checkpoints.txt"; }
  std::string content() const { return *read_file(file()); }
  void set_content(const std::string& text) { ASSERT_TRUE(write_file_durably(file(), text)); }

  std::unique_ptr<Checkpointer> checkpointer;
};

TEST_F(CheckpointTest, SaysHowLongTheLogWas) {
  append_records(3);
  ASSERT_TRUE(checkpoint(5000));
  append_records(2);
  ASSERT_TRUE(checkpoint(70'000));
  const auto verified = verify_all();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->checkpoint_count, 2);
  EXPECT_EQ(verified->last.record_count, 5);
  EXPECT_EQ(verified->last.time, 70'000);
  EXPECT_EQ(verified->last.head, verify_log()->head);
}

TEST_F(CheckpointTest, KeepsTheSecretKeyFromOthers) {
  struct stat info {};
  ASSERT_EQ(::stat((home.path() / "audit.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(CheckpointTest, WritesNothingWhenNothingHappened) {
  ASSERT_TRUE(checkpoint(1000));
  EXPECT_FALSE(std::filesystem::exists(file()));
  append_records(1);
  ASSERT_TRUE(checkpoint(2000));
  ASSERT_TRUE(checkpoint(900'000));
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
}

TEST_F(CheckpointTest, IsDueAMinuteAfterTheLastOne) {
  const auto write_if_due = [&](UnixMillis now) {
    return database->read(
        [&](store::Snapshot& snapshot) { return checkpointer->write_if_due(snapshot, now); });
  };
  append_records(1);
  ASSERT_TRUE(write_if_due(100'000));
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
  append_records(1);
  ASSERT_TRUE(write_if_due(159'999));
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
  ASSERT_TRUE(write_if_due(160'000));
  EXPECT_EQ(verify_all()->checkpoint_count, 2);
  append_records(1);
  ASSERT_TRUE(write_if_due(50'000));  // the clock was set back
  EXPECT_EQ(verify_all()->checkpoint_count, 3);
}

TEST_F(CheckpointTest, GoesOnWithTheSameKeyAfterARestart) {
  append_records(1);
  ASSERT_TRUE(checkpoint(1000));
  reopen();
  append_records(1);
  ASSERT_TRUE(checkpoint(2000));
  EXPECT_EQ(verify_all()->checkpoint_count, 2);
}

TEST_F(CheckpointTest, DetectsALogCutOffAtItsEnd) {
  append_records(4);
  ASSERT_TRUE(checkpoint(5000));
  tamper("DELETE FROM audit_records WHERE number = 4");
  EXPECT_TRUE(verify_log());  // the chain alone cannot know
  const auto verified = verify_all();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
  EXPECT_NE(verified.error().message.find("cut off"), std::string::npos);
}

TEST_F(CheckpointTest, DetectsACutThatNewRecordsHide) {
  append_records(4);
  ASSERT_TRUE(checkpoint(5000));
  tamper("DELETE FROM audit_records WHERE number >= 3");
  append_records(3);
  EXPECT_TRUE(verify_log());
  EXPECT_FALSE(verify_all());
  // And it signs nothing more, also after a restart.
  reopen();
  EXPECT_FALSE(checkpoint(9000));
}

TEST_F(CheckpointTest, DetectsEveryChangeOfItsFile) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  append_records(2);
  ASSERT_TRUE(checkpoint(6000));
  const std::string good = content();
  for (std::size_t at = 0; at + 1 < good.size(); ++at) {  // the last end of line: see below
    std::string bad = good;
    bad[at] = bad[at] == '1' ? '2' : '1';
    set_content(bad);
    EXPECT_FALSE(verify_all()) << "byte " << at;
  }
}

TEST_F(CheckpointTest, IgnoresAndRepairsALineThatAPowerCutLeftUnfinished) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  set_content(content() + "wenyuan-audit-checkpoint-1 7 00");
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
  reopen();
  append_records(1);
  ASSERT_TRUE(checkpoint(6000));
  EXPECT_EQ(verify_all()->checkpoint_count, 2);
}

TEST_F(CheckpointTest, IsVerifiedWithAKeyKeptElsewhere) {
  append_records(1);
  ASSERT_TRUE(checkpoint(5000));
  const auto kept = home.path() / "kept.pub";
  std::filesystem::copy_file(home.path() / "audit.pub", kept);
  EXPECT_TRUE(verify_all(kept));
  // An intruder who makes a new key and signs again is found by the old one.
  for (const char* each : {"audit.key", "audit.pub", "audit-checkpoints.txt"}) {
    std::filesystem::remove(home.path() / each);
  }
  reopen();
  ASSERT_TRUE(checkpoint(6000));
  EXPECT_TRUE(verify_all());
  EXPECT_FALSE(verify_all(kept));
}

TEST_F(CheckpointTest, RefusesAFileThatIsNoKey) {
  ASSERT_TRUE(write_file_durably(home.path() / "audit.key", "hello"));
  const auto refused = Checkpointer::open(home.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace wenyuan::audit
