#include "ingest/job_runner.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/file.h"
#include "pipeline_fixture.h"
#include "tests/paths.h"

namespace wenyuan::ingest {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using JobRunnerTest = PipelineFixture;

std::string file(const std::string& name) {
  auto content = read_file(test_data() / "documents" / name);
  EXPECT_TRUE(content.has_value());
  return content ? *std::move(content) : std::string();
}

TEST_F(JobRunnerTest, MakesAFileSearchable) {
  start();
  const Document uploaded = upload(file("report.pdf"), "application/octet-stream");
  const Job job = wait_for(uploaded.job_id);
  EXPECT_EQ(job.state, JobState::done);
  const Document ready = document(uploaded.id);
  EXPECT_EQ(ready.state, DocumentState::ready);
  EXPECT_EQ(ready.title, "Tide Gates Report");
  EXPECT_EQ(ready.media_type, "application/pdf");
  EXPECT_EQ(ready.page_count, 3);
  EXPECT_EQ(found("hydraulic cylinders"), 1U);
  const auto chunks = chunks_of(uploaded.id);
  ASSERT_FALSE(chunks.empty());
  EXPECT_FALSE(chunks[0].location.boxes.empty());
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(JobRunnerTest, KeepsTheTextThatItsChunksPointInto) {
  start();
  const Document uploaded = upload(file("contract.docx"));
  EXPECT_EQ(wait_for(uploaded.job_id).state, JobState::done);
  const Permit read = permit(Action::read);
  for (const Chunk& chunk : chunks_of(uploaded.id)) {
    const std::string text = take(database_->read([&](store::Snapshot& snapshot) {
      return store::document_text(snapshot, read, uploaded.id, chunk.location.char_start,
                                  chunk.location.char_end);
    }));
    EXPECT_EQ(text, chunk.text);
  }
}

TEST_F(JobRunnerTest, SaysWhyAFileFailed) {
  start();
  const Document uploaded = upload(file("scanned.pdf"));
  const Job job = wait_for(uploaded.job_id);
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_THAT(job.error, HasSubstr("no text layer"));
  EXPECT_EQ(document(uploaded.id).state, DocumentState::failed);
  EXPECT_THAT(document(uploaded.id).error, HasSubstr("no text layer"));
  // And goes on with the next one.
  EXPECT_EQ(wait_for(upload("Sluices are narrow.").job_id).state, JobState::done);
}

TEST_F(JobRunnerTest, TellsTheStagesInOrder) {
  start();
  const Document uploaded = upload("Sluices are narrow.");
  wait_for(uploaded.job_id);
  const std::lock_guard lock(mutex_);
  std::vector<std::string> stages;
  for (const Job& job : told_) stages.push_back(job.stage);
  EXPECT_THAT(stages, ::testing::ElementsAre("extract", "chunk", "embed", "index", "index"));
}

TEST_F(JobRunnerTest, WaitsForAnEngineThatRestarts) {
  engine_.fail(3, {ErrorCode::unavailable, "restarting"});
  start();
  const Document uploaded = upload("Sluices are narrow.");
  EXPECT_EQ(wait_for(uploaded.job_id).state, JobState::done);
  EXPECT_GE(engine_.count_calls() + engine_.embed_calls(), 4);
}

TEST_F(JobRunnerTest, FailsADocumentThatTheModelRefuses) {
  engine_.fail(1, {ErrorCode::invalid_argument, "not for this model"});
  start();
  const Job job = wait_for(upload("Sluices are narrow.").job_id);
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_EQ(job.error, "not for this model");
}

TEST_F(JobRunnerTest, WorksWithoutAnEmbeddingModel) {
  open_index("", 0);
  start({.worker_count = 1});
  EXPECT_EQ(wait_for(upload("Sluices are narrow.").job_id).state, JobState::done);
  EXPECT_EQ(engine_.embed_calls(), 0);
  EXPECT_EQ(found("sluices"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(JobRunnerTest, QueuesAgainWhatItIsStoppedAt) {
  engine_.fail(1'000'000, {ErrorCode::unavailable, "down"});
  start();
  const Document uploaded = upload("Sluices are narrow.");
  // The first request is for tokens; it fails for as long as the test likes.
  while (engine_.count_calls() == 0) std::this_thread::yield();
  runner_->stop();
  EXPECT_EQ(document(uploaded.id).state, DocumentState::queued);
  engine_.fail(0, {});
  start();
  EXPECT_EQ(wait_for(uploaded.job_id).state, JobState::done);
}

TEST_F(JobRunnerTest, DropsADocumentThatIsDeletedMeanwhile) {
  std::string id;
  engine_.on_embed([&] {
    if (!id.empty()) remove(std::exchange(id, {}));
  });
  const Document doomed = upload("Sluices are narrow.");
  id = doomed.id;
  start();
  EXPECT_EQ(wait_for(upload("Weirs are wide.").job_id).state, JobState::done);
  EXPECT_EQ(found("sluices"), 0U);
  EXPECT_EQ(found("weirs"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(JobRunnerTest, ReplacesAnOlderVersion) {
  start();
  // The title of the first version stays, so it must not be a word of this test.
  wait_for(upload("Manual\n\nSluices are narrow.", "text/plain", "manual").job_id);
  wait_for(upload("Manual\n\nWeirs are wide.", "text/plain", "manual").job_id);
  EXPECT_EQ(found("sluices"), 0U);
  EXPECT_EQ(found("weirs"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(JobRunnerTest, KeepsTheNewerVersionWhicheverIsFinishedLast) {
  std::atomic<int> calls = 0;
  engine_.on_embed([&] {
    if (++calls > 1) return;
    // The first version waits here until the second one is through.
    const Document newer = upload("Manual\n\nWeirs are wide.", "text/plain", "manual");
    EXPECT_EQ(wait_for(newer.job_id).state, JobState::done);
  });
  start({.worker_count = 2});
  const Document older = upload("Manual\n\nSluices are narrow.", "text/plain", "manual");
  wait_for(older.job_id);
  EXPECT_EQ(document(older.id).state, DocumentState::ready);
  EXPECT_EQ(found("sluices"), 0U);
  EXPECT_EQ(found("weirs"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(JobRunnerTest, AnOldVersionThatFailsLeavesTheNewerOneAlone) {
  std::atomic<int> calls = 0;
  std::string newer_job;
  engine_.on_embed([&] {
    if (++calls > 1) return;
    // The first version fails after the second one has come, and before that is read.
    newer_job = upload("Manual\n\nWeirs are wide.", "text/plain", "manual").job_id;
    engine_.fail(1, {ErrorCode::invalid_argument, "not for this model"});
  });
  start();
  const Document older = upload("Manual\n\nSluices are narrow.", "text/plain", "manual");
  EXPECT_EQ(wait_for(older.job_id).state, JobState::failed);
  EXPECT_EQ(wait_for(newer_job).state, JobState::done);
  EXPECT_EQ(document(older.id).state, DocumentState::ready);
  EXPECT_EQ(document(older.id).error, "");
  EXPECT_EQ(found("weirs"), 1U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

TEST_F(JobRunnerTest, SeveralWorkersDoEachJobOnce) {
  start({.worker_count = 3, .embed_batch = 2});
  std::vector<Document> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(upload("Pump number " + std::to_string(i) + " stands in hall " +
                         std::to_string(i * 7) + "."));
  }
  for (const Document& each : all) EXPECT_EQ(wait_for(each.job_id).state, JobState::done);
  EXPECT_EQ(found("pump"), 20U);
  EXPECT_THAT(mismatches(), IsEmpty());
}

}  // namespace
}  // namespace wenyuan::ingest
