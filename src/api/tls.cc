#include "api/tls.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace wenyuan::http {
namespace {

using Steady = std::chrono::steady_clock;

// False when the time is over.
bool wait_for(int socket, short events, Steady::time_point end) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - Steady::now()).count();
    if (left <= 0) return false;
    pollfd one{socket, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool wait_for(int socket, short events, const Patience& patience) {
  return events == POLLIN ? patience.until_readable(socket) : patience.until_writable(socket);
}

int at_most_int(std::size_t size) {
  return static_cast<int>(
      std::min(size, static_cast<std::size_t>(std::numeric_limits<int>::max())));
}

// Changes whenever a file is replaced or written.
std::string stamp_of(const std::filesystem::path& path) {
  struct stat seen {};
  if (path.empty() || ::stat(path.c_str(), &seen) != 0) return {};
  return std::to_string(seen.st_ino) + " " + std::to_string(seen.st_size) + " " +
         std::to_string(seen.st_mtim.tv_sec) + " " + std::to_string(seen.st_mtim.tv_nsec) + " " +
         std::to_string(seen.st_mode);
}

}  // namespace

TlsConnection::TlsConnection(SSL* ssl, int socket, std::uint64_t generation)
    : ssl_(ssl), socket_(socket), generation_(generation) {}

template <class Wait>
TlsConnection::Step TlsConnection::after(int result, Wait wait) {
  if (result > 0) return Step::done;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return wait(POLLIN) ? Step::again : Step::failed;
  if (error == SSL_ERROR_WANT_WRITE) return wait(POLLOUT) ? Step::again : Step::failed;
  if (error == SSL_ERROR_ZERO_RETURN) return Step::ended;
  broken_ = true;
  return Step::failed;
}

Status TlsConnection::shake_hands(std::chrono::milliseconds time) {
  const auto wait = [socket = socket_, end = Steady::now() + time](short events) {
    return wait_for(socket, events, end);
  };
  for (;;) {
    ERR_clear_error();
    const Step step = after(SSL_accept(ssl_.get()), wait);
    if (step == Step::done) break;
    if (step == Step::again) continue;
    const unsigned long error = ERR_peek_error();
    const long verified = SSL_get_verify_result(ssl_.get());
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST) {
      ERR_clear_error();
      return Error{ErrorCode::invalid_argument, "HTTP without TLS"};
    }
    const std::string why = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                            : !broken_            ? "it took too long"
                                                  : last_tls_error();
    ERR_clear_error();
    return Error{ErrorCode::unavailable, why};
  }
  const Certificate shown(SSL_get1_peer_certificate(ssl_.get()));
  if (shown) client_ = std::make_shared<const auth::ClientCertificate>(names_of(*shown));
  return Done{};
}

std::ptrdiff_t TlsConnection::read(char* to, std::size_t size, const Patience& patience) {
  if (broken_ || size == 0) return broken_ ? -1 : 0;
  const auto wait = [&](short events) { return wait_for(socket_, events, patience); };
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), to, at_most_int(size));
    switch (after(count, wait)) {
      case Step::done: return count;
      case Step::again: continue;
      case Step::ended: return 0;
      case Step::failed: ERR_clear_error(); return -1;
    }
  }
}

std::ptrdiff_t TlsConnection::write(const char* from, std::size_t size, const Patience& patience) {
  if (broken_ || size == 0) return broken_ ? -1 : 0;
  const auto wait = [&](short events) { return wait_for(socket_, events, patience); };
  for (;;) {
    ERR_clear_error();
    const int count = SSL_write(ssl_.get(), from, at_most_int(size));
    switch (after(count, wait)) {
      case Step::done: return count;
      case Step::again: continue;
      case Step::ended:
      case Step::failed:
        // What was half sent cannot be taken back, so nothing can follow it.
        broken_ = true;
        ERR_clear_error();
        return -1;
    }
  }
}

bool TlsConnection::has_pending() const { return !broken_ && SSL_pending(ssl_.get()) > 0; }

void TlsConnection::finish() {
  if (broken_) return;
  ERR_clear_error();
  static_cast<void>(SSL_shutdown(ssl_.get()));
  ERR_clear_error();
}

Result<std::unique_ptr<Tls>> Tls::open(const TlsOptions& options, UnixMillis now) {
  if (options.clients != ClientCertificates::none && options.client_ca.empty()) {
    return Error{ErrorCode::invalid_argument, "TLS: client certificates need client_ca"};
  }
  std::unique_ptr<Tls> opened(new Tls(options));  // NOLINT: private constructor
  WY_RETURN_IF_ERROR(opened->reload(now));
  return opened;
}

std::vector<std::string> Tls::stamps() const {
  std::vector<std::string> all;
  for (const auto* path :
       {&options_.certificate, &options_.key, &options_.client_ca, &options_.client_crl}) {
    all.push_back(stamp_of(*path));
  }
  return all;
}

Status Tls::reload(UnixMillis now) {
  // Before reading: what is written meanwhile is seen the next time.
  std::vector<std::string> seen = stamps();
  auto made = make_tls_context(options_, now);
  const std::lock_guard lock(mutex_);
  stamps_ = std::move(seen);
  if (!made) return std::move(made).error();
  current_ = *std::move(made);
  ++generation_;
  return Done{};
}

Result<bool> Tls::reload_if_changed(UnixMillis now) {
  std::vector<std::string> seen = stamps();
  {
    const std::lock_guard lock(mutex_);
    if (seen == stamps_) return false;
  }
  WY_RETURN_IF_ERROR(reload(now));
  return true;
}

Result<std::unique_ptr<TlsConnection>> Tls::accept(int socket,
                                                   std::chrono::milliseconds time) const {
  const int flags = ::fcntl(socket, F_GETFL);
  if (flags < 0 || ::fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0) {
    return Error{ErrorCode::unavailable, "the socket is gone"};
  }
  std::unique_ptr<TlsConnection> made;
  {
    const std::lock_guard lock(mutex_);
    // Takes its own hold of the context, which may be replaced any time.
    made.reset(  // NOLINT: private constructor
        new TlsConnection(SSL_new(current_.context.get()), socket, generation_));
  }
  if (!made->ssl_ || SSL_set_fd(made->ssl_.get(), socket) != 1) {
    return Error{ErrorCode::unavailable, last_tls_error()};
  }
  WY_RETURN_IF_ERROR(made->shake_hands(std::min(time, options_.handshake_timeout)));
  return made;
}

std::uint64_t Tls::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

UnixMillis Tls::expires_at() const {
  const std::lock_guard lock(mutex_);
  return current_.expires_at;
}

bool has_hung_up(int socket) {
  pollfd one{socket, POLLRDHUP, 0};
  return ::poll(&one, 1, 0) != 0;
}

}  // namespace wenyuan::http
