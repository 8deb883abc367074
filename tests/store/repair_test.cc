#include "store/repair.h"

#include <gmock/gmock.h>

#include "store/consistency.h"
#include "store/job_store.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

class Repair : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_a");
    id_ = add("col_a", "some bytes").id;
    finish(id_, "one line\nand another");
  }
  void tamper(const std::string& sql) {
    const Status done = write([&](Transaction& tx) -> Status {
      WY_TRY(auto statement, tx.prepare(sql));
      return statement.run();
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  std::vector<std::string> problems() {
    auto found = read([](Snapshot& snapshot) { return check_consistency(snapshot); });
    EXPECT_TRUE(found) << found.error().message;
    return found ? found->problems : std::vector<std::string>();
  }
  std::vector<std::string> repair() {
    auto done = write([&](Transaction& tx) { return repair_rows(tx, ++now); });
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : std::vector<std::string>();
  }
  std::string id_;
};

TEST_F(Repair, DoesNothingWhenAllAgrees) {
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(repair(), IsEmpty());
}

TEST_F(Repair, CountsTheDocumentsOfLabelsAgain) {
  tamper("UPDATE labels SET document_count = 9");
  EXPECT_THAT(problems(), Not(IsEmpty()));
  EXPECT_THAT(repair(), Not(IsEmpty()));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Repair, TakesADocumentInAgainWhoseRowsDoNotAgree) {
  tamper("UPDATE chunks SET content = CAST(content || x'00' AS BLOB) WHERE ordinal = 1");
  tamper("UPDATE documents SET chunk_count = 5");
  repair();
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(get(id_).state, DocumentState::queued);
  const auto job = write([&](Transaction& tx) { return take_job(tx, ++now); });
  ASSERT_TRUE(job);
  EXPECT_EQ((*job)->document_id, id_);
  finish(id_, "one line\nand another");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(replayed(get(id_).label_id), (std::vector<std::string>{"one line", "and another"}));
}

TEST_F(Repair, EmptiesATitleThatDoesNotOpenAndGoesOn) {
  const std::string other = add("col_a", "more bytes").id;
  tamper("UPDATE documents SET title = x'0102', chunk_count = 5 WHERE id = '" + id_ + "'");
  EXPECT_THAT(problems(), Not(IsEmpty()));
  EXPECT_TRUE(get(id_).unreadable);
  repair();
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_FALSE(get(id_).unreadable);
  EXPECT_EQ(get(id_).title, "");
  EXPECT_EQ(get(other).title, "Title of more bytes");
}

TEST_F(Repair, FindsTextsAndVectorsThatWereEmptied) {
  const Permit open = permit(Action::read, {"col_a"});
  const auto text = [&] {
    return read([&](Snapshot& snapshot) { return document_text(snapshot, open, id_, 0, 8); });
  };
  EXPECT_EQ(*text(), "one line");
  tamper("UPDATE document_texts SET text = x''");
  EXPECT_EQ(text().error().code, ErrorCode::corrupt);
  EXPECT_THAT(problems(), Not(IsEmpty()));
  repair();
  EXPECT_THAT(problems(), IsEmpty());
  finish(id_, "one line\nand another");
  EXPECT_EQ(*text(), "one line");
  tamper("UPDATE document_texts SET text = CAST(text || x'00' AS BLOB)");
  EXPECT_THAT(problems(), Not(IsEmpty()));
  tamper("DELETE FROM document_texts");
  EXPECT_EQ(text().error().code, ErrorCode::corrupt);
  tamper("UPDATE chunks SET vector = x'' WHERE ordinal = 1");
  EXPECT_THAT(problems(), Not(IsEmpty()));
  repair();
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Repair, LeavesWhatHasNoKeyWhichCanBeErased) {
  tamper("UPDATE documents SET wrapped_key = x'0102', chunk_count = 5 WHERE id = '" + id_ + "'");
  EXPECT_THAT(repair(), IsEmpty());
  EXPECT_THAT(problems(), Not(IsEmpty()));
  const Permit hidden = permit(Action::write, {});
  const auto refused = write([&](Transaction& tx) { return remove_document(tx, hidden, id_); });
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  const Permit open = permit(Action::write, {"col_a"});
  const auto erased = write([&](Transaction& tx) { return remove_document(tx, open, id_); });
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->chunks, 2);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Repair, EvenAMangledRowCanBeErased) {
  tamper("UPDATE documents SET attributes = 'x' WHERE id = '" + id_ + "'");
  EXPECT_THAT(problems(), Not(IsEmpty()));
  const Permit open = permit(Action::write, {"col_a"});
  ASSERT_TRUE(write([&](Transaction& tx) { return remove_document(tx, open, id_); }));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Repair, QueuesWhatWaitsForNothing) {
  const std::string waiting = add("col_a", "more bytes").id;
  tamper("UPDATE jobs SET state = 'done'");
  EXPECT_THAT(problems(), Not(IsEmpty()));
  repair();
  EXPECT_THAT(problems(), IsEmpty());
  const auto job = write([&](Transaction& tx) { return take_job(tx, ++now); });
  ASSERT_TRUE(job);
  EXPECT_EQ((*job)->document_id, waiting);
}

TEST_F(Repair, PutsALostChangeBackIntoTheReplayLog) {
  tamper("DELETE FROM changes");
  repair();
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(replayed(get(id_).label_id), (std::vector<std::string>{"one line", "and another"}));
}

}  // namespace
}  // namespace wenyuan::store
