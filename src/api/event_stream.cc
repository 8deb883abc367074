#include "api/event_stream.h"

#include <exception>
#include <optional>
#include <system_error>
#include <thread>

#include "base/log.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

constexpr std::size_t kWaitingMax = 256;
constexpr std::chrono::milliseconds kLookAtClient{500};
// For the last event of an answer that a stopping server breaks off.
constexpr std::chrono::seconds kLastWords{3};

}  // namespace

std::string event_text(std::string_view name, std::string_view data) {
  std::string text;
  if (!name.empty()) text = "event: " + std::string(name) + "\n";
  for (const std::string_view line : split(data, '\n')) {
    text += "data: ";
    text += line;
    text += '\n';
  }
  return text + "\n";
}

http::Response event_response(std::function<void(http::BodyWriter&)> stream) {
  http::Response response = http::make_response(200, "text/event-stream", "");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // else nginx holds events back
  response.stream = std::move(stream);
  return response;
}

bool EventStream::send(std::string_view name, std::string_view data) {
  std::string text = event_text(name, data);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return closed_ || waiting_.size() < kWaitingMax; });
  if (closed_) return false;
  waiting_.push_back(std::move(text));
  changed_.notify_all();
  return true;
}

std::deque<std::string> EventStream::take(std::chrono::milliseconds wait_max, bool& finished) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait_max, [&] { return finished_ || !waiting_.empty(); });
  std::deque<std::string> taken;
  taken.swap(waiting_);
  finished = finished_;
  changed_.notify_all();
  return taken;
}

void EventStream::finish() {
  const std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

void EventStream::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void EventStream::run(http::BodyWriter& writer, std::chrono::milliseconds heartbeat,
                      const std::function<void(EventStream&, std::stop_token)>& work) {
  EventStream stream;
  std::jthread worker;
  try {
    worker = std::jthread([&](const std::stop_token& stop) {
      try {
        work(stream, stop);
      } catch (const std::exception& error) {
        log::error("http.stream_failed", {{"what", error.what()}});
      }
      stream.finish();
    });
  } catch (const std::system_error&) {
    log::error("http.no_thread_for_stream");
    return;
  }
  auto last_write = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> end;  // when the server stops
  bool finished = false;
  bool open = true;
  while (!finished && open) {
    const std::deque<std::string> events =
        stream.take(std::min(kLookAtClient, heartbeat), finished);
    const auto now = std::chrono::steady_clock::now();
    std::string text;
    for (const std::string& event : events) text += event;
    if (text.empty() && !finished && now - last_write >= heartbeat) text = ": ping\n\n";
    if (!text.empty()) {
      open = writer.write(text);
      last_write = now;
    } else if (!end) {
      open = writer.is_open() || writer.is_stopping();
    }
    if (!end && writer.is_stopping()) {
      worker.request_stop();
      end = now + kLastWords;
    }
    if (end && now > *end) open = false;
  }
  stream.close();
  if (!open) worker.request_stop();
}

}  // namespace wenyuan::api
