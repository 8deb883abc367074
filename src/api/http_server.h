// An HTTP/1.1 server: many connections, few threads at rest, no request without limits.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "base/result.h"

namespace wenyuan::http {

// Must not throw. Runs on the connection's thread; many run at once.
using Handler = std::function<Response(Request&)>;

// The answer to what never reaches a handler (no such path, wrong method, malformed, too large).
// `request` holds what could be read.
using ErrorHandler = std::function<Response(const Request& request, int status, std::string_view)>;

class Tls;

class Server {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    int port = 0;            // 0: any free one
    int threads_max = 4096;  // one for each open connection; above it 503
    std::chrono::seconds read_timeout{30};
    std::chrono::seconds write_timeout{30};
    std::chrono::seconds keep_alive_timeout{60};  // of an idle connection
    // How much of a refused body is read away, so that the client gets to read the answer.
    std::size_t drain_bytes_max = std::size_t{1} << 30;
    const Tls* tls = nullptr;  // outlives the server; null: plain HTTP
  };

  explicit Server(const Options& options);
  ~Server();  // stops

  // Routes are added before start(). `pattern` holds parameters as "{name}", each a whole segment;
  // a GET route answers HEAD too. Bodies over `body_bytes_max` are refused unread.
  void add(std::string_view method, std::string_view pattern, std::size_t body_bytes_max,
           Handler handler);
  void on_error(ErrorHandler handler);

  // Listens when it returns; unavailable says why it cannot.
  Status start();
  int port() const;
  // From now on new requests are refused (503, come back later); those in flight go on. One that
  // is still coming and says nothing for longer than `silence` is cut off, with 503 too.
  void drain(std::chrono::milliseconds silence);
  // False when requests are still in flight after `time`.
  bool wait_until_idle(std::chrono::milliseconds time);
  // Requests in flight are told to stop, then waited for. From any thread, but once.
  void stop();

  int thread_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::http
