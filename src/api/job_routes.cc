#include "api/access.h"
#include "api/call.h"
#include "api/event_stream.h"
#include "api/wire.h"
#include "store/job_store.h"

namespace wenyuan::api {
namespace {

// A job may be seen by who began it, and by who may read its document.
Result<Job> visible_job(Call& call, store::Snapshot& snapshot, const std::string& id) {
  auto job = store::job(snapshot, id);
  if (!job && job.error().code != ErrorCode::not_found) return job;
  if (job && job->user_id == call.principal.user_id) return job;
  // One that is absent takes as many steps, and so as long, as one that is hidden.
  const auto document = readable_document(call, snapshot, job ? job->document_id : id);
  if (!document) return document.error();
  return job;
}

Result<Job> find_job(Call& call) {
  const std::string& id = call.request.parameter("id");
  call.note_object(id);
  return call.read([&](store::Snapshot& snapshot) { return visible_job(call, snapshot, id); });
}

Result<http::Response> get_job(Call& call) {
  WY_TRY(const Job job, find_job(call));
  return json_response(200, to_json(job));
}

bool is_over(const Job& job) {
  return job.state == JobState::done || job.state == JobState::failed;
}

// A progress event for each change, and done or failed as the last one.
void watch(Call& call, const Job& first, http::BodyWriter& writer) {
  constexpr std::chrono::milliseconds kLook{1000};
  JobEvents::Subscription subscription(call.shared.job_events, first.id);
  std::string last;
  auto last_write = std::chrono::steady_clock::now();
  while (writer.is_open()) {
    // The store again each time: what happened before the subscription, or without a word, counts.
    const auto job =
        call.read([&](store::Snapshot& snapshot) { return visible_job(call, snapshot, first.id); });
    if (!job) {
      const Problem problem = to_problem(job.error(), {}, false);
      writer.write(
          event_text("error", to_text(to_json(problem, call.request_id, ErrorStyle::problem))));
      return;
    }
    const std::string text = to_text(to_json(*job));
    const auto now = std::chrono::steady_clock::now();
    if (text != last) {
      if (!writer.write(event_text(is_over(*job) ? name(job->state) : "progress", text))) return;
      last = text;
      last_write = now;
    } else if (now - last_write >= kHeartbeat) {
      if (!writer.write(": ping\n\n")) return;
      last_write = now;
    }
    if (is_over(*job)) return;
    subscription.wait(kLook);
  }
  if (writer.is_stopping()) {
    const Problem problem = to_problem(broken_off(), {}, false);
    writer.write(
        event_text("error", to_text(to_json(problem, call.request_id, ErrorStyle::problem))));
  }
}

Result<http::Response> get_job_events(Call& call) {
  WY_TRY(const Job job, find_job(call));
  return event_response([held = std::make_shared<Call>(call), job](http::BodyWriter& writer) {
    watch(*held, job, writer);
  });
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/v1/jobs/{id}", .handler = get_job, .action = "job.read"},
    {.method = "GET",
     .path = "/v1/jobs/{id}/events",
     .handler = get_job_events,
     .action = "job.watch"},
};

}  // namespace

std::span<const Route> job_routes() { return kRoutes; }

}  // namespace wenyuan::api
