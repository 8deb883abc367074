// Adding, changing and removing documents.
#include <gtest/gtest.h>

#include "store/job_store.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

class DocumentsTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
  }
  Result<Erased> remove(const std::string& id) {
    const Permit open = permit(Action::write, {"col_1", "col_2"});
    return write([&](Transaction& tx) { return remove_document(tx, open, id); });
  }
  Result<Document> update(const Document& document) {
    const Permit open = permit(Action::write, {"col_1", "col_2"});
    return write(
        [&](Transaction& tx) { return update_document(tx, open, document, access, ++now); });
  }
  Result<std::string> text(const std::string& id, std::int64_t start, std::int64_t end) {
    const Permit open = permit(Action::read, {"col_1"});
    return read([&](Snapshot& snapshot) { return document_text(snapshot, open, id, start, end); });
  }
};

TEST_F(DocumentsTest, QueuesANewDocumentWithItsJob) {
  const Document added = add("col_1", "alpha");
  EXPECT_EQ(added.state, DocumentState::queued);
  EXPECT_EQ(added.version, 1);
  const auto queued = read([&](Snapshot& snapshot) { return job(snapshot, added.job_id); });
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->state, JobState::queued);
  EXPECT_EQ(queued->document_id, added.id);
}

TEST_F(DocumentsTest, KeepsEveryPartOfAFinishedDocument) {
  const Document added = add("col_1", "alpha");
  finish(added.id, "first line\n第二行 two");
  const Permit open = permit(Action::read, {"col_1"});
  const auto page = read([&](Snapshot& snapshot) { return chunks(snapshot, open, added.id, {}); });
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->items.size(), 2U);
  const Chunk& second = page->items[1];
  EXPECT_EQ(second.document_id, added.id);
  EXPECT_EQ(second.collection_id, "col_1");
  EXPECT_EQ(second.ordinal, 1);
  EXPECT_EQ(second.title, "Title of alpha");
  EXPECT_EQ(second.text, "第二行 two");
  EXPECT_EQ(second.location.char_start, 11);
  EXPECT_EQ(second.location.char_end, 18);
  EXPECT_EQ(second.location.heading_path, (std::vector<std::string>{"Part", "Section"}));
  EXPECT_EQ(heading_path_at(second, 1), (std::vector<std::string>{"Part", "Section", "Begin"}));
  EXPECT_EQ(heading_path_at(second, 2), (std::vector<std::string>{"Part", "Section", "End"}));
  EXPECT_EQ(second.location.page, 2);
  ASSERT_EQ(second.location.boxes.size(), 1U);
  EXPECT_EQ(second.location.boxes[0].x1, 0.75F);
  EXPECT_TRUE(second.vector.empty());
  const auto indexed = read([&](Snapshot& snapshot) {
    return chunks_for_index(snapshot, second.label_id, {second.id, second.id, 10}, "test");
  });
  ASSERT_EQ(indexed->size(), 1U);
  EXPECT_EQ((*indexed)[0].vector, (std::vector<float>{1, 0, 0}));
  const Document ready = get(added.id);
  EXPECT_EQ(ready.state, DocumentState::ready);
  EXPECT_EQ(ready.media_type, "text/markdown");
  EXPECT_EQ(ready.title, "Title of alpha");  // the file's own title is only for those without
  EXPECT_EQ(ready.chunk_count, 2);
}

TEST_F(DocumentsTest, KeepsWhereTheWordsStand) {
  const Document added = add("col_1", "alpha");
  Processed result = processed("one two");
  result.layout = {{.char_start = 0, .char_end = 3, .box = {.page = 1, .x0 = 0, .x1 = 0.5F}}};
  ASSERT_TRUE(write([&](Transaction& tx) { return finish_document(tx, added.id, result, ++now); }));
  const Permit open = permit(Action::read, {"col_1"});
  const auto layout =
      read([&](Snapshot& snapshot) { return document_layout(snapshot, open, added.id); });
  ASSERT_TRUE(layout);
  ASSERT_EQ(layout->size(), 1U);
  EXPECT_EQ((*layout)[0].char_end, 3);
}

TEST_F(DocumentsTest, GivesAnyRangeOfALongText) {
  std::string content;
  std::u32string points;
  for (int i = 0; i < 10'000; ++i) {
    const char32_t point = i % 3 == 0 ? U'文' : static_cast<char32_t>(U'a' + i % 26);
    append_utf8(content, point);
    points += point;
  }
  const Document added = add("col_1", "alpha");
  finish(added.id, content);
  for (const auto& [start, end] :
       std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 5},
                                                          {4095, 4097},
                                                          {4096, 8192},
                                                          {100, 9000},
                                                          {9999, 10'000},
                                                          {9990, 20'000},
                                                          {20'000, 30'000},
                                                          {7, 7}}) {
    std::string expected;
    for (std::int64_t i = start; i < std::min<std::int64_t>(end, 10'000); ++i) {
      append_utf8(expected, points[static_cast<std::size_t>(i)]);
    }
    const auto found = text(added.id, start, end);
    ASSERT_TRUE(found);
    EXPECT_EQ(*found, expected) << start << " to " << end;
  }
  EXPECT_EQ(text(added.id, 5, 4).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(text(added.id, -1, 4).error().code, ErrorCode::invalid_argument);
}

TEST_F(DocumentsTest, RecognisesTheSameBytes) {
  const Document first = add("col_1", "alpha");
  const auto again = try_add(described("col_1", "alpha"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->document.id, first.id);
  EXPECT_EQ(count_of("jobs"), 1);
  // Elsewhere, or under a name of its own, it is another document.
  add_collection("col_2");
  EXPECT_NE(add("col_2", "alpha").id, first.id);
  const Document named = add("col_1", "alpha", {}, "report");
  EXPECT_NE(named.id, first.id);
  EXPECT_EQ(add("col_1", "alpha", {}, "report").id, named.id);
  EXPECT_EQ(count_of("jobs"), 3);
}

TEST_F(DocumentsTest, TakesTheBytesOfAFailedDocumentAgain) {
  const Document first = add("col_1", "alpha");
  ASSERT_TRUE(
      write([&](Transaction& tx) { return fail_document(tx, first.id, "not a PDF", ++now); }));
  EXPECT_EQ(get(first.id).error, "not a PDF");
  const auto again = try_add(described("col_1", "alpha"));
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->duplicate);
}

TEST_F(DocumentsTest, DoesNotTellOfADuplicateThatThePermitDoesNotCover) {
  const Document secret = add("col_1", "alpha", {{"sensitivity", std::int64_t{9}}});
  const Document named = add("col_1", "beta", {{"sensitivity", std::int64_t{9}}}, "report");
  const auto blind =
      auth::PolicyEngine::make("usr_b", Action::write, database->epoch(), {}, {"col_1"});
  const auto unnamed = write([&](Transaction& tx) {
    return add_document(tx, blind, described("col_1", "alpha"), access, ++now);
  });
  ASSERT_TRUE(unnamed) << unnamed.error().message;
  EXPECT_FALSE(unnamed->duplicate);
  EXPECT_NE(unnamed->document.id, secret.id);
  NewDocument same_name = described("col_1", "gamma");
  same_name.external_id = "report";
  const auto blind_again =
      auth::PolicyEngine::make("usr_b", Action::write, database->epoch(), {}, {"col_1"});
  const auto other = write(
      [&](Transaction& tx) { return add_document(tx, blind_again, same_name, access, ++now); });
  ASSERT_TRUE(other);
  EXPECT_NE(other->document.id, named.id);
  EXPECT_EQ(other->document.version, 1);
  EXPECT_EQ(get(named.id).version, 1);
}

TEST_F(DocumentsTest, AddsManyInOneUnitWithOnePermit) {
  const Permit open = permit(Action::write, {"col_1"});
  const Status added = write([&](Transaction& tx) -> Status {
    for (const char* content : {"a", "b", "c", "b"}) {
      WY_TRY(const Added each, add_document(tx, open, described("col_1", content), access, ++now));
      EXPECT_EQ(each.duplicate, each.document.sha256 == sha256_of("b") && now == 1'000'004);
    }
    return Done{};
  });
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_EQ(count_of("documents"), 3);
}

TEST_F(DocumentsTest, ServesTheOldVersionUntilTheNewOneIsReady) {
  const Document first = add("col_1", "alpha", {}, "report");
  finish(first.id, "old words");
  const Document second = add("col_1", "beta", {}, "report");
  EXPECT_EQ(second.id, first.id);
  EXPECT_EQ(second.version, 2);
  EXPECT_EQ(second.state, DocumentState::processing);
  EXPECT_EQ(replayed(second.label_id), (std::vector<std::string>{"old words"}));
  EXPECT_EQ(*text(first.id, 0, 100), "old words");
  finish(first.id, "new words\nand more", 2);
  EXPECT_EQ(replayed(second.label_id), (std::vector<std::string>{"new words", "and more"}));
  EXPECT_EQ(*text(first.id, 0, 9), "new words");
  EXPECT_EQ(get(first.id).state, DocumentState::ready);
  const Permit open = permit(Action::read, {"col_1"});
  const auto all = read([&](Snapshot& snapshot) { return versions(snapshot, open, first.id); });
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ((*all)[0].version, 2);
  EXPECT_EQ((*all)[0].sha256, sha256_of("beta"));
  EXPECT_EQ((*all)[1].sha256, sha256_of("alpha"));
}

TEST_F(DocumentsTest, KeepsServingTheOldVersionWhenTheNewOneFails) {
  const Document first = add("col_1", "alpha", {}, "report");
  finish(first.id, "old words");
  add("col_1", "beta", {}, "report");
  ASSERT_TRUE(write([&](Transaction& tx) { return fail_document(tx, first.id, "no", ++now, 2); }));
  EXPECT_EQ(get(first.id).state, DocumentState::failed);
  EXPECT_EQ(replayed(first.label_id), (std::vector<std::string>{"old words"}));
}

TEST_F(DocumentsTest, ShowsNothingNowOfAVersionThatWasReplacedMeanwhile) {
  const Document first = add("col_1", "alpha", {}, "report");
  ASSERT_TRUE(write([&](Transaction& tx) { return take_job(tx, ++now); }));
  const Document second = add("col_1", "beta", {}, "report");
  finish(first.id, "words of version 1", 1);
  EXPECT_EQ(get(first.id).state, DocumentState::queued);
  EXPECT_TRUE(replayed(first.label_id).empty());
  EXPECT_EQ(read([&](Snapshot& s) { return job(s, first.job_id); })->state, JobState::done);
  EXPECT_EQ(read([&](Snapshot& s) { return job(s, second.job_id); })->state, JobState::queued);
  finish(first.id, "words of version 2", 2);
  EXPECT_EQ(replayed(first.label_id), (std::vector<std::string>{"words of version 2"}));
}

TEST_F(DocumentsTest, RemovesEveryRowOfADocumentAndSaysWhatItWas) {
  const Document other = add("col_1", "beta");
  const Document document = add("col_1", "alpha", {}, "report");
  finish(document.id, "one\ntwo");
  add("col_1", "beta", {}, "report");
  finish(document.id, "three\nfour\nfive", 2);
  const auto erased = remove(document.id);
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->versions, 2);
  EXPECT_EQ(erased->chunks, 5);
  EXPECT_EQ(erased->vectors, 5);
  EXPECT_EQ(erased->bytes, 9);
  EXPECT_EQ(erased->commit, database->last_commit());
  EXPECT_FALSE(erased->blob_removed);  // `other` has the same bytes
  EXPECT_EQ(erased->unnamed_blobs, (std::vector<std::string>{sha256_of("alpha")}));
  EXPECT_TRUE(*read([&](Snapshot& s) { return blob_is_named(s, sha256_of("beta")); }));
  EXPECT_FALSE(*read([&](Snapshot& s) { return blob_is_named(s, sha256_of("alpha")); }));
  EXPECT_EQ(count_of("documents"), 1);
  for (const char* table : {"chunks", "document_texts", "document_layouts"}) {
    EXPECT_EQ(count_of(table), 0) << table;
  }
  EXPECT_TRUE(replayed(document.label_id).empty());
  EXPECT_TRUE(remove(other.id)->blob_removed);
  EXPECT_EQ(count_of("labels"), 0);
  EXPECT_EQ(count_of("changes"), 0);
  EXPECT_EQ(count_of("jobs"), 0);
}

TEST_F(DocumentsTest, LeavesNoErasedWordInItsFiles) {
  const Document document = add("col_1", "alpha");
  finish(document.id, "the word is xylophonist-42 and nothing else");
  ASSERT_TRUE(remove(document.id));
  ASSERT_TRUE(database->checkpoint());
  for (const char* name : {"wenyuan.db", "wenyuan.db-wal"}) {
    std::FILE* const file = std::fopen((home.path() / name).c_str(), "rb");
    ASSERT_NE(file, nullptr);
    std::string content;
    char buffer[4096];
    while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, file)) {
      content.append(buffer, count);
    }
    std::fclose(file);
    EXPECT_EQ(content.find("xylophonist"), std::string::npos) << name;
  }
}

TEST_F(DocumentsTest, NeverGivesAChunkIdTwice) {
  const Document first = add("col_1", "alpha");
  finish(first.id, "one\ntwo");
  const auto ids = [&] {
    const Permit open = permit(Action::read, {"col_1"});
    return *read([&](Snapshot& snapshot) { return chunk_ids(snapshot, open, {}); });
  };
  const auto before = ids();
  ASSERT_EQ(before.size(), 2U);
  ASSERT_TRUE(remove(first.id));
  reopen();
  finish(add("col_1", "beta").id, "three");
  EXPECT_GT(ids().front(), before.back());
}

TEST_F(DocumentsTest, IndexesTheChunksAnewUnderANewTitle) {
  Document document = add("col_1", "alpha");
  finish(document.id, "one\ntwo");
  const auto before = read([&](Snapshot& s) { return last_change(s, document.label_id); });
  document.title = "Another title";
  const auto updated = update(document);
  ASSERT_TRUE(updated) << updated.error().message;
  const auto log =
      read([&](Snapshot& snapshot) { return changes(snapshot, document.label_id, *before, 100); });
  ASSERT_EQ(log->size(), 2U);
  EXPECT_FALSE((*log)[0].added);
  EXPECT_TRUE((*log)[1].added);
  EXPECT_EQ((*log)[0].commit, (*log)[1].commit);
}

TEST_F(DocumentsTest, RefusesWhatCannotBeKept) {
  NewDocument bad = described("col_1", "alpha");
  bad.title = std::string(3000, 'a');
  EXPECT_EQ(try_add(bad).error().code, ErrorCode::invalid_argument);
  bad = described("col_1", "alpha");
  bad.external_id = "\xff";
  EXPECT_EQ(try_add(bad).error().code, ErrorCode::invalid_argument);
  bad = described("col_1", "alpha");
  bad.blob_sha256 = "../../etc/passwd";
  EXPECT_EQ(try_add(bad).error().code, ErrorCode::invalid_argument);
  bad = described("col_1", "alpha");
  bad.attributes = {{"Not a name", true}};
  EXPECT_EQ(try_add(bad).error().code, ErrorCode::invalid_argument);
  const Document good = add("col_1", "alpha");
  Processed outside = processed("short");
  outside.chunks[0].location.char_end = 6;
  EXPECT_FALSE(write([&](Transaction& tx) { return finish_document(tx, good.id, outside, now); }));
  Processed mixed = processed("one\ntwo");
  mixed.chunks[1].vector = {1};
  EXPECT_FALSE(write([&](Transaction& tx) { return finish_document(tx, good.id, mixed, now); }));
  EXPECT_EQ(get(good.id).state, DocumentState::queued);
}

TEST_F(DocumentsTest, RemovesACollectionWithAllThatIsInIt) {
  add_collection("col_2");
  finish(add("col_1", "alpha").id, "one");
  finish(add("col_1", "beta", {{"sensitivity", std::int64_t{1}}}).id, "two");
  const Document kept = add("col_2", "alpha");
  const auto manage =
      auth::PolicyEngine::make("usr_a", Action::manage, database->epoch(), {}, {"col_1"});
  const auto erased =
      write([&](Transaction& tx) { return remove_collection(tx, manage, "col_1"); });
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->size(), 2U);
  EXPECT_EQ(count_of("collections"), 1);
  EXPECT_EQ(count_of("documents"), 1);
  EXPECT_EQ(count_of("labels"), 1);
  EXPECT_EQ(get(kept.id).collection_id, "col_2");
}

}  // namespace
}  // namespace wenyuan::store
