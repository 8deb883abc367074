// Lists: pages, cursors and filters.
#include <gtest/gtest.h>

#include "store/consistency.h"
#include "store/content_access.h"
#include "store/cursor.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

class ListingsTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1", {{"region", "north"}});
    add_collection("col_2");
  }
  Result<Listing<Document>> list(const DocumentFilter& filter, const Page& page) {
    const Permit open = permit(Action::read, {"col_1", "col_2"});
    return read([&](Snapshot& snapshot) { return documents(snapshot, open, filter, page); });
  }
  std::vector<std::string> titles(const DocumentFilter& filter, int limit = 50) {
    std::vector<std::string> found;
    Page page{.limit = limit};
    do {
      const auto listing = list(filter, page);
      EXPECT_TRUE(listing) << listing.error().message;
      if (!listing) break;
      for (const Document& each : listing->items) found.push_back(each.title.substr(9));
      page.cursor = listing->next_cursor;
    } while (!page.cursor.empty());
    return found;
  }
};

using Titles = std::vector<std::string>;

TEST_F(ListingsTest, GiveDocumentsInTheOrderInWhichTheyCame) {
  for (const char* each : {"a", "b", "c", "d", "e"}) add(each[0] == 'c' ? "col_2" : "col_1", each);
  for (const int limit : {1, 2, 3, 5, 50}) {
    EXPECT_EQ(titles({}, limit), (Titles{"a", "b", "c", "d", "e"})) << limit;
    EXPECT_EQ(titles({.collection_id = "col_1"}, limit), (Titles{"a", "b", "d", "e"})) << limit;
  }
}

TEST_F(ListingsTest, GoOnFromACursorThoughItsDocumentIsGone) {
  std::vector<Document> all;
  for (const char* each : {"a", "b", "c", "d"}) all.push_back(add("col_1", each));
  const auto first = list({}, {.limit = 2});
  ASSERT_TRUE(first);
  const Permit open = permit(Action::write, {"col_1"});
  ASSERT_TRUE(write([&](Transaction& tx) { return remove_document(tx, open, all[1].id); }));
  add("col_1", "e");
  const auto second = list({}, {.limit = 10, .cursor = first->next_cursor});
  ASSERT_TRUE(second);
  ASSERT_EQ(second->items.size(), 3U);
  EXPECT_EQ(second->items[0].id, all[2].id);
  EXPECT_TRUE(second->next_cursor.empty());
}

TEST_F(ListingsTest, TellNothingByTheirCursors) {
  const auto cursor = [&](const char* name, std::int64_t position) {
    return *read([&](Snapshot& snapshot) { return make_cursor(snapshot, name, position); });
  };
  const std::string one = cursor("documents", 1);
  EXPECT_EQ(one.size(), 32U);
  EXPECT_NE(one.substr(0, 8), cursor("documents", 2).substr(0, 8));
  const auto back = [&](const char* name, const std::string& text) {
    return read([&](Snapshot& snapshot) { return read_cursor(snapshot, name, text); });
  };
  EXPECT_EQ(*back("documents", one), 1);
  EXPECT_EQ(*back("documents", ""), 0);
  std::string changed = one;
  changed[5] = changed[5] == 'a' ? 'b' : 'a';
  for (const auto& refused : {back("users", one), back("documents", changed),
                              back("documents", "2"), back("documents", std::string(32, 'z'))}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_EQ(list({}, {.limit = 5, .cursor = "nonsense"}).error().code, ErrorCode::invalid_argument);
}

TEST_F(ListingsTest, TakeLimitsFromOneToTwoHundred) {
  for (const int limit : {-1, 0, 201}) {
    EXPECT_EQ(list({}, {.limit = limit}).error().code, ErrorCode::invalid_argument);
  }
}

TEST_F(ListingsTest, FilterByEachFieldOfADocument) {
  add("col_1", "a", {{"colour", "深红"}, {"pages", std::int64_t{12}}});
  const Document b = add("col_1", "b", {{"colour", "a \"quoted\" blue"}, {"draft", true}}, "ext");
  add("col_2", "c", {{"tags", std::vector<std::string>{"x", "y z"}}, {"region", "south"}});
  finish(b.id, "words");
  EXPECT_EQ(titles({.attributes = {{"colour", "深红"}}}), (Titles{"a"}));
  EXPECT_EQ(titles({.attributes = {{"colour", "a \"quoted\" blue"}}}), (Titles{"b"}));
  EXPECT_EQ(titles({.attributes = {{"pages", std::int64_t{12}}}}), (Titles{"a"}));
  EXPECT_EQ(titles({.attributes = {{"pages", "12"}}}), (Titles{}));
  EXPECT_EQ(titles({.attributes = {{"draft", true}}}), (Titles{"b"}));
  EXPECT_EQ(titles({.attributes = {{"draft", std::int64_t{1}}}}), (Titles{}));
  EXPECT_EQ(titles({.attributes = {{"tags", std::vector<std::string>{"x", "y z"}}}}),
            (Titles{"c"}));
  EXPECT_EQ(titles({.attributes = {{"region", "north"}}}), (Titles{"a", "b"}));  // inherited
  EXPECT_EQ(titles({.attributes = {{"region", "south"}}}), (Titles{"c"}));
  EXPECT_EQ(titles({.state = DocumentState::ready}), (Titles{"b"}));
  EXPECT_EQ(titles({.external_id = "ext"}), (Titles{"b"}));
  EXPECT_EQ(titles({.media_type = "text/plain"}), (Titles{"a", "c"}));
  EXPECT_EQ(titles({.created_after = b.created_at}), (Titles{"c"}));
  EXPECT_EQ(titles({.collection_id = "col_1", .state = DocumentState::queued}), (Titles{"a"}));
}

TEST_F(ListingsTest, FilterTheChunksOfASearchTheSameWay) {
  const Document a = add("col_1", "a", {{"colour", "red"}});
  const Document b = add("col_1", "b", {{"colour", "blue"}});
  finish(b.id, "one\ntwo");
  finish(a.id, "three");
  const Permit open = permit(Action::read, {"col_1"});
  const auto ids = [&](const DocumentFilter& filter) {
    return *read([&](Snapshot& snapshot) { return chunk_ids(snapshot, open, filter); });
  };
  EXPECT_EQ(ids({}), (std::vector<ChunkId>{1, 2, 3}));
  EXPECT_EQ(ids({.attributes = {{"colour", "blue"}}}), (std::vector<ChunkId>{1, 2}));
  EXPECT_EQ(ids({.attributes = {{"colour", "red"}}}), (std::vector<ChunkId>{3}));
}

TEST_F(ListingsTest, PageThroughTheChunksOfADocument) {
  const Document document = add("col_1", "a");
  finish(document.id, "one\ntwo\nthree\nfour\nfive");
  const Permit open = permit(Action::read, {"col_1"});
  std::vector<std::string> texts;
  Page page{.limit = 2};
  do {
    const auto listing =
        read([&](Snapshot& snapshot) { return chunks(snapshot, open, document.id, page); });
    ASSERT_TRUE(listing);
    for (const Chunk& chunk : listing->items) texts.push_back(chunk.text);
    page.cursor = listing->next_cursor;
  } while (!page.cursor.empty());
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "two", "three", "four", "five"}));
}

// A view may be older than an erasure, but what it would show has no key any more.
TEST_F(ListingsTest, LeaveOutWhatIsErasedWhileTheyAreRead) {
  const Document gone = add("col_1", "gone"), kept = add("col_1", "kept");
  finish(gone.id, "one\ntwo");
  finish(kept.id, "three");
  const Permit open = permit(Action::write, {"col_1"});
  const Status looked = read([&](Snapshot& snapshot) -> Status {
    WY_RETURN_IF_ERROR(snapshot.commit_number());
    WY_RETURN_IF_ERROR(write([&](Transaction& tx) { return remove_document(tx, open, gone.id); }));
    WY_TRY(const auto listed, documents(snapshot, open, {}, {}));
    EXPECT_EQ(listed.items.size(), 1U);
    const std::vector<ChunkId> ids = {1, 2, 3};
    WY_TRY(const auto found, chunks_by_id(snapshot, open, ids));
    EXPECT_EQ(found.size(), 1U);
    const LabelId label = kept.label_id;
    WY_TRY(const auto indexed, chunks_for_index(snapshot, label, {1, 3, 10}, "test"));
    EXPECT_EQ(indexed.size(), 1U);
    WY_TRY(const Consistency checked, check_consistency(snapshot));
    EXPECT_TRUE(checked.problems.empty()) << checked.problems.front();
    EXPECT_TRUE(checked.unreadable.empty());
    const auto one = document(snapshot, open, gone.id);
    EXPECT_EQ(one.error().message, no_such_document().message);
    return Done{};
  });
  ASSERT_TRUE(looked) << looked.error().message;
}

TEST_F(ListingsTest, LeaveOutWhatIsDamagedAndSayWhichDocumentIs) {
  const Document damaged = add("col_1", "a"), chunk = add("col_1", "b"), good = add("col_1", "c");
  for (const Document& each : {damaged, chunk, good}) finish(each.id, "some words");
  ASSERT_TRUE(write([&](Transaction& tx) -> Status {
    for (const std::string& sql :
         {"UPDATE documents SET title = x'0102' WHERE id = '" + damaged.id + "'",
          std::string("UPDATE chunks SET content = x'0102' WHERE id = 2")}) {
      WY_TRY(auto statement, tx.prepare(sql));
      WY_RETURN_IF_ERROR(statement.run());
    }
    return Done{};
  }));
  const auto listed = list({}, {.limit = 10});
  ASSERT_TRUE(listed) << listed.error().message;
  ASSERT_EQ(listed->items.size(), 3U);
  EXPECT_TRUE(listed->items[0].unreadable);
  EXPECT_EQ(listed->items[0].error, "the title of " + damaged.id + " does not open");
  EXPECT_FALSE(listed->items[1].unreadable);
  const Permit open = permit(Action::read, {"col_1"});
  const std::vector<ChunkId> ids = {1, 2, 3};
  const auto found = read([&](Snapshot& snapshot) { return chunks_by_id(snapshot, open, ids); });
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().document_id, good.id);
  const auto indexed = read([&](Snapshot& snapshot) {
    return chunks_for_index(snapshot, good.label_id, {1, 3, 10}, "test");
  });
  ASSERT_TRUE(indexed) << indexed.error().message;
  EXPECT_EQ(indexed->size(), 1U);
}

}  // namespace
}  // namespace wenyuan::store
