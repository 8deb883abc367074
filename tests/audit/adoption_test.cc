// Logs of the first release: a chain of hashes, with checkpoints of their own form.
#include <gtest/gtest.h>

#include <filesystem>

#include "audit/canonical.h"
#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/tree.h"
#include "base/file.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

class AdoptionTest : public AuditFixture {
 protected:
  void write_old(int count) {
    ASSERT_TRUE(database->write([&](store::Transaction& tx) -> Status {
      for (int i = 0; i < count; ++i) {
        Record record;
        record.format = 1;
        record.number = ++appended;
        record.time = 1000 + appended;
        record.event = event_number(appended);
        head = chained(head, record);
        const Event& event = record.event;
        WY_TRY(auto statement,
               tx.prepare("INSERT INTO audit_records (number, time, action, outcome, actor_id, "
                          "key_id, object_id, request_id, address, details, hash) "
                          "VALUES (?, ?, ?, 'allowed', ?, ?, ?, ?, ?, ?, ?)"));
        WY_RETURN_IF_ERROR(statement.bind(1, record.number)
                               .bind(2, record.time)
                               .bind(3, event.action)
                               .bind(4, event.actor_id)
                               .bind(5, event.key_id)
                               .bind(6, event.object_id)
                               .bind(7, event.request_id)
                               .bind(8, event.address)
                               .bind(9, encode_attributes(event.details))
                               .bind_blob(10, head)
                               .run());
      }
      return Done{};
    }));
  }
  void write_old_checkpoint() {
    const SigningKey key = *SigningKey::open(home.path() / "audit.key", home.path() / "audit.pub");
    const std::string said = "wenyuan-audit-checkpoint-1 " + std::to_string(appended) + " " +
                             to_hex(head) + " " + rfc3339(5000);
    const std::string signature = key.sign(said);
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(signature.data()),
                          signature.size());
    ASSERT_TRUE(write_file_durably(home.path() / "audit-checkpoints.txt",
                                   said + " " + to_hex(bytes) + "\n"));
  }
  std::unique_ptr<Checkpointer> start() {
    auto opened = Checkpointer::open(*database, {.directory = home.path(), .sinks = {}});
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::string wrong() {
    const auto verified = verify_directory(*database, {.directory = home.path()});
    return verified ? "" : verified.error().message;
  }

  Hash head = kNoHash;
};

TEST_F(AdoptionTest, OldRecordsBecomeLeavesOfTheTree) {
  write_old(5);
  write_old_checkpoint();
  const auto checkpointer = start();
  append_records(3);
  ASSERT_TRUE(checkpointer->write(9000));
  const auto verified = verify_directory(*database, {.directory = home.path()});
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->record_count, 8);
  EXPECT_EQ(verified->checkpoint_count, 2);
  const auto old = database->read([](store::Snapshot& snapshot) { return record(snapshot, 2); });
  ASSERT_TRUE(old);
  EXPECT_EQ(old->event.address, "192.0.2.1");
  const auto leaf = database->read([](store::Snapshot& snapshot) { return leaf_at(snapshot, 2); });
  EXPECT_EQ(*leaf, leaf_of(*old));
}

TEST_F(AdoptionTest, HappensWithTheFirstRecordToo) {
  write_old(3);
  append_records(1);
  EXPECT_EQ(problem(), "");
}

TEST_F(AdoptionTest, RefusesABrokenChain) {
  write_old(5);
  tamper("UPDATE audit_records SET object_id = 'doc_9' WHERE number = 4");
  const auto checkpointer = start();
  const Status health = checkpointer->health();
  ASSERT_FALSE(health);
  EXPECT_NE(health.error().message.find("audit record 4"), std::string::npos);
  EXPECT_FALSE(database->write(
      [&](store::Transaction& tx) { return append(tx, *vault, event_number(6), 1000); }));
}

TEST_F(AdoptionTest, OldCheckpointsStillCount) {
  write_old(5);
  write_old_checkpoint();
  tamper("DELETE FROM audit_records WHERE number > 3");
  start();
  EXPECT_NE(wrong().find("cut off"), std::string::npos) << wrong();
}

TEST_F(AdoptionTest, OldRecordsAreHeldToTheirChain) {
  write_old(5);
  start();
  ASSERT_EQ(wrong(), "");
  tamper("UPDATE audit_records SET hash = zeroblob(32) WHERE number = 3");
  EXPECT_EQ(wrong(), "audit record 3 is not what was written");
}

}  // namespace
}  // namespace wenyuan::audit
