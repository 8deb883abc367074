// A store with an audit log, and the means to tamper with it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "audit/log.h"
#include "audit/verify.h"
#include "base/text.h"
#include "store/database.h"
#include "tests/store/temporary_directory.h"

namespace wenyuan::audit {

inline Event event_number(int number) {
  const std::string n = std::to_string(number);
  return {.action = "document.add",
          .outcome = Outcome::allowed,
          .actor_id = "usr_" + n,
          .key_id = "key_" + n,
          .object_id = "doc_" + n,
          .request_id = "req_" + n,
          .address = "192.0.2.1",
          .details = {{"count", std::int64_t{number}}}};
}

class AuditFixture : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Database::open({.directory = home.path()});
    ASSERT_TRUE(opened) << opened.error().message;
    database = *std::move(opened);
    auto vault_opened = Vault::open(database->keys());
    ASSERT_TRUE(vault_opened) << vault_opened.error().message;
    vault = *std::move(vault_opened);
  }

  Record append_event(const Event& event, UnixMillis now) {
    const auto record =
        database->write([&](store::Transaction& tx) { return append(tx, *vault, event, now); });
    EXPECT_TRUE(record) << record.error().message;
    return record ? *record : Record();
  }

  // Records 1, 2, … at times 1001, 1002, …
  void append_records(int count) {
    const Status done = database->write([&](store::Transaction& tx) -> Status {
      for (int i = 0; i < count; ++i) {
        ++appended;
        WY_RETURN_IF_ERROR(append(tx, *vault, event_number(appended), 1000 + appended));
      }
      return Done{};
    });
    ASSERT_TRUE(done) << done.error().message;
  }

  Result<Verification> verify_log() {
    return database->read([](store::Snapshot& snapshot) { return verify(snapshot); });
  }

  // What somebody with the file in hand can do: the triggers do not stop them.
  void tamper(const std::string& sql) {
    const Status done = database->write([&](store::Transaction& tx) -> Status {
      for (const std::string& each :
           {std::string("DROP TRIGGER IF EXISTS audit_records_stay"),
            std::string("DROP TRIGGER IF EXISTS audit_records_last"),
            std::string("DROP TRIGGER IF EXISTS audit_leaves_stay"),
            std::string("DROP TRIGGER IF EXISTS audit_leaves_last"), sql}) {
        WY_TRY(auto statement, tx.prepare(each));
        WY_RETURN_IF_ERROR(statement.run());
      }
      return Done{};
    });
    ASSERT_TRUE(done) << sql << ": " << done.error().message;
  }

  // What verify_log() finds wrong; empty when it finds nothing.
  std::string problem() {
    const auto verified = verify_log();
    return verified ? "" : verified.error().message;
  }

  // SQL that puts the record back as it is now.
  std::string copy_of_record(int number) {
    std::string sql;
    const Status read = database->read([&](store::Snapshot& snapshot) -> Status {
      WY_TRY(auto statement,
             snapshot.prepare("SELECT 'INSERT OR REPLACE INTO audit_records VALUES (' || number || "
                              "',' || time || ',' || quote(action) || ',' || quote(outcome) || ',' "
                              "|| quote(actor_id) || ',' || quote(key_id) || ',' || "
                              "quote(object_id) || ',' || quote(request_id) || ',' || "
                              "quote(address) || ',' || quote(details) || ',' || quote(hash) || "
                              "',' || format || ',' || quote(class) || ',' || quote(sealed) || ')' "
                              "FROM audit_records WHERE number = ?"));
      WY_TRY(const bool found, statement.bind(1, number).step());
      EXPECT_TRUE(found);
      sql = statement.text(0);
      return Done{};
    });
    EXPECT_TRUE(read);
    return sql;
  }

  store::TemporaryDirectory home;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<Vault> vault;
  int appended = 0;
};

}  // namespace wenyuan::audit
