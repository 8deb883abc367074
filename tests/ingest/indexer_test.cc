#include "ingest/indexer.h"

#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "pipeline_fixture.h"
#include "store/chunk_row.h"
#include "store/document_row.h"

namespace wenyuan::ingest {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class IndexerTest : public PipelineFixture {
 protected:
  // As if a worker had processed it.
  void finish(const Document& document, const std::vector<std::string>& texts) {
    store::Processed processed;
    processed.embedding_model = kModel;
    for (const std::string& text : texts) {
      Chunk chunk;
      chunk.text = text;
      chunk.location.char_start = static_cast<std::int64_t>(processed.text.size());
      processed.text += text;
      chunk.location.char_end = static_cast<std::int64_t>(processed.text.size());
      chunk.vector = llm::FakeEngine::vector_of(text);
      processed.chunks.push_back(std::move(chunk));
    }
    expect_done(database_->write([&](store::Transaction& tx) -> Status {
      return store::finish_document(tx, document.id, processed, clock_.now());
    }));
  }
  Document add(const std::vector<std::string>& texts) {
    const Document document = upload(new_id("txt"));
    finish(document, texts);
    return document;
  }
  void catch_up() { expect_done(indexer_->catch_up(labels())); }
};

TEST_F(IndexerTest, ShowsWhatIsCommitted) {
  add({"the sluice is narrow", "the weir is wide"});
  EXPECT_EQ(found("weir"), 0U);
  catch_up();
  EXPECT_EQ(found("weir"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(IndexerTest, FindsWordsThatAreNotTheStoresAndRebuilds) {
  const Document document = add({"the sluice is narrow", "the weir is wide"});
  catch_up();
  // Titles are searched with each chunk.
  expect_done(database_->write([&](store::Transaction& tx) -> Status {
    WY_TRY(store::DocumentRow row, store::load_document(tx, document.id));
    row.document.title = "the dyke is wide";
    return store::save_document(tx, row);
  }));
  EXPECT_THAT(take(indexer_->verify()), IsEmpty());
  const auto different = take(indexer_->verify(true));
  ASSERT_THAT(different, SizeIs(1));
  EXPECT_EQ(found("dyke"), 0U);
  expect_done(indexer_->rebuild(different[0].label));
  EXPECT_THAT(take(indexer_->verify(true)), IsEmpty());
  EXPECT_EQ(found("dyke"), 2U);
  EXPECT_EQ(index_->status()[0].sealed, index_->status()[0].applied);
}

TEST_F(IndexerTest, FindsNumbersThatAreNotTheStores) {
  const Document document = add({"the sluice is narrow", "the weir is wide"});
  catch_up();
  expect_done(database_->write([&](store::Transaction& tx) -> Status {
    WY_TRY(const store::DocumentRow row, store::load_document(tx, document.id));
    store::DocumentKeys keys(tx);
    WY_TRY(const store::DocumentKey* const key,
           store::version_key(tx, keys, row, row.text_version));
    const std::vector<float> other(llm::FakeEngine::kVectorSize, 0.25F);
    const std::string sealed = store::seal_vector(*key, {row.number, 1, 1}, other);
    WY_TRY(auto statement, tx.prepare("UPDATE chunks SET vector = ? WHERE ordinal = 1"));
    return statement.bind_blob(1, store::as_bytes(sealed)).run();
  }));
  EXPECT_THAT(take(indexer_->verify()), IsEmpty());
  EXPECT_THAT(take(indexer_->verify(true)), SizeIs(1));
}

TEST_F(IndexerTest, DropsCompartmentsOfLabelsThatAreGone) {
  const Document document = add({"the sluice is narrow"});
  catch_up();
  const std::vector<LabelId> gone = labels();
  ASSERT_THAT(gone, SizeIs(1));
  remove(document.id);
  expect_done(indexer_->catch_up(gone));
  EXPECT_EQ(index_->applied(gone[0]), 0);
  expect_done(indexer_->catch_up_all({}));
  EXPECT_THAT(index_->status(), IsEmpty());
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(IndexerTest, StartsFromWhatIsSealed) {
  add({"the sluice is narrow"});
  catch_up();
  expect_done(indexer_->seal_changed(true));
  add({"the weir is wide"});
  catch_up();
  open_index(kModel, llm::FakeEngine::kVectorSize);
  EXPECT_EQ(found("sluice"), 1U);
  EXPECT_EQ(found("weir"), 0U);
  expect_done(indexer_->catch_up_all({}));
  EXPECT_EQ(found("weir"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(IndexerTest, RebuildsALostIndex) {
  for (int i = 0; i < 5; ++i) add({"gate number " + std::to_string(i)});
  catch_up();
  for (const LabelId label : labels()) expect_done(index_->drop(label));
  EXPECT_EQ(found("gate"), 0U);
  catch_up();
  EXPECT_EQ(found("gate"), 5U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(IndexerTest, AppliesManyCommitsInBatches) {
  for (int i = 0; i < 30; ++i) {
    add(std::vector<std::string>(40, "lock number " + std::to_string(i)));
  }
  catch_up();
  EXPECT_EQ(take(index_->contents(labels()[0])).lexical.size(), 1200U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(IndexerTest, SealsRemovalsSoonAndAdditionsLater) {
  const Document document = add({"the sluice is narrow"});
  add({"the weir is wide"});
  catch_up();
  expect_done(indexer_->seal_changed(false));
  EXPECT_EQ(index_->status()[0].sealed, 0);
  remove(document.id);
  catch_up();
  expect_done(indexer_->seal_changed(false));
  EXPECT_EQ(index_->status()[0].sealed, index_->status()[0].applied);
}

TEST_F(IndexerTest, LeavesOutVectorsOfAnotherModel) {
  add({"the sluice is narrow"});
  open_index("other", 8);
  catch_up();
  EXPECT_EQ(found("sluice"), 1U);
  EXPECT_THAT(take(index_->contents(labels()[0])).vectors, IsEmpty());
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(IndexerTest, FindsWhatDoesNotAgree) {
  add({"the sluice is narrow", "the weir is wide"});
  catch_up();
  const LabelId label = labels()[0];
  const index::Batch batch{index_->applied(label) + 1, {1}, {}};
  expect_done(index_->apply(label, batch));
  // The index is ahead of the store, so it is rebuilt.
  EXPECT_THAT(mismatches(), IsEmpty());
  EXPECT_EQ(found("sluice"), 1U);
}

TEST_F(IndexerTest, ManyCallersAgreeOnARandomHistory) {
  std::mt19937 random(7);
  std::vector<Document> alive;
  std::atomic<bool> writing = true;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (writing) expect_done(indexer_->catch_up(labels()));
    });
  }
  for (int round = 0; round < 60; ++round) {
    if (alive.size() > 3 && random() % 3 == 0) {
      const std::size_t at = random() % alive.size();
      remove(alive[at].id);
      alive.erase(alive.begin() + static_cast<std::ptrdiff_t>(at));
    } else if (!alive.empty() && random() % 3 == 0) {
      finish(alive[random() % alive.size()], {"changed in round " + std::to_string(round)});
    } else {
      alive.push_back(add({"a gate of round " + std::to_string(round), "and a weir"}));
    }
  }
  writing = false;
  readers.clear();
  EXPECT_THAT(mismatches(), IsEmpty());
}

}  // namespace
}  // namespace wenyuan::ingest
