#include "audit/log.h"

#include <gtest/gtest.h>

#include "audit/canonical.h"
#include "audit/tree.h"
#include "base/text.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

class LogTest : public AuditFixture {};

TEST_F(LogTest, VerifiesAnEmptyLog) {
  const auto verified = verify_log();
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->record_count, 0);
}

TEST_F(LogTest, NumbersRecordsFromOneAndGivesTheNewestFirst) {
  append_records(3);
  const auto found = database->read(
      [](store::Snapshot& snapshot) { return records(snapshot, Query{.limit = 2}); });
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ((*found)[0].number, 3);
  EXPECT_EQ((*found)[1].number, 2);
  const Event& event = (*found)[0].event;
  EXPECT_EQ(event.action, "document.add");
  EXPECT_EQ(event.actor_id, "usr_3");
  EXPECT_EQ(event.address, "") << "it is sealed";
  EXPECT_EQ(event.details.at("count"), AttributeValue(std::int64_t{3}));
}

TEST_F(LogTest, FindsRecordsByActorActionObjectAndTime) {
  append_records(5);
  const auto count = [&](const Query& query) {
    const auto found =
        database->read([&](store::Snapshot& snapshot) { return records(snapshot, query); });
    return found ? found->size() : 999;
  };
  EXPECT_EQ(count({.actor_id = "usr_2"}), 1U);
  EXPECT_EQ(count({.action = "document.add"}), 5U);
  EXPECT_EQ(count({.action = "search"}), 0U);
  EXPECT_EQ(count({.object_id = "doc_4"}), 1U);
  EXPECT_EQ(count({.after = 1002, .before = 1005}), 2U);
  EXPECT_EQ(count({.below_number = 3}), 2U);
}

TEST_F(LogTest, LeavesNoRecordOfAnActThatFailed) {
  append_records(1);
  const Status failed = database->write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(append(tx, *vault, event_number(2), 1002));
    return Error{ErrorCode::conflict, "the act itself"};
  });
  EXPECT_FALSE(failed);
  const auto verified = verify_log();
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->record_count, 1);
}

TEST_F(LogTest, RefusesUpdatesAndDeletes) {
  append_records(2);
  for (const char* sql :
       {"UPDATE audit_records SET time = 0", "DELETE FROM audit_records WHERE number = 2",
        "UPDATE audit_leaves SET hashes = x''", "DELETE FROM audit_leaves WHERE number = 2"}) {
    const Status refused = database->write([&](store::Transaction& tx) -> Status {
      WY_TRY(auto statement, tx.prepare(sql));
      return statement.run();
    });
    ASSERT_FALSE(refused) << sql;
    EXPECT_NE(refused.error().message.find("append-only"), std::string::npos);
  }
}

TEST_F(LogTest, DetectsAChangeOfEveryField) {
  append_records(3);
  const std::vector<std::string> edits = {"time = time + 1",
                                          "action = 'search'",
                                          "outcome = 'refused'",
                                          "actor_id = 'usr_9'",
                                          "key_id = 'key_9'",
                                          "object_id = 'doc_9'",
                                          "request_id = 'req_9'",
                                          "address = '192.0.2.9'",
                                          "details = '{\"count\":9}'",
                                          "details = '{\"count\": 2}'",
                                          "hash = zeroblob(32)",
                                          "hash = x'00'",
                                          "class = 'access'",
                                          "class = ''",
                                          "sealed = x''",
                                          "sealed = zeroblob(9)",
                                          "format = 1",
                                          "format = 3"};
  for (const std::string& edit : edits) {
    const std::string back = copy_of_record(2);
    tamper("UPDATE audit_records SET " + edit + " WHERE number = 2");
    const auto verified = verify_log();
    ASSERT_FALSE(verified) << edit;
    EXPECT_EQ(verified.error().code, ErrorCode::corrupt);
    EXPECT_NE(verified.error().message.find("audit record 2"), std::string::npos) << edit;
    tamper(back);
    ASSERT_TRUE(verify_log()) << edit;
  }
}

TEST_F(LogTest, DetectsTextMovedFromOneFieldToTheNext) {
  append_records(2);
  tamper(
      "UPDATE audit_records SET actor_id = actor_id || substr(key_id, 1, 1), "
      "key_id = substr(key_id, 2) WHERE number = 1");
  EXPECT_FALSE(verify_log());
}

TEST_F(LogTest, DetectsADroppedFirstOrMiddleRecord) {
  append_records(4);
  for (const char* number : {"1", "2", "3"}) {
    const std::string back = copy_of_record(std::stoi(number));
    tamper(std::string("DELETE FROM audit_records WHERE number = ") + number);
    EXPECT_FALSE(verify_log()) << number;
    tamper(back);
    ASSERT_TRUE(verify_log());
  }
}

TEST_F(LogTest, DetectsADroppedRecordThoughTheRestWasRenumbered) {
  append_records(4);
  tamper("DELETE FROM audit_records WHERE number = 1");
  tamper("UPDATE audit_records SET number = number - 1");
  EXPECT_FALSE(verify_log());
}

TEST_F(LogTest, DetectsAnInsertedRecord) {
  append_records(3);
  tamper("UPDATE audit_records SET number = 4 WHERE number = 3");
  tamper(
      "INSERT INTO audit_records SELECT 3, time, action, outcome, actor_id, key_id, object_id, "
      "request_id, address, details, hash, format, class, sealed FROM audit_records "
      "WHERE number = 2");
  EXPECT_FALSE(verify_log());
}

TEST_F(LogTest, DetectsTwoRecordsThatChangedPlaces) {
  append_records(4);
  tamper("UPDATE audit_records SET number = -number WHERE number IN (2, 3)");
  tamper("UPDATE audit_records SET number = number + 5 WHERE number < 0");
  EXPECT_FALSE(verify_log());
}

TEST_F(LogTest, RefusesAnEventThatCannotBeKept) {
  for (const Event& bad : {Event{.action = ""}, Event{.action = std::string(600, 'a')},
                           Event{.action = "a", .request_id = "\xff"}}) {
    const auto refused =
        database->write([&](store::Transaction& tx) { return append(tx, *vault, bad, 1000); });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(LogTest, NamesTheFirstRecordThatIsMissing) {
  append_records(5);
  tamper("DELETE FROM audit_records WHERE number IN (3, 4)");
  EXPECT_EQ(problem(), "audit record 3 is missing");
  tamper("DELETE FROM audit_leaves WHERE number IN (3, 4)");
  EXPECT_EQ(problem(), "audit record 3 is missing");
}

TEST_F(LogTest, NamesARecordThatIsNotInTheTree) {
  append_records(3);
  tamper(
      "INSERT INTO audit_records SELECT 4, time, action, outcome, actor_id, key_id, object_id, "
      "request_id, address, details, hash, format, class, sealed FROM audit_records "
      "WHERE number = 3");
  EXPECT_EQ(problem(), "audit record 4 was put in: it is not in the tree");
}

TEST_F(LogTest, DetectsAChangeOfEveryHashOfTheTree) {
  append_records(8);
  for (const char* change :
       {"hashes = zeroblob(32)", "hashes = x''", "hashes = CAST(hashes || zeroblob(32) AS BLOB)",
        "hashes = CAST(substr(hashes, 1, 64) || zeroblob(32) AS BLOB)"}) {
    tamper("CREATE TABLE IF NOT EXISTS kept AS SELECT * FROM audit_leaves");
    tamper(std::string("UPDATE audit_leaves SET ") + change + " WHERE number = 4");
    EXPECT_NE(problem().find("audit record 4"), std::string::npos) << change;
    tamper(
        "UPDATE audit_leaves SET hashes = (SELECT hashes FROM kept WHERE number = 4) "
        "WHERE number = 4");
    ASSERT_EQ(problem(), "");
  }
}

// The examples of docs/formats/audit.md, so that the page and the program cannot drift apart.
Record example(int format) {
  Record record;
  record.format = format;
  record.number = 1;
  record.time = 1790000000000;
  record.event = {.action = "document.add",
                  .outcome = Outcome::allowed,
                  .actor_id = "usr_a",
                  .key_id = "key_a",
                  .object_id = "doc_a",
                  .request_id = "req_a",
                  .details = {{"size_bytes", std::int64_t{42}}}};
  if (format == 1) {
    record.event.address = "192.0.2.1";
  } else {
    record.retention_class = "change";
  }
  return record;
}

TEST(Canonical, GivesTheHashesThatTheFormatPageNames) {
  EXPECT_EQ(canonical(example(1)).size(), 139U);
  EXPECT_EQ(to_hex(leaf_of(example(1))),
            "8e316464b8bb934c10ee2a5137e680338742d117ebec285bdb759d61e35490e8");
  EXPECT_EQ(canonical(example(2)).size(), 140U);
  EXPECT_EQ(to_hex(leaf_of(example(2))),
            "f1cc7889ca42c90ba5deb237e6917a2504f035a2495d4e5da34c753476d929c9");
}

TEST(Canonical, ReadsBackOnlyWhatItWrites) {
  for (const int format : {1, 2}) {
    const std::string bytes = canonical(example(format));
    const auto back = decode_canonical(bytes);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(canonical(*back), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_canonical(bytes.substr(0, size)));
    }
    EXPECT_FALSE(decode_canonical(bytes + "x"));
  }
}

}  // namespace
}  // namespace wenyuan::audit
