#include "store/late_vectors.h"

#include <gmock/gmock.h>

#include "store/consistency.h"
#include "store/job_store.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kNew = "new";

class LateVectorsTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
  }
  // With vectors of `model`, or without any.
  Document ready(const std::string& text, const std::string& model) {
    const Document document = add("col_1", text);
    Processed result = processed(text);
    result.embedding_model = model;
    if (model.empty()) {
      for (Chunk& chunk : result.chunks) chunk.vector.clear();
    }
    EXPECT_TRUE(
        write([&](Transaction& tx) { return finish_document(tx, document.id, result, ++now); }));
    return document;
  }
  std::int64_t count() {
    return *read([](Snapshot& snapshot) { return unembedded_count(snapshot, kNew); });
  }
  std::optional<Job> take() {
    return *write([&](Transaction& tx) { return take_embed_job(tx, kNew, ++now); });
  }
  std::vector<Chunk> lacking(const Document& document, std::size_t count_max = 100) {
    return *read([&](Snapshot& snapshot) {
      return unembedded_chunks(snapshot, document.id, kNew, count_max);
    });
  }
  std::vector<ChunkVector> vectors_for(const std::vector<Chunk>& chunks) {
    std::vector<ChunkVector> made;
    for (const Chunk& chunk : chunks) made.push_back({chunk.id, {0, 1}});
    return made;
  }
  void put(const Document& document, const std::vector<ChunkVector>& vectors) {
    const Status done =
        write([&](Transaction& tx) { return put_vectors(tx, document.id, kNew, vectors); });
    EXPECT_TRUE(done) << done.error().message;
  }
  std::vector<Chunk> indexed(const std::string& model) {
    return *read([&](Snapshot& snapshot) {
      return chunks_for_index(snapshot, all_labels()[0].id, {0, 1000, 1000}, model);
    });
  }
  std::size_t vectors_of(const std::string& model) {
    std::size_t found = 0;
    for (const Chunk& chunk : indexed(model)) found += chunk.vector.empty() ? 0 : 1;
    return found;
  }
  std::vector<std::string> problems() {
    return read([](Snapshot& snapshot) { return check_consistency(snapshot); })->problems;
  }
};

TEST_F(LateVectorsTest, FindsDocumentsWithoutVectorsFirstAndThenThoseOfAnotherModel) {
  const Document other = ready("a", "zebra");
  const Document none = ready("b", "");
  ready("c", kNew);
  EXPECT_EQ(count(), 2);
  const auto first = take();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->document_id, none.id);
  EXPECT_EQ(first->kind, "embed");
  EXPECT_EQ(first->state, JobState::running);
  EXPECT_EQ(take()->document_id, other.id);
  EXPECT_FALSE(take());
}

TEST_F(LateVectorsTest, GivesVectorsPieceByPiece) {
  const Document document = ready("a\nb\nc", "");
  put(document, vectors_for(lacking(document, 2)));
  EXPECT_EQ(vectors_of(kNew), 2U);
  EXPECT_EQ(lacking(document).size(), 1U);
  EXPECT_EQ(count(), 1);
  EXPECT_THAT(problems(), IsEmpty());
  reopen();
  put(document, vectors_for(lacking(document)));
  EXPECT_EQ(vectors_of(kNew), 3U);
  EXPECT_EQ(count(), 0);
  EXPECT_THAT(lacking(document), IsEmpty());
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(LateVectorsTest, TellsTheIndexesOfEachPiece) {
  const Document document = ready("a\nb\nc", "");
  const LabelId label = all_labels()[0].id;
  const auto last = [&] {
    return *read([&](Snapshot& snapshot) { return last_change(snapshot, label); });
  };
  const CommitNumber before = last();
  put(document, vectors_for(lacking(document, 1)));
  const CommitNumber between = last();
  const auto seen = *read([&](Snapshot& snapshot) { return changes(snapshot, label, before, 10); });
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].first_chunk, seen[0].last_chunk);
  put(document, vectors_for(lacking(document)));
  // All that was recorded before is needless then.
  EXPECT_EQ(read([&](Snapshot& snapshot) { return changes(snapshot, label, 0, 10); })->size(), 1U);
  EXPECT_GT(last(), between);
  EXPECT_THAT(replayed(label), ElementsAre("a", "b", "c"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(LateVectorsTest, LetsVectorsOfAnotherModelGo) {
  const Document document = ready("a\nb", "old");
  EXPECT_EQ(vectors_of("old"), 2U);
  EXPECT_EQ(vectors_of(kNew), 0U);
  EXPECT_EQ(vectors_of(""), 0U);
  put(document, vectors_for(lacking(document, 1)));
  EXPECT_EQ(vectors_of("old"), 0U);
  EXPECT_EQ(vectors_of(kNew), 1U);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(LateVectorsTest, PassesOverChunksThatANewVersionReplaced) {
  const Document document = ready("a\nb", "");
  const auto old = vectors_for(lacking(document));
  Processed newer = processed("c");
  newer.embedding_model = "";
  newer.chunks[0].vector.clear();
  ASSERT_TRUE(
      write([&](Transaction& tx) { return finish_document(tx, document.id, newer, ++now); }));
  put(document, old);
  EXPECT_EQ(lacking(document).size(), 1U);
  EXPECT_EQ(vectors_of(kNew), 0U);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(LateVectorsTest, DoesNotTryAgainWhatFailedBeforeTheNextStart) {
  const Document document = ready("a", "");
  const Job job = *take();
  ASSERT_TRUE(write([&](Transaction& tx) { return fail_embed_job(tx, job, "too odd", ++now); }));
  EXPECT_EQ(get(document.id).state, DocumentState::ready);
  EXPECT_FALSE(take());
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(write([](Transaction& tx) { return retry_embedding(tx); }));
  EXPECT_EQ(take()->document_id, document.id);
}

TEST_F(LateVectorsTest, ComesAfterUploads) {
  ready("a", "");
  const Job embed = *take();
  const Document upload = add("col_1", "b");
  ASSERT_TRUE(write([&](Transaction& tx) { return put_back_embed_job(tx, embed, ++now); }));
  const auto next = [&] { return *write([&](Transaction& tx) { return take_job(tx, ++now); }); };
  EXPECT_EQ(next()->id, upload.job_id);
  const auto again = next();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->id, embed.id);
  EXPECT_EQ(again->attempts, 1);
}

TEST_F(LateVectorsTest, ACrashTimeAndAgainFailsTheJobButNotTheDocument) {
  const Document document = ready("a", "");
  const Job job = *take();
  for (int attempt = 0; attempt < 3; ++attempt) {
    ASSERT_TRUE(write([&](Transaction& tx) { return requeue_running_jobs(tx, 3, ++now); }));
    static_cast<void>(write([&](Transaction& tx) { return take_job(tx, ++now); }));
  }
  EXPECT_EQ(read([&](Snapshot& s) { return store::job(s, job.id); })->state, JobState::failed);
  EXPECT_EQ(get(document.id).state, DocumentState::ready);
  EXPECT_FALSE(take());
}

TEST_F(LateVectorsTest, ForgetsVectorsOfAModelThatIsAnotherNow) {
  const Document document = ready("a", kNew);
  ASSERT_TRUE(write([](Transaction& tx) { return forget_vectors(tx, kNew); }));
  EXPECT_EQ(lacking(document).size(), 1U);
  EXPECT_EQ(take()->document_id, document.id);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(LateVectorsTest, ANewVersionThatFailsDoesNotEndTheJobForTheOldChunks) {
  const Document document = add("col_1", "a", {}, "ext");
  Processed result = processed("a");
  result.embedding_model = "";
  result.chunks[0].vector.clear();
  ASSERT_TRUE(
      write([&](Transaction& tx) { return finish_document(tx, document.id, result, ++now); }));
  const Job job = *take();
  add("col_1", "b", {}, "ext");
  ASSERT_TRUE(
      write([&](Transaction& tx) { return fail_document(tx, document.id, "no", ++now, 2); }));
  EXPECT_EQ(read([&](Snapshot& s) { return store::job(s, job.id); })->state, JobState::running);
}

}  // namespace
}  // namespace wenyuan::store
