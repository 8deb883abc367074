// What this adds to cpp-httplib: routing with limits before the body is read, threads on demand,
// TLS under our own rules, and a word to handlers when their client has gone.
#include "api/http_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "api/admission.h"
#include "api/busy_count.h"
#include "api/disconnect_watch.h"
#include "api/elastic_threads.h"
#include "api/http_streams.h"
#include "api/tls.h"
#include "base/log.h"

namespace wenyuan::http {
namespace {

// One request and what hangs on it until its answer is out.
struct Exchange {
  Request request;
  Admitted admitted;
  std::optional<DisconnectWatch::Watched> watched;
};

constexpr const char* kExchange = "exchange";
constexpr std::chrono::seconds kScarcePatience{2};
// Stands in a number of the library's that only clients use: the request came while we drain.
constexpr std::size_t kLate = 1;
// The library is asked for one path only: finding the route is our Router's work.
constexpr const char* kDispatchPath = "/";
constexpr std::string_view kNotTls =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 30\r\n"
    "Connection: close\r\n\r\nThis port speaks https alone.\n";
constexpr const char* kStopping = "The server is stopping: try again in a moment";

// The library has room for what its own TLS would put there; we put ours.
const TlsConnection* tls_of(const httplib::Request& in) {
  return static_cast<const TlsConnection*>(in.ssl);
}

}  // namespace

class Server::Impl final : public httplib::Server {
 public:
  // The library's class has members of the same names.
  using Settings = http::Server::Options;
  using Handler = http::Handler;

  explicit Impl(const Settings& options)
      : options_(options),
        patience_(options.read_timeout, options.write_timeout),
        threads_({.count_max = options.threads_max}) {
    set_keep_alive_timeout(options.keep_alive_timeout.count());
    set_keep_alive_max_count(1'000'000);
    set_payload_max_length(options.drain_bytes_max);
    set_tcp_nodelay(true);
    // The library's own choice lets a second server take half of the connections.
    set_socket_options(
        [](int socket) { httplib::set_socket_opt(socket, SOL_SOCKET, SO_REUSEADDR, 1); });
    new_task_queue = [this] { return new ElasticQueue(threads_, accepting_); };
    set_up_handlers();
  }

  // Hides the library's, which is for its own types.
  void add_route(std::string_view method, std::string_view pattern, std::size_t body_bytes_max,
                 Handler handler) {
    admission_.add(method, pattern, body_bytes_max, std::move(handler));
  }

  Status start_listening() {
    errno = 0;
    port_ = options_.port == 0 ? bind_to_any_port(options_.host)
                               : (bind_to_port(options_.host, options_.port) ? options_.port : -1);
    if (port_ < 0) {
      const std::string reason = errno == 0 ? "the address cannot be used" : std::strerror(errno);
      return Error{ErrorCode::unavailable, "Cannot listen on " + options_.host + ":" +
                                               std::to_string(options_.port) + ": " + reason};
    }
    listener_ = std::jthread([this] {
      if (!listen_after_bind()) log::error("http.listener_failed");
    });
    wait_until_ready();
    return Done{};
  }

  void refuse_new(Patience::Time silence) {
    draining_ = true;
    patience_.shorten_reading(silence);
  }
  bool wait_until_idle(std::chrono::milliseconds time) { return busy_.wait_until_idle(time); }

  void stop_everything() {
    draining_ = true;
    if (stopping_.exchange(true)) return;
    patience_.end();
    watch_.stop_all();
    stop();
    if (listener_.joinable()) listener_.join();
  }

  int bound_port() const { return port_; }
  int live_threads() const { return threads_.count(); }

  ErrorHandler error_response;

 private:
  void set_up_handlers() {
    set_pre_routing_handler(
        [this](const httplib::Request& in, httplib::Response& out) { return admit(in, out); });
    set_expect_100_continue_handler([this](const httplib::Request& in, httplib::Response& out) {
      Exchange exchange;
      const Refusal refusal = examine(in, exchange);
      if (refusal.status != 0) refuse(exchange.request, refusal, out);
      return refusal.status == 0 ? 100 : refusal.status;
    });
    const auto plain = [this](const httplib::Request& in, httplib::Response& out) {
      serve(in, out, nullptr);
    };
    const auto with_body = [this](const httplib::Request& in, httplib::Response& out,
                                  const httplib::ContentReader& reader) {
      serve(in, out, &reader);
    };
    Get(kDispatchPath, plain);
    Post(kDispatchPath, with_body);
    Put(kDispatchPath, with_body);
    Patch(kDispatchPath, with_body);
    Delete(kDispatchPath, with_body);
    // For what the library refuses by itself: its answers have no body.
    set_error_handler([this](const httplib::Request& in, httplib::Response& out) {
      if (!out.body.empty() || out.content_provider_) return;
      Request request;
      request.method = in.method;
      request.path = in.target.substr(0, in.target.find('?'));
      request.remote_address = in.remote_addr;
      const bool stops = draining_;  // and has cut it off, perhaps
      refuse(request,
             {stops ? 503 : out.status, stops ? kStopping : "The request is malformed", ""}, out);
    });
    // A place of the library's that is free in servers; converse() has put its word there.
    set_post_routing_handler([](const httplib::Request& in, httplib::Response& out) {
      if (in.response_handler) in.response_handler(out);
    });
    set_exception_handler(
        [this](const httplib::Request& in, httplib::Response& out, std::exception_ptr) {
          log::error("http.exception", {{"method", in.method}});
          refuse(Request(), {500, "The server failed", ""}, out);
        });
  }

  // Copies what the library has parsed, and decides.
  Refusal examine(const httplib::Request& in, Exchange& exchange) const {
    Request& request = exchange.request;
    request.method = in.method;
    request.remote_address = in.remote_addr;
    if (const TlsConnection* const tls = tls_of(in)) {
      request.secure = true;
      request.client_certificate = tls->client();
    }
    for (const auto& [name, value] : in.headers) request.headers.append_raw(name, value);
    if (in.authorization_count_ == kLate) return {503, kStopping, ""};
    return admission_.examine(in.target, exchange.request, exchange.admitted);
  }

  HandlerResponse admit(const httplib::Request& in, httplib::Response& out) {
    auto exchange = std::make_shared<Exchange>();
    const Refusal refusal = examine(in, *exchange);
    // The object behind `in` is the library's own and not const; it offers no other way to say that
    // routing is done and that nothing is left to drain.
    auto& raw = const_cast<httplib::Request&>(in);
    if (!exchange->admitted.has_body) raw.body_consumed_ = true;
    if (refusal.status != 0) {
      refuse(exchange->request, refusal, out);
      return HandlerResponse::Handled;
    }
    raw.path = kDispatchPath;
    raw.headers.erase("Content-Type");  // else it would take multipart bodies apart itself
    // Behind TLS the last bytes of a client that goes lie unread, and hide its going.
    std::function<bool()> is_closed = in.is_connection_closed;
    if (const TlsConnection* const tls = tls_of(in)) {
      is_closed = [socket = tls->socket()] { return has_hung_up(socket); };
    }
    exchange->request.stop_source = [this, raw_exchange = exchange.get(),
                                     is_closed = std::move(is_closed)] {
      if (!raw_exchange->watched) raw_exchange->watched.emplace(watch_, is_closed);
      return raw_exchange->watched->token();
    };
    out.user_data.set(kExchange, std::move(exchange));
    return HandlerResponse::Unhandled;
  }

  void refuse(const Request& request, const Refusal& refusal, httplib::Response& out) const {
    Response response = error_response
                            ? error_response(request, refusal.status, refusal.detail)
                            : make_response(refusal.status, "text/plain", refusal.detail + "\n");
    if (!refusal.allow.empty()) response.headers.set("Allow", refusal.allow);
    copy_head(response, out);
    out.body = std::move(response.body);
  }

  static void copy_head(const Response& response, httplib::Response& out) {
    out.status = response.status;
    for (const auto& [name, value] : response.headers) out.headers.emplace(name, value);
  }

  void serve(const httplib::Request&, httplib::Response& out,
             const httplib::ContentReader* reader) {
    const auto* held = out.user_data.get<std::shared_ptr<Exchange>>(kExchange);
    WY_ASSERT(held != nullptr);
    const std::shared_ptr<Exchange> exchange = *held;
    if (exchange->admitted.has_body) {
      exchange->request.body_source = [this, &exchange, reader](const TakeBytes& take) {
        return read_body(*exchange, *reader, take);
      };
    }
    Response response = exchange->admitted.route->handler(exchange->request);
    exchange->request.body_source = nullptr;  // the reader ends with this call
    copy_head(response, out);
    if (response.stream) {
      set_stream(exchange, std::move(response), out);
    } else if (response.file) {
      const std::string* type = response.headers.find("Content-Type");
      out.headers.erase("Content-Type");
      out.status = -1;  // 200, or 206 when the client asked for a range
      out.set_content_provider(static_cast<std::size_t>(response.file->size),
                               type == nullptr ? "" : *type,
                               [file = *response.file](auto offset, auto size, auto& sink) {
                                 const std::string piece = file.piece(offset, size);
                                 return !piece.empty() && sink.write(piece.data(), piece.size());
                               });
    } else {
      out.body = std::move(response.body);
    }
  }

  Status read_body(const Exchange& exchange, const httplib::ContentReader& reader,
                   const TakeBytes& take) const {
    std::size_t size = 0;
    Status status = Done{};
    // After an error the rest is still read, up to drain_bytes_max, so that the answer arrives.
    const bool complete = reader([&](const char* data, std::size_t count) {
      if (stopping_) return false;  // however slowly the rest may come
      size += count;
      if (!status) return true;
      if (size > exchange.admitted.route->body_bytes_max) {
        status = Error{ErrorCode::too_large, too_large_text(*exchange.admitted.route)};
      } else {
        status = take({data, count});
      }
      return true;
    });
    if (!status || complete) return status;
    if (draining_) return Error{ErrorCode::unavailable, kStopping};
    return Error{ErrorCode::invalid_argument, "The body is cut off or malformed"};
  }

  void set_stream(const std::shared_ptr<Exchange>& exchange, Response response,
                  httplib::Response& out) {
    const std::string* type = response.headers.find("Content-Type");
    const std::string content_type = type == nullptr ? "application/octet-stream" : *type;
    out.headers.erase("Content-Type");
    out.set_chunked_content_provider(content_type,
                                     [this, exchange, stream = std::move(response.stream)](
                                         std::size_t, httplib::DataSink& sink) {
                                       SinkWriter writer(sink, stopping_);
                                       stream(writer);
                                       if (writer.ok()) sink.done();
                                       return writer.ok();
                                     });
  }

  bool process_and_close_socket(int socket) override {
    const bool busy = std::this_thread::get_id() == accepting_.load();
    if (options_.tls != nullptr) {
      // Whoever is turned away learns no more than that: a handshake would take the time of all.
      if (!busy) converse_over_tls(socket);
    } else if (busy) {
      say_busy(socket);
    } else {
      // One stream for the whole connection, unlike the library's own loop, which makes one for
      // each request and loses what had been sent ahead.
      PlainStream stream(socket, patience_);
      converse(stream, socket, nullptr);
    }
    httplib::detail::shutdown_socket(socket);
    httplib::detail::close_socket(socket);
    return true;
  }

  void converse_over_tls(int socket) {
    const auto patience = is_scarce() ? kScarcePatience : options_.tls->options().handshake_timeout;
    if (!patience_.until_readable(socket, patience)) return;
    const auto connection = options_.tls->accept(socket, patience);
    if (!connection) {
      log::info("tls.refused", {{"why", connection.error().message}});
      if (connection.error().code == ErrorCode::invalid_argument) say_at_once(socket, kNotTls);
      return;
    }
    TlsStream stream(**connection, patience_);
    converse(stream, socket, connection->get());
    (*connection)->finish();
  }

  // A certificate that was shown is believed only as long as the authorities and revocations are
  // those of then.
  bool is_stale(const TlsConnection* tls) const {
    return tls != nullptr && tls->client() != nullptr &&
           tls->generation() != options_.tls->generation();
  }

  void converse(httplib::Stream& stream, int socket, const TlsConnection* tls) {
    std::string remote_address, local_address;
    int remote_port = 0, local_port = 0;
    httplib::detail::get_remote_ip_and_port(socket, remote_address, remote_port);
    httplib::detail::get_local_ip_and_port(socket, local_address, local_port);
    bool go_on = true;
    while (go_on && !stopping_ && waits_for_request(stream, socket) && !is_stale(tls)) {
      // After a refusal it is not certain where the next request begins, and "Connection: close"
      // was said; so too when the request was too broken to get as far as this function.
      bool answered_well = false;
      bool closed = false;
      const auto note_answer = [&](httplib::Request& in) {
        in.ssl = tls;
        // Decided once: a client that was told to go on with its body is not refused after it.
        in.authorization_count_ = draining_ ? kLate : 0;
        in.response_handler = [&](const httplib::Response& out) {
          answered_well = out.status < 400;
          return true;
        };
      };
      const BusyCount::One one(busy_);
      go_on = process_request(stream, remote_address, remote_port, local_address, local_port, false,
                              closed, note_answer) &&
              !closed && answered_well;
    }
  }

  bool is_scarce() const { return threads_.count() > options_.threads_max / 4 * 3; }

  bool waits_for_request(const httplib::Stream& stream, int socket) const {
    if (stream.is_readable()) return true;
    // Idle connections make room when threads grow scarce.
    const auto patience = is_scarce() ? kScarcePatience : options_.keep_alive_timeout;
    return httplib::detail::keep_alive(svr_sock_, socket, patience.count());
  }

  // Never waits: this is the thread that accepts everybody else.
  void say_busy(int socket) const {
    Response response = error_response
                            ? error_response(Request(), 503, "All connections are in use")
                            : make_response(503, "text/plain", "All connections are in use\n");
    response.headers.set("Content-Length", std::to_string(response.body.size()));
    response.headers.set("Connection", "close");
    std::string text = "HTTP/1.1 503 Service Unavailable\r\n";
    for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
    text += "\r\n" + response.body;
    say_at_once(socket, text);
  }

  const Settings options_;
  Admission admission_;
  int port_ = -1;
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopping_{false};
  Patience patience_;
  BusyCount busy_;
  std::atomic<std::thread::id> accepting_{};
  DisconnectWatch watch_;
  ElasticThreads threads_;
  std::jthread listener_;
};

Server::Server(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Server::~Server() { stop(); }

void Server::add(std::string_view method, std::string_view pattern, std::size_t body_bytes_max,
                 Handler handler) {
  impl_->add_route(method, pattern, body_bytes_max, std::move(handler));
}
void Server::on_error(ErrorHandler handler) { impl_->error_response = std::move(handler); }
Status Server::start() { return impl_->start_listening(); }
int Server::port() const { return impl_->bound_port(); }
void Server::drain(std::chrono::milliseconds silence) { impl_->refuse_new(silence); }
bool Server::wait_until_idle(std::chrono::milliseconds time) {
  return impl_->wait_until_idle(time);
}
void Server::stop() { impl_->stop_everything(); }
int Server::thread_count() const { return impl_->live_threads(); }

}  // namespace wenyuan::http
