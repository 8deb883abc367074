// What cpp-httplib is given to work with: threads on demand, TLS, and a place to write to.
#pragma once

#include <httplib.h>

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "api/elastic_threads.h"
#include "api/http_message.h"
#include "api/patience.h"
#include "api/tls.h"

namespace wenyuan::http {

// Runs connections on ElasticThreads. When all are busy the accepting thread itself runs the task,
// which then only says so (Connections::process_and_close_socket).
class ElasticQueue final : public httplib::TaskQueue {
 public:
  ElasticQueue(ElasticThreads& threads, std::atomic<std::thread::id>& accepting)
      : threads_(threads) {
    accepting = std::this_thread::get_id();
  }
  bool enqueue(std::function<void()> task) override {
    if (!threads_.run(task)) task();
    return true;
  }
  void shutdown() override { threads_.shutdown(); }

 private:
  ElasticThreads& threads_;
};

// Writes to a connection through the library's sink.
class SinkWriter final : public BodyWriter {
 public:
  SinkWriter(httplib::DataSink& sink, const std::atomic<bool>& stopping)
      : sink_(sink), stopping_(stopping) {}
  bool write(std::string_view bytes) override {
    if (bytes.empty()) return ok_;  // an empty chunk would end the answer
    ok_ = ok_ && sink_.write(bytes.data(), bytes.size());
    return ok_;
  }
  bool is_open() const override { return ok_ && !stopping_ && sink_.is_writable(); }
  bool is_stopping() const override { return ok_ && stopping_ && sink_.is_writable(); }
  bool ok() const { return ok_; }

 private:
  httplib::DataSink& sink_;
  const std::atomic<bool>& stopping_;
  bool ok_ = true;
};

// The library's own stream, which waits only as long as it is worth. What is given outlives it.
class PlainStream final : public httplib::Stream {
 public:
  PlainStream(int socket, const Patience& patience)
      : stream_(socket, 0, 0, 0, 0), patience_(patience) {}

  bool is_readable() const override { return stream_.is_readable(); }
  bool wait_readable() const override;
  bool wait_writable() const override;
  bool is_peer_alive() const override { return stream_.is_peer_alive(); }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  int socket() const override { return stream_.socket(); }
  time_t duration() const override { return stream_.duration(); }

 private:
  httplib::detail::SocketStream stream_;
  const Patience& patience_;
};

// A TLS connection as the library reads and writes one. What is given outlives it.
class TlsStream final : public httplib::Stream {
 public:
  TlsStream(TlsConnection& connection, const Patience& patience)
      : connection_(connection), patience_(patience) {}

  bool is_readable() const override { return at_ < end_ || connection_.has_pending(); }
  bool wait_readable() const override;
  bool wait_writable() const override;
  bool is_peer_alive() const override { return !has_hung_up(connection_.socket()); }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  int socket() const override { return connection_.socket(); }
  time_t duration() const override { return 0; }  // for clients with a time limit

 private:
  TlsConnection& connection_;
  const Patience& patience_;
  // The library reads heads byte by byte. Filled as far as end_, taken as far as at_.
  std::array<char, 4096> ahead_{};
  std::size_t at_ = 0, end_ = 0;
};

// Never waits. What was sent is taken away first: else closing would take the answer away from
// them.
void say_at_once(int socket, std::string_view text);

}  // namespace wenyuan::http
