#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "api/event_stream.h"
#include "api/job_events.h"
#include "api/rate_limiter.h"
#include "tests/api/http_fixture.h"

namespace wenyuan::api {
namespace {

using std::chrono::milliseconds;

class TextWriter final : public http::BodyWriter {
 public:
  bool write(std::string_view bytes) override {
    if (!open) return false;
    text += bytes;
    return true;
  }
  bool is_open() const override { return open; }
  bool is_stopping() const override { return stopping; }
  std::atomic<bool> stopping{false};
  std::string text;
  std::atomic<bool> open{true};
};

TEST(EventText, SplitsDataAtLineBreaks) {
  EXPECT_EQ(event_text("delta", "a\nb"), "event: delta\ndata: a\ndata: b\n\n");
  EXPECT_EQ(event_text("", "[DONE]"), "data: [DONE]\n\n");
}

TEST(EventStream, WritesEventsInOrderAndEndsWithItsWork) {
  TextWriter writer;
  EventStream::run(writer, milliseconds(60'000), [](EventStream& events, const std::stop_token&) {
    for (int i = 0; i < 1000; ++i) events.send("n", std::to_string(i));
  });
  std::string expected;
  for (int i = 0; i < 1000; ++i) expected += event_text("n", std::to_string(i));
  EXPECT_EQ(writer.text, expected);
}

TEST(EventStream, BeatsWhileItsWorkIsSilent) {
  TextWriter writer;
  std::atomic<bool> seen{false};
  EventStream::run(writer, milliseconds(1), [&](EventStream& events, const std::stop_token&) {
    std::this_thread::sleep_for(milliseconds(50));
    events.send("done", "{}");
  });
  EXPECT_TRUE(writer.text.starts_with(": ping\n\n"));
  EXPECT_TRUE(writer.text.ends_with("event: done\ndata: {}\n\n"));
}

TEST(EventStream, LetsItsWorkSayALastWordWhenTheServerStops) {
  TextWriter writer;
  writer.open = false;  // as a writer says of a server that stops
  writer.stopping = true;
  EventStream::run(writer, milliseconds(60000),
                   [&](EventStream& events, const std::stop_token& stop) {
                     EXPECT_TRUE(http::eventually([&] { return stop.stop_requested(); }));
                     writer.open = true;
                     events.send("error", "{}");
                   });
  EXPECT_TRUE(writer.text.ends_with("event: error\ndata: {}\n\n"));
}

TEST(EventStream, StopsItsWorkWhenTheClientGoes) {
  TextWriter writer;
  writer.open = false;
  bool told = false;
  bool refused = false;
  EventStream::run(writer, milliseconds(1), [&](EventStream& events, const std::stop_token& stop) {
    told = http::eventually([&] { return stop.stop_requested(); });
    refused = !events.send("late", "x");
  });
  EXPECT_TRUE(told);
  EXPECT_TRUE(refused);
}

Job job_at(std::int64_t done) {
  Job job;
  job.id = "job_1";
  job.done = done;
  return job;
}

TEST(JobEvents, GivesTheLatestStateOnce) {
  JobEvents events;
  events.publish(job_at(1));
  JobEvents::Subscription subscription(events, "job_1");
  EXPECT_FALSE(subscription.wait(milliseconds(0)));
  events.publish(job_at(2));
  events.publish(job_at(3));
  Job other = job_at(9);
  other.id = "job_2";
  events.publish(other);
  EXPECT_EQ(subscription.wait(milliseconds(0))->done, 3);
  EXPECT_FALSE(subscription.wait(milliseconds(0)));
}

TEST(RateLimiter, RefusesWhenTheBucketIsEmptyAndFillsItAgain) {
  RateLimiter limiter({.per_second = 2, .burst = 3});
  const RateLimiter::TimePoint start;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.take("a", start).allowed);
  const auto refused = limiter.take("a", start);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_in.count(), 1);
  EXPECT_EQ(refused.limit, 3);
  EXPECT_TRUE(limiter.take("b", start).allowed);
  EXPECT_TRUE(limiter.take("a", start + milliseconds(500)).allowed);
  EXPECT_FALSE(limiter.take("a", start + milliseconds(501)).allowed);
}

TEST(RateLimiter, DoesNotGrowWithoutEnd) {
  RateLimiter limiter({.per_second = 1000, .burst = 1});
  RateLimiter::TimePoint now;
  for (int i = 0; i < 250'000; ++i) {
    now += milliseconds(1);
    EXPECT_TRUE(limiter.take(std::to_string(i), now).allowed);
  }
}

}  // namespace
}  // namespace wenyuan::api
