// What a permit opens, and that hidden and absent things are told apart by nothing.
#include <gtest/gtest.h>

#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

using auth::PolicyEngine;

class PermitsTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
    add_collection("col_2");
    shown = add("col_1", "alpha");
    hidden = add("col_2", "beta");
    finish(shown.id, "words to see");
    finish(hidden.id, "words to hide");
  }

  Permit only_first(Action action) { return permit(action, {"col_1"}); }

  Document shown, hidden;
};

void expect_same(const Error& a, const Error& b) {
  EXPECT_EQ(a.code, b.code);
  EXPECT_EQ(a.code, ErrorCode::not_found);
  EXPECT_EQ(a.message, b.message);
}

TEST_F(PermitsTest, ReadingTellsHiddenAndAbsentDocumentsApartByNothing) {
  const Permit open = only_first(Action::read);
  const auto each = [&](const std::string& id) {
    return read([&](Snapshot& snapshot) -> Result<std::vector<Error>> {
      return std::vector<Error>{
          document(snapshot, open, id).error(), versions(snapshot, open, id).error(),
          chunks(snapshot, open, id, {}).error(), document_layout(snapshot, open, id).error(),
          document_text(snapshot, open, id, 0, 10).error()};
    });
  };
  const auto for_hidden = each(hidden.id);
  const auto for_absent = each("doc_none");
  for (std::size_t i = 0; i < for_hidden->size(); ++i) {
    expect_same((*for_hidden)[i], (*for_absent)[i]);
    EXPECT_EQ((*for_hidden)[i].message, "no such document");
  }
}

TEST_F(PermitsTest, WritingTellsHiddenAndAbsentDocumentsApartByNothing) {
  const Permit open = only_first(Action::write);
  const auto update = [&](const std::string& id) {
    Document wanted = hidden;
    wanted.id = id;
    return write([&](Transaction& tx) { return update_document(tx, open, wanted, access, now); })
        .error();
  };
  const auto remove = [&](const std::string& id) {
    return write([&](Transaction& tx) { return remove_document(tx, open, id); }).error();
  };
  expect_same(update(hidden.id), update("doc_none"));
  expect_same(remove(hidden.id), remove("doc_none"));
}

TEST_F(PermitsTest, TellsHiddenAndAbsentCollectionsApartByNothing) {
  const Permit writing = only_first(Action::write);
  const Permit managing = only_first(Action::manage);
  const auto add_to = [&](const std::string& id) {
    return write([&](Transaction& tx) {
             return add_document(tx, writing, described(id, "gamma"), access, now);
           })
        .error();
  };
  const auto update = [&](const std::string& id) {
    const Collection wanted{.id = id, .name = "x", .owner_id = "usr_a", .attributes = {}};
    return write([&](Transaction& tx) { return update_collection(tx, managing, wanted, access); })
        .error();
  };
  const auto remove = [&](const std::string& id) {
    return write([&](Transaction& tx) { return remove_collection(tx, managing, id); }).error();
  };
  expect_same(add_to("col_2"), add_to("col_none"));
  expect_same(update("col_2"), update("col_none"));
  expect_same(remove("col_2"), remove("col_none"));
}

TEST_F(PermitsTest, ListsNothingThatIsHidden) {
  const Permit open = only_first(Action::read);
  const auto all = read([&](Snapshot& snapshot) { return documents(snapshot, open, {}, {}); });
  ASSERT_EQ(all->items.size(), 1U);
  EXPECT_EQ(all->items[0].id, shown.id);
  const auto other = read([&](Snapshot& snapshot) {
    return documents(snapshot, open, {.collection_id = "col_2"}, {});
  });
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->items.empty());
}

TEST_F(PermitsTest, LeavesOutHiddenChunks) {
  const Permit both = permit(Action::read, {"col_1", "col_2"});
  const auto ids = *read([&](Snapshot& snapshot) { return chunk_ids(snapshot, both, {}); });
  ASSERT_EQ(ids.size(), 2U);
  const Permit open = only_first(Action::read);
  const std::vector<ChunkId> wanted = {ids[1], 999'999, ids[0]};
  const auto found = read([&](Snapshot& snapshot) { return chunks_by_id(snapshot, open, wanted); });
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].text, "words to see");
  const auto all = read([&](Snapshot& snapshot) { return chunks_by_id(snapshot, both, wanted); });
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].text, "words to hide");  // in the order asked for
  EXPECT_EQ(read([&](Snapshot& snapshot) { return chunk_ids(snapshot, open, {}); })->size(), 1U);
}

TEST_F(PermitsTest, RefusesAStalePermitEverywhere) {
  const Permit reading = permit(Action::read, {"col_1", "col_2"});
  const Permit writing = permit(Action::write, {"col_1", "col_2"});
  const Permit managing = permit(Action::manage, {"col_1", "col_2"});
  ASSERT_TRUE(write([](Transaction& tx) { return tx.raise_epoch(); }));
  const std::vector<ChunkId> ids = {1};
  const auto errors = read([&](Snapshot& s) -> Result<std::vector<Error>> {
    return std::vector<Error>{document(s, reading, shown.id).error(),
                              documents(s, reading, {}, {}).error(),
                              versions(s, reading, shown.id).error(),
                              chunks(s, reading, shown.id, {}).error(),
                              chunks_by_id(s, reading, ids).error(),
                              chunk_ids(s, reading, {}).error(),
                              document_layout(s, reading, shown.id).error(),
                              document_text(s, reading, shown.id, 0, 1).error()};
  });
  for (const Error& error : *errors) {
    EXPECT_EQ(error.code, ErrorCode::conflict);
    EXPECT_EQ(error.message, "the permit is stale");
  }
  const auto code_of = [&](auto work) { return write(work).error().code; };
  EXPECT_EQ(code_of([&](Transaction& tx) { return remove_document(tx, writing, shown.id); }),
            ErrorCode::conflict);
  EXPECT_EQ(code_of([&](Transaction& tx) {
              return add_document(tx, writing, described("col_1", "x"), access, now);
            }),
            ErrorCode::conflict);
  EXPECT_EQ(
      code_of([&](Transaction& tx) { return update_document(tx, writing, shown, access, now); }),
      ErrorCode::conflict);
  EXPECT_EQ(code_of([&](Transaction& tx) { return remove_collection(tx, managing, "col_1"); }),
            ErrorCode::conflict);
}

TEST_F(PermitsTest, RefusesAPermitOfTheFuture) {
  const auto future = PolicyEngine::make("usr_a", Action::read, database->epoch() + 1, {}, {});
  const auto refused = read([&](Snapshot& s) { return documents(s, future, {}, {}); });
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

TEST_F(PermitsTest, TakesNoPermitForLessThanIsDone) {
  const Permit reading = permit(Action::read, {"col_1"});
  const Permit writing = permit(Action::write, {"col_1"});
  EXPECT_EQ(
      write([&](Transaction& tx) { return remove_document(tx, reading, shown.id); }).error().code,
      ErrorCode::forbidden);
  EXPECT_EQ(
      write([&](Transaction& tx) { return remove_collection(tx, writing, "col_1"); }).error().code,
      ErrorCode::forbidden);
  EXPECT_TRUE(read([&](Snapshot& s) { return document(s, writing, shown.id); }));
}

}  // namespace
}  // namespace wenyuan::store
