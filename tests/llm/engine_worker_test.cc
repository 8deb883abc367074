#include "llm/engine_worker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <mutex>
#include <string>

namespace wenyuan::llm {
namespace {

class CallJob final : public Job {
 public:
  explicit CallJob(std::function<bool()> work) : work_(std::move(work)) {}
  bool step() override { return work_(); }

 private:
  std::function<bool()> work_;
};

// Keeps the worker busy until it is let go.
class Gate {
 public:
  Gate() : job_([this] { return wait(); }) {}
  Job& job() { return job_; }
  void await_running() { running_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  bool wait() {
    running_.set_value();
    opened_.get_future().wait();
    return true;
  }
  std::promise<void> running_;
  std::promise<void> opened_;
  CallJob job_;
};

TEST(Worker, TakesALongJobInTurnWithTheOthers) {
  Worker worker(8);
  Gate gate;
  std::string order;
  std::promise<void> done;
  int left = 3;
  CallJob long_job([&] {
    order += 'l';
    if (--left > 0) return false;
    done.set_value();
    return true;
  });
  CallJob short_job([&] {
    order += 's';
    return true;
  });
  ASSERT_TRUE(worker.add(gate.job()));
  gate.await_running();
  ASSERT_TRUE(worker.add(long_job));
  ASSERT_TRUE(worker.add(short_job));
  gate.open();
  done.get_future().wait();
  for (Job* job : {&gate.job(), static_cast<Job*>(&long_job), static_cast<Job*>(&short_job)}) {
    worker.leave(*job);
  }
  EXPECT_EQ(order, "lsll");
}

TEST(Worker, RefusesAJobWhenTooManyWait) {
  Worker worker(1);
  Gate gate;
  CallJob waiting([] { return true; });
  CallJob refused([] { return true; });
  ASSERT_TRUE(worker.add(gate.job()));
  gate.await_running();
  EXPECT_TRUE(worker.add(waiting));
  EXPECT_EQ(worker.waiting(), 1U);
  EXPECT_FALSE(worker.add(refused));
  worker.leave(waiting);
  EXPECT_EQ(worker.waiting(), 0U);
  gate.open();
  worker.leave(gate.job());
}

TEST(Worker, NeverRunsAJobThatHasLeft) {
  Worker worker(8);
  Gate gate;
  std::atomic<bool> has_run = false;
  CallJob job([&] {
    has_run = true;
    return true;
  });
  ASSERT_TRUE(worker.add(gate.job()));
  gate.await_running();
  ASSERT_TRUE(worker.add(job));
  worker.leave(job);
  gate.open();
  worker.leave(gate.job());
  EXPECT_FALSE(has_run);
}

TEST(Worker, LetsAJobLeaveBetweenItsSteps) {
  Worker worker(8);
  std::atomic<int> steps = 0;
  CallJob endless([&] {
    ++steps;
    return false;
  });
  ASSERT_TRUE(worker.add(endless));
  while (steps < 3) std::this_thread::yield();
  worker.leave(endless);
  const int after = steps;
  CallJob other([] { return true; });
  ASSERT_TRUE(worker.add(other));
  worker.leave(other);
  EXPECT_EQ(steps, after);
}

}  // namespace
}  // namespace wenyuan::llm
