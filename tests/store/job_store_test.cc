#include "store/job_store.h"

#include <gtest/gtest.h>

#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

class JobStoreTest : public ContentFixture {
 protected:
  void SetUp() override {
    ContentFixture::SetUp();
    add_collection("col_1");
  }
  std::optional<Job> take() {
    auto taken = write([&](Transaction& tx) { return take_job(tx, ++now); });
    EXPECT_TRUE(taken);
    return taken ? *taken : std::nullopt;
  }
  Job find(const std::string& id) {
    return *read([&](Snapshot& snapshot) { return job(snapshot, id); });
  }
  void requeue(int attempts_max) {
    ASSERT_TRUE(
        write([&](Transaction& tx) { return requeue_running_jobs(tx, attempts_max, ++now); }));
  }
  std::int64_t queued() {
    return *read([](Snapshot& snapshot) { return queued_job_count(snapshot); });
  }
};

TEST_F(JobStoreTest, GivesTheOldestQueuedJobOnce) {
  const Document first = add("col_1", "a");
  const Document second = add("col_1", "b");
  EXPECT_EQ(queued(), 2);
  const auto taken = take();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->id, first.job_id);
  EXPECT_EQ(taken->state, JobState::running);
  EXPECT_EQ(taken->attempts, 1);
  EXPECT_EQ(get(first.id).state, DocumentState::processing);
  EXPECT_EQ(take()->id, second.job_id);
  EXPECT_FALSE(take());
  EXPECT_EQ(queued(), 0);
}

TEST_F(JobStoreTest, KeepsTheProgressOfARunningJob) {
  const Document document = add("col_1", "a");
  Job running = *take();
  running.stage = "embed";
  running.done = 3;
  running.total = 9;
  ASSERT_TRUE(write([&](Transaction& tx) { return report_progress(tx, running, ++now); }));
  EXPECT_EQ(find(running.id).stage, "embed");
  EXPECT_EQ(find(running.id).done, 3);
  finish(document.id, "words");
  EXPECT_EQ(find(running.id).state, JobState::done);
  // As far as it has come, whatever was stored on the way.
  EXPECT_EQ(find(running.id).stage, "index");
  EXPECT_EQ(find(running.id).done, 1);
  EXPECT_EQ(find(running.id).total, 1);
  const Status late = write([&](Transaction& tx) { return report_progress(tx, running, ++now); });
  EXPECT_EQ(late.error().code, ErrorCode::not_found);
}

TEST_F(JobStoreTest, QueuesAgainWhatACrashLeftRunning) {
  const Document document = add("col_1", "a");
  take();
  requeue(3);
  EXPECT_EQ(find(document.job_id).state, JobState::queued);
  EXPECT_EQ(get(document.id).state, DocumentState::queued);
  EXPECT_EQ(take()->attempts, 2);
}

TEST_F(JobStoreTest, FailsAJobThatBreaksOffTimeAndAgain) {
  const Document document = add("col_1", "a");
  for (int attempt = 0; attempt < 3; ++attempt) {
    ASSERT_TRUE(take());
    requeue(3);
  }
  EXPECT_FALSE(take());
  EXPECT_EQ(find(document.job_id).state, JobState::failed);
  EXPECT_EQ(get(document.id).state, DocumentState::failed);
  EXPECT_EQ(get(document.id).error, "processing was broken off 3 times");
}

TEST_F(JobStoreTest, ABrokenOffJobOfAnOldVersionDoesNotFailANewerOne) {
  const Document old = add("col_1", "a", {}, "ext");
  ASSERT_TRUE(take());
  const Document newer = add("col_1", "b", {}, "ext");
  ASSERT_EQ(newer.id, old.id);
  requeue(1);
  EXPECT_EQ(find(old.job_id).state, JobState::failed);
  EXPECT_EQ(find(newer.job_id).state, JobState::queued);
  EXPECT_NE(get(newer.id).state, DocumentState::failed);
  EXPECT_EQ(take()->id, newer.job_id);
}

TEST_F(JobStoreTest, AFailureOfAnOldVersionDoesNotFailANewerOne) {
  const Document old = add("col_1", "a", {}, "ext");
  ASSERT_TRUE(take());
  const Document newer = add("col_1", "b", {}, "ext");
  ASSERT_TRUE(take());
  ASSERT_TRUE(
      write([&](Transaction& tx) { return fail_document(tx, old.id, "broken", ++now, 1); }));
  EXPECT_EQ(find(old.job_id).state, JobState::failed);
  EXPECT_EQ(find(newer.job_id).state, JobState::running);
  EXPECT_EQ(get(newer.id).state, DocumentState::processing);
  finish(newer.id, "words", 2);
  EXPECT_EQ(get(newer.id).state, DocumentState::ready);
}

TEST_F(JobStoreTest, SaysThatThereIsNoSuchJob) {
  const auto none = read([](Snapshot& snapshot) { return job(snapshot, "job_none"); });
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace wenyuan::store
