#include "audit/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "audit/checkpoint_file.h"
#include "base/file.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

namespace fs = std::filesystem;

// Takes checkpoints until it is broken.
class TestSink final : public CheckpointSink {
 public:
  TestSink(std::vector<std::string>& notes, const bool& broken) : notes_(notes), broken_(broken) {}
  std::string name() const override { return "test"; }
  Status take(const Checkpoint& /*checkpoint*/, std::string_view note) override {
    if (broken_) return Error{ErrorCode::unavailable, "the sink is broken"};
    notes_.emplace_back(note);
    return Done{};
  }

 private:
  std::vector<std::string>& notes_;
  const bool& broken_;
};

class CheckpointTest : public AuditFixture {
 protected:
  void SetUp() override {
    AuditFixture::SetUp();
    reopen();
  }
  void reopen(bool with_sink = false, bool required = true) {
    checkpointer.reset();
    Checkpointer::Options options;
    options.directory = home.path();
    if (with_sink) {
      options.sinks.push_back({std::make_unique<TestSink>(notes, broken), required});
    }
    auto opened = Checkpointer::open(*database, std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    checkpointer = *std::move(opened);
  }
  Status checkpoint(UnixMillis now) { return checkpointer->write(now); }
  Result<Verification> verify_all(const fs::path& key = {}, const fs::path& kept = {}) {
    return verify_directory(*database,
                            {.directory = home.path(), .public_key = key, .kept_notes = kept});
  }
  std::string wrong(const fs::path& kept = {}) {
    const auto verified = verify_all({}, kept);
    return verified ? "" : verified.error().message;
  }
  fs::path file() const { return checkpoint_file_in(home.path()); }
  std::string content() const { return *read_file(file()); }
  void set_content(const std::string& text) { ASSERT_TRUE(write_file_durably(file(), text)); }

  std::vector<std::string> notes;
  bool broken = false;
  std::unique_ptr<Checkpointer> checkpointer;
};

TEST_F(CheckpointTest, SaysHowLongTheLogWas) {
  append_records(3);
  ASSERT_TRUE(checkpoint(5000));
  append_records(2);
  ASSERT_TRUE(checkpoint(70'000));
  const auto verified = verify_all();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->record_count, 5);
  EXPECT_EQ(verified->checkpoint_count, 2);
  EXPECT_EQ(verified->last.size, 5);
  EXPECT_EQ(verified->last.time, 70'000);
  EXPECT_EQ(to_base64(verified->last.root), verified->root);
}

TEST_F(CheckpointTest, KeepsTheSecretKeysFromOthers) {
  for (const char* each : {"audit.key", "keys/master.key", "keys/erasure.secrets"}) {
    struct stat info {};
    ASSERT_EQ(::stat((home.path() / each).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << each;
  }
}

TEST_F(CheckpointTest, WritesNothingWhenNothingHappened) {
  ASSERT_TRUE(checkpoint(1000));
  EXPECT_FALSE(fs::exists(file()));
  append_records(1);
  ASSERT_TRUE(checkpoint(2000));
  ASSERT_TRUE(checkpoint(900'000));
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
}

TEST_F(CheckpointTest, IsDueAMinuteAfterTheLastOne) {
  append_records(1);
  ASSERT_TRUE(checkpointer->write_if_due(100'000));
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
  append_records(1);
  ASSERT_TRUE(checkpointer->write_if_due(159'999));
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
  ASSERT_TRUE(checkpointer->write_if_due(160'000));
  EXPECT_EQ(verify_all()->checkpoint_count, 2);
  append_records(1);
  ASSERT_TRUE(checkpointer->write_if_due(50'000));  // the clock was set back
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
  tamper("DELETE FROM audit_leaves WHERE number = 4");
  EXPECT_TRUE(verify_log());  // the tree alone cannot know
  EXPECT_NE(wrong().find("cut off: it has 3 records"), std::string::npos) << wrong();
  tamper("DELETE FROM audit_checkpoints");
  EXPECT_NE(wrong().find("cut off: it has 3 records"), std::string::npos) << wrong();
}

TEST_F(CheckpointTest, DetectsACutThatNewRecordsHide) {
  append_records(4);
  ASSERT_TRUE(checkpoint(5000));
  tamper("DELETE FROM audit_records WHERE number >= 3");
  tamper("DELETE FROM audit_leaves WHERE number >= 3");
  append_records(3);
  EXPECT_TRUE(verify_log());
  EXPECT_NE(wrong().find("from 1 to 4 is not what the checkpoint"), std::string::npos) << wrong();
  // And it signs nothing more, and answers nothing, also after a restart.
  EXPECT_FALSE(checkpoint(8000));
  reopen();
  EXPECT_FALSE(checkpointer->health());
  EXPECT_FALSE(checkpoint(9000));
  EXPECT_FALSE(checkpointer->health());
}

TEST_F(CheckpointTest, NarrowsDownWhereRecordsWereReplaced) {
  append_records(4);
  ASSERT_TRUE(checkpoint(5000));
  append_records(4);
  ASSERT_TRUE(checkpoint(6000));
  append_records(4);
  ASSERT_TRUE(checkpoint(7000));
  // Whoever can write the database can make a tree that fits.
  tamper("DELETE FROM audit_records WHERE number >= 6");
  tamper("DELETE FROM audit_leaves WHERE number >= 6");
  append_records(7);
  EXPECT_NE(wrong().find("from 5 to 8 is not"), std::string::npos) << wrong();
}

TEST_F(CheckpointTest, DetectsEveryChangeOfItsFile) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  append_records(2);
  ASSERT_TRUE(checkpoint(6000));
  const std::string good = content();
  for (std::size_t at = 0; at + 1 < good.size(); ++at) {  // the last line is empty: see below
    std::string bad = good;
    bad[at] = bad[at] == '1' ? '2' : '1';
    set_content(bad);
    EXPECT_FALSE(verify_all()) << "byte " << at;
  }
}

TEST_F(CheckpointTest, IgnoresAndRepairsANoteThatAPowerCutLeftUnfinished) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  const std::string whole = content();
  int count = 1;
  for (std::size_t cut = whole.size() - 1; cut > 0; cut -= std::min<std::size_t>(cut, 7)) {
    set_content(whole.substr(0, cut));
    reopen();  // puts back what the store still has
    EXPECT_EQ(content().substr(0, whole.size() - 1), whole.substr(0, whole.size() - 1)) << cut;
  }
  append_records(1);
  ASSERT_TRUE(checkpoint(6000));
  ASSERT_EQ(wrong(), "");
  for (const std::string& begun : {whole.substr(0, 20), whole.substr(0, whole.size() - 30)}) {
    set_content(content() + begun);
    EXPECT_EQ(verify_all()->checkpoint_count, ++count);
    append_records(1);
    ASSERT_TRUE(checkpoint(7000 + count));
  }
  EXPECT_EQ(verify_all()->checkpoint_count, 4);
}

// The file is not read as a whole at the start, and not at an append either.
TEST_F(CheckpointTest, GoesOnBehindALongFile) {
  append_records(1);
  ASSERT_TRUE(checkpoint(1000));
  const SigningKey key = *SigningKey::open(home.path() / "audit.key", home.path() / "audit.pub");
  std::string text = content();
  Checkpoint next = *open_checkpoint(split_notes(text)[0], key.verifying_key());
  while (text.size() < 4 * kNoteSizeMax) {
    next.size += 1;
    text += sign_checkpoint(next, key) + "\n";
  }
  set_content(text + "wenyuan.audit/begun\n77\n");
  EXPECT_EQ((*read_newest_checkpoint(file(), key.verifying_key()))->size, next.size);
  next.size += 1;
  ASSERT_TRUE(append_note(file(), sign_checkpoint(next, key)));
  EXPECT_EQ(read_checkpoints(file(), key.verifying_key())->back().size, next.size);
}

TEST_F(CheckpointTest, DetectsAFileThatWasRolledBack) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  const std::string before = content();
  append_records(2);
  ASSERT_TRUE(checkpoint(6000));
  set_content(before);
  EXPECT_NE(wrong().find("rolled back"), std::string::npos) << wrong();
  fs::remove(file());
  EXPECT_NE(wrong().find("rolled back"), std::string::npos) << wrong();
  // Nothing is lost as long as the store has it.
  reopen();
  EXPECT_EQ(wrong(), "");
}

TEST_F(CheckpointTest, DetectsARollBackOfEverythingByACopyKeptElsewhere) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  const std::string before = content();
  append_records(2);
  ASSERT_TRUE(checkpoint(6000));
  const fs::path kept = home.path() / "kept";
  fs::copy_file(file(), kept);
  tamper("DELETE FROM audit_records WHERE number > 2");
  tamper("DELETE FROM audit_leaves WHERE number > 2");
  tamper("DELETE FROM audit_checkpoints WHERE size > 2");
  set_content(before);
  EXPECT_EQ(wrong(), "") << "what is here fits together";
  EXPECT_NE(wrong(kept).find("cut off"), std::string::npos) << wrong(kept);
}

TEST_F(CheckpointTest, IsVerifiedWithAKeyKeptElsewhere) {
  append_records(1);
  ASSERT_TRUE(checkpoint(5000));
  const auto kept = home.path() / "kept.pub";
  ASSERT_TRUE(write_file_durably(kept, checkpointer->key().text("any") + "\n"));
  EXPECT_TRUE(verify_all(kept));
  // An intruder who makes a new key and signs again is found by the old one.
  tamper("DELETE FROM audit_checkpoints");
  for (const char* each : {"audit.key", "audit.pub", "audit-checkpoints"}) {
    fs::remove(home.path() / each);
  }
  reopen();
  ASSERT_TRUE(checkpoint(6000));
  EXPECT_TRUE(verify_all());
  const auto refused = verify_all(kept);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("not signed by this key"), std::string::npos);
}

TEST_F(CheckpointTest, DetectsTheLogOfAnotherStore) {
  append_records(2);
  ASSERT_TRUE(checkpoint(5000));
  const store::TemporaryDirectory other_home;
  auto other = store::Database::open({.directory = other_home.path()});
  ASSERT_TRUE(other);
  // The whole directory's keys and checkpoints, with another database.
  for (const char* each : {"audit.key", "audit.pub", "audit-checkpoints"}) {
    fs::copy_file(home.path() / each, other_home.path() / each);
  }
  const auto verified = verify_directory(**other, {.directory = other_home.path()});
  ASSERT_FALSE(verified);
  EXPECT_NE(verified.error().message.find("of another log"), std::string::npos)
      << verified.error().message;
}

TEST_F(CheckpointTest, AnswersNothingWhileARequiredSinkIsBroken) {
  reopen(true);
  append_records(1);
  broken = true;
  EXPECT_TRUE(checkpointer->health());
  EXPECT_FALSE(checkpointer->write_if_due(100'000));
  const Status health = checkpointer->health();
  ASSERT_FALSE(health);
  EXPECT_EQ(health.error().code, ErrorCode::unavailable);
  // It is tried again at once, and the other sinks do not get it twice.
  broken = false;
  EXPECT_TRUE(checkpointer->write_if_due(100'001));
  EXPECT_TRUE(checkpointer->health());
  EXPECT_EQ(notes.size(), 1U);
  EXPECT_EQ(wrong(), "");
  EXPECT_EQ(verify_all()->checkpoint_count, 1);
}

TEST_F(CheckpointTest, GoesOnWithoutASinkThatIsNotRequired) {
  reopen(true, false);
  append_records(1);
  broken = true;
  EXPECT_TRUE(checkpointer->write_if_due(100'000));
  EXPECT_TRUE(checkpointer->health());
}

TEST_F(CheckpointTest, RefusesAFileThatIsNoKey) {
  checkpointer.reset();
  ASSERT_TRUE(write_file_durably(home.path() / "audit.key", "hello"));
  const auto refused = Checkpointer::open(*database, {.directory = home.path(), .sinks = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
}

TEST_F(CheckpointTest, RefusesKeysThatDoNotBelongTogether) {
  checkpointer.reset();
  const store::TemporaryDirectory other;
  ASSERT_TRUE(SigningKey::open(other.path() / "audit.key", other.path() / "audit.pub"));
  fs::copy_file(other.path() / "audit.pub", home.path() / "audit.pub",
                fs::copy_options::overwrite_existing);
  EXPECT_FALSE(Checkpointer::open(*database, {.directory = home.path(), .sinks = {}}));
}

}  // namespace
}  // namespace wenyuan::audit
