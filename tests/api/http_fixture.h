// A server of our own on a free port, and a client that speaks to it byte by byte.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "api/http_server.h"

namespace wenyuan::http {

// A TCP connection to 127.0.0.1. Reads give up after ten seconds, so that a test that would hang
// fails instead.
class Connection {
 public:
  explicit Connection(int port);
  virtual ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool send(std::string_view bytes);
  // One response: head, and body by Content-Length or chunks (taken apart).
  struct Reply {
    int status = 0;
    Headers headers;
    std::string body;
    std::string header(std::string_view name) const;
  };
  // With `bodyless` the head is all there is, as after HEAD.
  Reply read_reply(bool bodyless = false);
  // Until `text` has come or nothing more does.
  std::string read_until(std::string_view text);
  // True when the other side closes without another byte.
  bool reads_end();
  virtual void close();

 protected:
  // As recv() and send() of sockets.
  virtual std::ptrdiff_t receive_some(char* to, std::size_t size);
  virtual std::ptrdiff_t send_some(std::string_view bytes);
  int fd() const { return fd_; }

 private:
  bool fill();
  std::string take_line();
  std::string take(std::size_t count);

  int fd_ = -1;
  std::string buffer_;
};

std::string get_request(std::string_view target, std::string_view more_headers = "");
std::string post_request(std::string_view target, std::string_view body,
                         std::string_view content_type = "application/json");

// Connects, sends, reads one reply.
Connection::Reply exchange(int port, std::string_view request);

// Looks again and again until it holds or ten seconds have passed.
template <class Condition>
bool eventually(Condition condition);

}  // namespace wenyuan::http

#include <thread>

namespace wenyuan::http {

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace wenyuan::http
