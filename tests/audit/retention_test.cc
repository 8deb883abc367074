#include "audit/retention.h"

#include <gtest/gtest.h>

#include "audit/export.h"
#include "audit/tree.h"
#include "audit/verify_export.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

constexpr UnixMillis kDay = UnixMillis{24} * 60 * 60 * 1000;

class RetentionTest : public AuditFixture {
 protected:
  // Changes and questions in turn, one a second, from the year 1970 on.
  void fill(int count) {
    ASSERT_TRUE(database->write([&](store::Transaction& tx) -> Status {
      for (int i = 0; i < count; ++i) {
        Event event;
        event.action = i % 2 == 0 ? "document.add" : "search";
        event.actor_id = "usr_" + std::to_string(i % 3);
        event.address = "192.0.2.1";
        WY_RETURN_IF_ERROR(append(tx, *vault, event, 1000 * i));
      }
      return Done{};
    }));
  }
  std::int64_t retire(UnixMillis now) {
    const auto count =
        database->write([&](store::Transaction& tx) { return retire_next(tx, retention, now); });
    EXPECT_TRUE(count) << count.error().message;
    return count ? *count : -1;
  }
  std::int64_t row_count() {
    return *database->read([](store::Snapshot& snapshot) -> Result<std::int64_t> {
      WY_TRY(auto statement, snapshot.prepare("SELECT count(*) FROM audit_records"));
      WY_RETURN_IF_ERROR(statement.step());
      return statement.integer(0);
    });
  }

  Retention retention = {{"question", 180 * kDay}};
};

TEST_F(RetentionTest, KnowsTheClassOfEveryAct) {
  EXPECT_EQ(class_of("search"), "question");
  EXPECT_EQ(class_of("answer"), "question");
  EXPECT_EQ(class_of("auth.sign_in"), "security");
  EXPECT_EQ(class_of("user.list"), "security");
  EXPECT_EQ(class_of("document.read"), "access");
  EXPECT_EQ(class_of("document.erase"), "change");
  EXPECT_EQ(class_of("something.new"), "change");
}

TEST_F(RetentionTest, RemovesOneClassOfAWholeSegment) {
  fill(1500);
  const auto root =
      database->read([](store::Snapshot& snapshot) { return root_at(snapshot, 1500); });
  EXPECT_EQ(retire(179 * kDay), 0);
  EXPECT_EQ(retire(181 * kDay), 512);
  EXPECT_EQ(retire(181 * kDay), 0) << "the second segment is not full yet";
  EXPECT_EQ(row_count(), 1500 - 512 + 1);
  const auto verified = verify_log();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->record_count, 1501);
  EXPECT_EQ(verified->retired_count, 512);
  EXPECT_EQ(*database->read([](store::Snapshot& snapshot) { return root_at(snapshot, 1500); }),
            *root);
  const auto said =
      database->read([](store::Snapshot& snapshot) { return record(snapshot, 1501); });
  ASSERT_TRUE(said);
  EXPECT_EQ(said->event.action, "audit.retire");
  EXPECT_EQ(said->event.details.at("count"), AttributeValue(std::int64_t{512}));
}

TEST_F(RetentionTest, RemovesTheOtherClassesWhenTheirTimeIsOver) {
  fill(1024);
  EXPECT_EQ(retire(7 * 365 * kDay), 512);
  EXPECT_EQ(retire(7 * 365 * kDay), 512);
  EXPECT_EQ(retire(7 * 365 * kDay), 0);
  EXPECT_EQ(row_count(), 2);
  EXPECT_EQ(problem(), "");
}

TEST_F(RetentionTest, LetsNothingElseGo) {
  fill(1100);
  tamper("DELETE FROM audit_records WHERE number = 2");
  EXPECT_EQ(problem(), "audit record 2 is missing");
}

TEST_F(RetentionTest, DetectsMoreThanWasRetired) {
  fill(1024);
  ASSERT_EQ(retire(181 * kDay), 512);
  tamper("DELETE FROM audit_records WHERE number = 3");
  EXPECT_EQ(problem(), "audit record 3 is missing");
  tamper("UPDATE audit_retired SET numbers = zeroblob(128)");
  EXPECT_EQ(problem(), "audit record 2 is missing");
}

TEST_F(RetentionTest, DetectsASummaryThatWasChanged) {
  fill(1024);
  ASSERT_EQ(retire(181 * kDay), 512);
  for (const char* change : {"last_time = 0", "record_count = 511", "digest = zeroblob(32)",
                             "sealed_by = 1", "class = 'access'"}) {
    tamper("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM audit_retired");
    tamper(std::string("UPDATE audit_retired SET ") + change);
    EXPECT_NE(problem().find("retired"), std::string::npos) << change << ": " << problem();
    tamper("DELETE FROM audit_retired");
    tamper("INSERT INTO audit_retired SELECT * FROM kept");
    ASSERT_EQ(problem(), "");
  }
}

TEST_F(RetentionTest, KeepsWhatIsHeld) {
  fill(1024);
  const auto hold = database->write([](store::Transaction& tx) {
    return add_hold(tx, {.id = {}, .subject_id = "usr_1", .reason = "case", .created_by = {}}, 5);
  });
  ASSERT_TRUE(hold);
  EXPECT_EQ(retire(181 * kDay), 0);
  ASSERT_TRUE(
      database->write([&](store::Transaction& tx) { return release_hold(tx, hold->id, 6); }));
  EXPECT_EQ(retire(181 * kDay), 512);
}

TEST_F(RetentionTest, RetiredRecordsAreProvenInExports) {
  fill(1024);
  ASSERT_EQ(retire(181 * kDay), 512);
  const SigningKey key = *SigningKey::open(home.path() / "a.key", home.path() / "a.pub");
  const auto root =
      database->read([](store::Snapshot& snapshot) { return root_at(snapshot, 1025); });
  const Checkpoint checkpoint{.origin = "log", .size = 1025, .root = *root, .time = 1};
  ExportQuery query;
  query.size = query.last = 1025;
  const auto lines =
      database->read([&](store::Snapshot& snapshot) { return export_page(snapshot, query, 1000); });
  ASSERT_TRUE(lines);
  ExportVerifier verifier(key.verifying_key(), "");
  ASSERT_TRUE(verifier.take(export_head(
      {.checkpoint = sign_checkpoint(checkpoint, key), .first = 1, .last = 1000}, key)));
  for (const ExportLine& line : *lines) {
    ASSERT_TRUE(verifier.take(export_line(line, ExportFormat::jsonl)));
  }
  const auto verified = verifier.finish();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->retired_count, 500);
}

}  // namespace
}  // namespace wenyuan::audit
