#include "ingest/late_embedder.h"

#include <gmock/gmock.h>

#include "pipeline_fixture.h"
#include "store/consistency.h"
#include "store/late_vectors.h"

namespace wenyuan::ingest {
namespace {

using ::testing::IsEmpty;

class LateEmbedderTest : public PipelineFixture {
 protected:
  // As long as there is no model.
  Document ingest_without_vectors(const std::string& text) {
    open_index("", 0);
    start();
    const Document document = upload(text);
    EXPECT_EQ(wait_for(document.job_id).state, JobState::done);
    runner_.reset();
    return document;
  }
  void restart_with_model() {
    open_index(kModel, llm::FakeEngine::kVectorSize);
    expect_done(indexer_->catch_up_all({}));
    start();
  }
  // Until a job for vectors of the document is told to have ended; its state.
  JobState wait_for_vectors(const std::string& document_id) {
    std::unique_lock lock(mutex_);
    std::optional<JobState> ended;
    changed_.wait_for(lock, std::chrono::seconds(60), [&] {
      for (const Job& job : told_) {
        const bool over = job.state == JobState::done || job.state == JobState::failed;
        if (job.kind == "embed" && job.document_id == document_id && over) ended = job.state;
      }
      return ended.has_value();
    });
    EXPECT_TRUE(ended) << "the document got no vectors";
    return ended.value_or(JobState::queued);
  }
  std::vector<index::Hit> semantic(std::string_view text) {
    const auto all = labels();
    const auto query = llm::FakeEngine::vector_of(text);
    return take(index_->semantic(permit(Action::read), {all, nullptr}, query, 10));
  }
  std::int64_t without_vectors() {
    return take(database_->read(
        [](store::Snapshot& snapshot) { return store::unembedded_count(snapshot, kModel); }));
  }
  std::vector<std::string> problems() {
    return take(database_->read(
                    [](store::Snapshot& snapshot) { return store::check_consistency(snapshot); }))
        .problems;
  }
  // `count` chunks, each a section of its own.
  static std::string sections(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += "# Hall " + std::to_string(i) + "\n\n";
      for (int word = 0; word < 150; ++word) text += "pump" + std::to_string(i) + " ";
      text += "\n\n";
    }
    return text;
  }
};

TEST_F(LateEmbedderTest, EmbedsWhatWasIngestedBeforeThereWasAModel) {
  const Document document = ingest_without_vectors("Sluices are narrow.");
  EXPECT_EQ(engine_.embed_calls(), 0);
  restart_with_model();
  EXPECT_EQ(wait_for_vectors(document.id), JobState::done);
  EXPECT_EQ(semantic("narrow sluices").size(), 1U);
  EXPECT_EQ(without_vectors(), 0);
  EXPECT_THAT(mismatches(), IsEmpty());
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(LateEmbedderTest, TakesUpAModelThatComesWhileItRuns) {
  open_index("", 0);
  start();
  const Document document = upload("Sluices are narrow.");
  wait_for(document.job_id);
  expect_done(indexer_->use_model({kModel, llm::FakeEngine::kVectorSize}, {}));
  EXPECT_EQ(found("sluices"), 1U);
  runner_->wake();
  EXPECT_EQ(wait_for_vectors(document.id), JobState::done);
  EXPECT_EQ(semantic("narrow sluices").size(), 1U);
  EXPECT_EQ(found("sluices"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(LateEmbedderTest, EmbedsAnewWhatAnotherModelHasEmbedded) {
  start();
  const Document document = upload("Sluices are narrow.");
  wait_for(document.job_id);
  runner_.reset();
  // Vectors under another name count for nothing.
  expect_done(database_->write([&](store::Transaction& tx) -> Status {
    WY_TRY(auto statement, tx.prepare("UPDATE documents SET embedding_model = 'another'"));
    return statement.run();
  }));
  std::filesystem::remove_all(home_ / "index");
  open_index(kModel, llm::FakeEngine::kVectorSize);
  expect_done(indexer_->catch_up_all({}));
  EXPECT_THAT(semantic("narrow sluices"), IsEmpty());
  start();
  EXPECT_EQ(wait_for_vectors(document.id), JobState::done);
  EXPECT_EQ(semantic("narrow sluices").size(), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(LateEmbedderTest, GoesOnWhereItStopped) {
  const Document document = ingest_without_vectors(sections(300));
  const std::int64_t chunk_count = this->document(document.id).chunk_count;
  ASSERT_GT(chunk_count, 256);
  // The second piece never comes.
  std::atomic<int> calls = 0;
  engine_.on_embed([&] {
    if (++calls == 17) engine_.fail(1'000'000, {ErrorCode::unavailable, "down"});
  });
  restart_with_model();
  while (calls < 18) std::this_thread::yield();
  runner_.reset();
  EXPECT_EQ(without_vectors(), 1);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(mismatches(), IsEmpty());
  EXPECT_EQ(take(index_->contents(labels()[0])).vectors.size(), 256U);

  engine_.on_embed({});
  engine_.fail(0, {});
  const int calls_before = engine_.embed_calls();
  restart_with_model();
  EXPECT_EQ(wait_for_vectors(document.id), JobState::done);
  EXPECT_LE(engine_.embed_calls() - calls_before, static_cast<int>(chunk_count - 256) / 16 + 1);
  EXPECT_EQ(take(index_->contents(labels()[0])).vectors.size(),
            static_cast<std::size_t>(chunk_count));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(LateEmbedderTest, GivesWayToAnUpload) {
  const Document old = ingest_without_vectors(sections(300));
  std::string uploaded_job;
  std::atomic<int> calls = 0;
  engine_.on_embed([&] {
    if (++calls == 1) uploaded_job = upload("Weirs are wide.").job_id;
  });
  restart_with_model();
  EXPECT_EQ(wait_for_vectors(old.id), JobState::done);
  EXPECT_EQ(wait_for(uploaded_job).state, JobState::done);
  const std::lock_guard lock(mutex_);
  const auto ended = [&](const std::string& kind) {
    return std::find_if(told_.begin(), told_.end(), [&](const Job& job) {
      return job.kind == kind && job.state == JobState::done &&
             (kind == "embed" || job.id == uploaded_job);
    });
  };
  EXPECT_LT(ended("ingest"), ended("embed"));
}

TEST_F(LateEmbedderTest, LeavesADocumentThatTheModelRefusesSearchable) {
  const Document document = ingest_without_vectors("Sluices are narrow.");
  engine_.fail(1, {ErrorCode::invalid_argument, "not for this model"});
  restart_with_model();
  EXPECT_EQ(wait_for_vectors(document.id), JobState::failed);
  EXPECT_EQ(this->document(document.id).state, DocumentState::ready);
  EXPECT_EQ(found("sluices"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(LateEmbedderTest, StopsForADocumentThatIsDeletedMeanwhile) {
  const Document document = ingest_without_vectors("Sluices are narrow.");
  std::atomic<int> calls = 0;
  std::atomic<bool> is_removed = false;
  engine_.on_embed([&] {
    if (++calls != 1) return;
    remove(document.id);
    is_removed = true;
  });
  restart_with_model();
  while (!is_removed) std::this_thread::yield();
  EXPECT_EQ(wait_for(upload("Weirs are wide.").job_id).state, JobState::done);
  while (calls < 2) std::this_thread::yield();
  runner_.reset();  // nothing changes any more
  EXPECT_EQ(found("sluices"), 0U);
  EXPECT_EQ(found("weirs"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

}  // namespace
}  // namespace wenyuan::ingest
