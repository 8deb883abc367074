#include "audit/personal.h"

#include <gtest/gtest.h>

#include <random>

#include "audit/retention.h"
#include "base/file.h"
#include "tests/audit/audit_fixture.h"

namespace wenyuan::audit {
namespace {

class PersonalTest : public AuditFixture {
 protected:
  Event question() {
    return {.action = "answer",
            .actor_id = "usr_ann",
            .address = "192.0.2.7",
            .personal = {{.subjects = {}, .fields = {{"question", "Where does Bob live?"}}},
                         {.subjects = {"usr_ann", "doc_letter", "doc_letter"},
                          .fields = {{"model_input", "Bob lives in Ulm."}}}}};
  }
  Record record_number(std::int64_t number) {
    const auto found =
        database->read([&](store::Snapshot& snapshot) { return record(snapshot, number); });
    EXPECT_TRUE(found);
    return found ? *found : Record();
  }
  Opened open(std::int64_t number) {
    const Record wanted = record_number(number);
    const auto opened =
        database->read([&](store::Snapshot& snapshot) { return vault->open(snapshot, wanted); });
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? *opened : Opened();
  }
  PersonalFields fields(std::int64_t number) {
    PersonalFields all;
    for (const OpenPart& part : open(number).parts) {
      all.insert(part.fields.begin(), part.fields.end());
    }
    return all;
  }
  void erase(const std::string& subject) {
    ASSERT_TRUE(
        database->write([&](store::Transaction& tx) { return erase_subject(tx, subject, 9000); }));
  }
  Hold hold(const std::string& subject) {
    const auto made = database->write([&](store::Transaction& tx) {
      return add_hold(
          tx, {.id = {}, .subject_id = subject, .reason = "case 7", .created_by = "usr_x"}, 8000);
    });
    EXPECT_TRUE(made);
    return *made;
  }
  void release(const std::string& id) {
    ASSERT_TRUE(
        database->write([&](store::Transaction& tx) { return release_hold(tx, id, 9500); }));
  }
};

TEST_F(PersonalTest, IsInTheLogAndInNoColumn) {
  append_event(question(), 1000);
  const PersonalFields all = fields(1);
  EXPECT_EQ(all.at("address"), "192.0.2.7");
  EXPECT_EQ(all.at("question"), "Where does Bob live?");
  EXPECT_EQ(all.at("model_input"), "Bob lives in Ulm.");
  ASSERT_TRUE(database->checkpoint());
  const auto raw = read_file(home.path() / "wenyuan.db");
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->find("192.0.2.7"), std::string::npos);
  EXPECT_EQ(raw->find("Bob"), std::string::npos);
}

TEST_F(PersonalTest, IsErasedWithItsKeyAndTheLogStillVerifies) {
  append_event(question(), 1000);
  append_event(question(), 1001);
  erase("usr_ann");
  EXPECT_TRUE(fields(1).empty());
  EXPECT_TRUE(open(1).erased);
  EXPECT_EQ(problem(), "");
  // Nor is a new key made for somebody who was erased.
  append_event(question(), 1002);
  EXPECT_TRUE(fields(3).empty());
  EXPECT_EQ(problem(), "");
}

TEST_F(PersonalTest, OfSeveralGoesWithTheFirstOfThem) {
  append_event(question(), 1000);
  erase("doc_letter");
  const PersonalFields all = fields(1);
  EXPECT_EQ(all.count("model_input"), 0U);
  EXPECT_EQ(all.at("question"), "Where does Bob live?");
}

TEST_F(PersonalTest, GoesWithTheUsersRow) {
  ASSERT_TRUE(database->write([&](store::Transaction& tx) -> Status {
    WY_TRY(auto add,
           tx.prepare("INSERT INTO users (id, username, username_key, display_name, email, "
                      "attributes, disabled, password, created_at, updated_at) VALUES "
                      "('usr_ann', 'ann', 'ann', 'Ann', '', '{}', 0, NULL, 1, 1)"));
    return add.run();
  }));
  append_event(question(), 1000);
  ASSERT_TRUE(database->write([&](store::Transaction& tx) -> Status {
    WY_TRY(auto remove, tx.prepare("DELETE FROM users WHERE id = 'usr_ann'"));
    return remove.run();
  }));
  EXPECT_TRUE(open(1).erased);
  EXPECT_TRUE(fields(1).empty());
}

TEST_F(PersonalTest, StaysWhileThereIsAHold) {
  append_event(question(), 1000);
  const Hold first = hold("usr_ann");
  const Hold second = hold("");
  erase("usr_ann");
  EXPECT_EQ(fields(1).at("address"), "192.0.2.7");
  release(first.id);
  EXPECT_EQ(fields(1).at("address"), "192.0.2.7");
  release(second.id);
  EXPECT_TRUE(fields(1).empty());
  const auto again =
      database->write([&](store::Transaction& tx) { return release_hold(tx, first.id, 9600); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_F(PersonalTest, OfNobodyGoesByTheMonth) {
  append_event({.action = "refuse", .address = "192.0.2.9"}, 1'790'000'000'000);
  EXPECT_EQ(fields(1).at("address"), "192.0.2.9");
  erase("month:2026-09");
  EXPECT_TRUE(open(1).erased);
}

TEST_F(PersonalTest, DoesNotOpenWithAnotherKeyOrAnotherRecord) {
  append_event(question(), 1000);
  append_event(question(), 1001);
  Record moved = record_number(2);
  moved.sealed = record_number(1).sealed;
  const auto wrong =
      database->read([&](store::Snapshot& snapshot) { return vault->open(snapshot, moved); });
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::corrupt);
  const Vault other{CipherKey{}};
  EXPECT_FALSE(database->read(
      [&](store::Snapshot& snapshot) { return other.open(snapshot, record_number(1)); }));
}

TEST_F(PersonalTest, IsCutWhereItIsTooLong) {
  Event event = question();
  event.personal = {
      {.subjects = {}, .fields = {{"question", std::string(kPersonalSizeMax - 1, 'a') + "中文"}}}};
  append_event(event, 1000);
  const std::string kept = fields(1).at("question");
  EXPECT_LT(kept.size(), kPersonalSizeMax + 10);
  EXPECT_TRUE(is_utf8(kept));
}

TEST_F(PersonalTest, KeyOfAPartOpensThatPartAlone) {
  append_event(question(), 1000);
  const Opened opened = open(1);
  const auto parts = *decode_sealed(record_number(1).sealed);
  ASSERT_EQ(parts.size(), 2U);
  ASSERT_EQ(opened.parts.size(), 2U);
  EXPECT_TRUE(open_part(opened.parts[0].key, parts[0].box));
  EXPECT_FALSE(open_part(opened.parts[0].key, parts[1].box));
}

TEST(Sealed, ReadsBackOnlyWhatItWrites) {
  const std::vector<SealedPart> parts = {{{"usr_a"}, "box"},
                                         {{"doc_b", "usr_a"}, std::string(99, 'x')}};
  const std::string bytes = encode_sealed(parts);
  const auto back = decode_sealed(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(encode_sealed(*back), bytes);
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_sealed(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_sealed(bytes + "x"));
  EXPECT_TRUE(decode_sealed("")->empty());
}

}  // namespace
}  // namespace wenyuan::audit
