#include <gmock/gmock.h>

#include "store/consistency.h"
#include "store/late_vectors.h"
#include "store/repair.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PastVersions : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_a");
  }

  Document add_version(const std::string& content, std::optional<UnixMillis> from = {},
                       std::optional<UnixMillis> until = {}) {
    NewDocument wanted = described("col_a", content);
    wanted.external_id = "ext";
    wanted.effective_from = from;
    wanted.effective_until = until;
    auto added = try_add(wanted);
    EXPECT_TRUE(added) << added.error().message;
    return added ? added->document : Document();
  }
  // Uploaded and read; from then on it is the one of now.
  Document ready_version(const std::string& content, std::optional<UnixMillis> from = {}) {
    const Document document = add_version(content, from);
    finish(document.id, content, document.version);
    return get(document.id);
  }

  // Texts of the chunks that a search as of this moment may find.
  std::vector<std::string> texts_at(UnixMillis time, const std::string& collection = "col_a") {
    const Permit open = permit(Action::read, {collection});
    std::vector<std::string> texts;
    const Status done = read([&](Snapshot& snapshot) -> Status {
      WY_TRY(const auto ids, chunk_ids_as_of(snapshot, open, open.labels(), {}, time));
      WY_TRY(const auto chunks, chunks_by_id(snapshot, open, ids, true));
      EXPECT_EQ(chunks.size(), ids.size());
      for (const Chunk& chunk : chunks) texts.push_back(chunk.text);
      return Done{};
    });
    EXPECT_TRUE(done) << done.error().message;
    return texts;
  }

  std::vector<std::string> replayed_past(LabelId label) {
    std::vector<std::string> texts;
    const Status done = read([&](Snapshot& snapshot) -> Status {
      WY_TRY(const auto all, changes(snapshot, label, 0, 1000, Era::past));
      std::set<ChunkId> held;
      for (const Change& change : all) {
        for (ChunkId id = change.first_chunk; id <= change.last_chunk; ++id) {
          change.added ? static_cast<void>(held.insert(id)) : static_cast<void>(held.erase(id));
        }
      }
      for (const ChunkId id : held) {
        WY_TRY(const auto found, chunks_for_index(snapshot, label, {id, id, 1}, "test", Era::past));
        for (const Chunk& chunk : found) texts.push_back(chunk.text);
      }
      return Done{};
    });
    EXPECT_TRUE(done) << done.error().message;
    return texts;
  }

  std::vector<std::string> problems() {
    const auto found = read([](Snapshot& snapshot) { return check_consistency(snapshot); });
    EXPECT_TRUE(found) << found.error().message;
    return found ? found->problems : std::vector<std::string>();
  }

  std::int64_t past_rows() {
    return count_of("past_chunks") + count_of("past_texts") + count_of("past_layouts");
  }
};

TEST_F(PastVersions, AreFoundAsOfTheTimeWhenTheyHeld) {
  const Document first = ready_version("one\n1");
  const UnixMillis then = now;
  ready_version("two");
  EXPECT_THAT(texts_at(then), ElementsAre("one", "1"));
  EXPECT_THAT(texts_at(now), ElementsAre("two"));
  EXPECT_THAT(texts_at(1), IsEmpty());
  EXPECT_THAT(replayed(first.label_id), ElementsAre("two"));
  EXPECT_THAT(replayed_past(first.label_id), ElementsAre("one", "1"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(PastVersions, KeepTheirChunksAndTextsAndTitles) {
  ready_version("one");
  const Permit before = permit(Action::read, {"col_a"});
  const auto now_ids =
      *read([&](Snapshot& s) { return chunk_ids(s, before, {.collection_id = "col_a"}); });
  const Document document = ready_version("two");
  const Permit open = permit(Action::read, {"col_a"});
  const Status done = read([&](Snapshot& s) -> Status {
    WY_TRY(const auto hidden, chunks_by_id(s, open, now_ids));
    EXPECT_THAT(hidden, IsEmpty());
    WY_TRY(const auto chunks, chunks_by_id(s, open, now_ids, true));
    EXPECT_EQ(chunks.at(0).title, "Title of one");
    EXPECT_EQ(chunks.at(0).location.version, 1);
    WY_TRY(const std::string text, document_text(s, open, document.id, 0, 100, 1));
    EXPECT_EQ(text, "one");
    WY_TRY(const std::string present, document_text(s, open, document.id, 0, 100));
    EXPECT_EQ(present, "two");
    WY_TRY(const auto listed, store::chunks(s, open, document.id, {}, 1));
    EXPECT_EQ(listed.items.at(0).text, "one");
    WY_TRY(const std::int64_t held, text_version_at(s, open, document.id, now - 3));
    EXPECT_EQ(held, 1);
    EXPECT_EQ(document_text(s, open, document.id, 0, 1, 3).error().code, ErrorCode::not_found);
    return Done{};
  });
  EXPECT_TRUE(done) << done.error().message;
}

TEST_F(PastVersions, OfWhichTheNewestThatHeldCounts) {
  ready_version("one", 100);
  ready_version("two", 300);
  const Document last = add_version("for a while", 350, 360);
  finish(last.id, "for a while", last.version);
  EXPECT_THAT(texts_at(99), IsEmpty());
  EXPECT_THAT(texts_at(299), ElementsAre("one"));
  EXPECT_THAT(texts_at(300), ElementsAre("two"));
  EXPECT_THAT(texts_at(355), ElementsAre("for a while"));
  EXPECT_THAT(texts_at(360), ElementsAre("two"));
}

TEST_F(PastVersions, WithoutATextLeaveTheOneBeforeVisible) {
  ready_version("one", 100);
  const Document failed = add_version("two", 200);
  ASSERT_TRUE(write([&](Transaction& tx) { return fail_document(tx, failed.id, "no", ++now, 2); }));
  EXPECT_THAT(texts_at(250), ElementsAre("one"));
  ready_version("three", 300);
  EXPECT_THAT(texts_at(250), ElementsAre("one"));
}

TEST_F(PastVersions, ThatAreReadAfterANewerOneGoToThePastAtOnce) {
  const Document first = add_version("one", 100);
  const Document second = add_version("two", 200);
  finish(first.id, "two", 2);
  finish(first.id, "one", 1);
  EXPECT_THAT(texts_at(150), ElementsAre("one"));
  EXPECT_THAT(texts_at(250), ElementsAre("two"));
  EXPECT_THAT(replayed(second.label_id), ElementsAre("two"));
  EXPECT_THAT(replayed_past(second.label_id), ElementsAre("one"));
  EXPECT_EQ(get(first.id).state, DocumentState::ready);
  finish(first.id, "again", 1);
  EXPECT_THAT(texts_at(150), ElementsAre("one"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(PastVersions, AreReadFromTheirOwnBytes) {
  const Document first = add_version("one");
  const Document second = add_version("two");
  const auto of_job = [&](const std::string& job) {
    return *read([&](Snapshot& s) { return document_for_ingest(s, first.id, job); });
  };
  EXPECT_EQ(of_job(first.job_id).sha256, sha256_of("one"));
  EXPECT_EQ(of_job(first.job_id).title, "Title of one");
  EXPECT_EQ(of_job(first.job_id).version, 1);
  EXPECT_EQ(of_job(second.job_id).sha256, sha256_of("two"));
}

TEST_F(PastVersions, MoveWithTheLabelOfNow) {
  const Document before = ready_version("one", 100);
  ready_version("two", 200);
  Document changed = get(before.id);
  changed.attributes = {{"department", "pumps"}};
  const Permit open = permit(Action::write, {"col_a"});
  ASSERT_TRUE(
      write([&](Transaction& tx) { return update_document(tx, open, changed, access, ++now); }));
  const LabelId label = get(before.id).label_id;
  EXPECT_NE(label, before.label_id);
  EXPECT_THAT(replayed_past(label), ElementsAre("one"));
  EXPECT_THAT(texts_at(150), ElementsAre("one"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(PastVersions, AreHiddenWithTheirDocument) {
  const Document document = ready_version("one", 100);
  ready_version("two", 200);
  add_collection("col_b");
  EXPECT_THAT(texts_at(150, "col_b"), IsEmpty());
  const Permit other = permit(Action::read, {"col_b"});
  const Permit own = permit(Action::read, {"col_a"});
  const auto at = [&](const Permit& open, UnixMillis time) {
    return read([&](Snapshot& s) { return text_version_at(s, open, document.id, time); });
  };
  EXPECT_EQ(at(other, 150).error().message, at(own, 50).error().message);
  const auto numbered = [&](const Permit& open, std::int64_t version) {
    return read([&](Snapshot& s) { return version_numbered(s, open, document.id, version); });
  };
  EXPECT_EQ(numbered(other, 1).error().message, numbered(own, 9).error().message);
  EXPECT_EQ(numbered(own, 1)->sha256, sha256_of("one"));
}

TEST_F(PastVersions, AreErasedWithTheirDocument) {
  const Document document = ready_version("one\n1", 100);
  ready_version("two", 200);
  ready_version("three", 300);
  const std::int64_t secrets = 3;
  const Permit open = permit(Action::write, {"col_a"});
  const auto erased =
      write([&](Transaction& tx) { return remove_document(tx, open, document.id); });
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->chunks, 4);
  EXPECT_EQ(erased->vectors, 4);
  EXPECT_EQ(erased->versions, secrets);
  EXPECT_EQ(erased->past_chunks.size(), 4U);
  EXPECT_EQ(past_rows(), 0);
  EXPECT_THAT(texts_at(150), IsEmpty());
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(PastVersions, ForgetVectorsOfAModelThatIsAnotherNow) {
  ready_version("one");
  const Document document = ready_version("two");
  ASSERT_TRUE(write([](Transaction& tx) { return forget_vectors(tx, "test"); }));
  const auto past = read([&](Snapshot& s) {
    return chunks_for_index(s, document.label_id, {1, 1000, 10}, "test", Era::past);
  });
  EXPECT_THAT(past->at(0).vector, IsEmpty());
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(PastVersions, ThatAreDamagedAreReadAgain) {
  ready_version("one", 100);
  const Document document = ready_version("two", 200);
  ASSERT_TRUE(write([](Transaction& tx) -> Status {
    WY_TRY(auto statement, tx.prepare("UPDATE past_chunks SET content = zeroblob(40)"));
    return statement.run();
  }));
  EXPECT_EQ(problems().size(), 1U);
  ASSERT_TRUE(write([&](Transaction& tx) { return repair_rows(tx, ++now); }));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(texts_at(150), IsEmpty());
  finish(document.id, "one", 1);
  EXPECT_THAT(texts_at(150), ElementsAre("one"));
  EXPECT_THAT(texts_at(250), ElementsAre("two"));
}

TEST_F(PastVersions, LeaveWhatASearchOfNowReportsAlone) {
  const Document first = add_version("one");
  const Document second = add_version("two");
  finish(first.id, "two", 2);
  const std::vector<LabelId> labels = {second.label_id};
  const auto count = [&] { return *read([&](Snapshot& s) { return change_count(s, labels); }); };
  const std::int64_t before = count();
  finish(first.id, "one", 1);
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace wenyuan::store
