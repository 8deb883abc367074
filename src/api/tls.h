// TLS for the server's connections, with a certificate that can be renewed while it runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/patience.h"
#include "api/tls_context.h"
#include "api/tls_options.h"
#include "auth/identity/client_certificate.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::http {

// One connection. One thread at a time. The socket is somebody else's to close, and does not block.
class TlsConnection {
 public:
  // How many bytes came; 0 when the other side has ended, -1 on errors and when nothing came.
  std::ptrdiff_t read(char* to, std::size_t size, const Patience& patience);
  // How many bytes went out, which may be fewer; -1 on errors and when nothing could go.
  std::ptrdiff_t write(const char* from, std::size_t size, const Patience& patience);
  // Whether read() has something without looking at the socket.
  bool has_pending() const;
  // Says that this was all, without waiting.
  void finish();

  // Whose certificate was shown and found good; null when none was.
  const std::shared_ptr<const auth::ClientCertificate>& client() const { return client_; }
  int socket() const { return socket_; }
  // Which files it was made with: Tls::generation() of then.
  std::uint64_t generation() const { return generation_; }

 private:
  friend class Tls;
  enum class Step { done, again, ended, failed };
  TlsConnection(SSL* ssl, int socket, std::uint64_t generation);
  Status shake_hands(std::chrono::milliseconds time);
  // `wait` gives false when the socket was not ready for poll's events for too long.
  template <class Wait>
  Step after(int result, Wait wait);

  std::unique_ptr<SSL, FreeTls> ssl_;
  const int socket_;
  const std::uint64_t generation_;
  std::shared_ptr<const auth::ClientCertificate> client_;
  bool broken_ = false;  // nothing more may be said
};

// Thread-safe.
class Tls {
 public:
  static Result<std::unique_ptr<Tls>> open(const TlsOptions& options, UnixMillis now);

  // Reads the files again, for connections that begin from now on. On an error all stays as it was.
  Status reload(UnixMillis now);
  // The same when a file is another than at the last attempt; false when none is.
  Result<bool> reload_if_changed(UnixMillis now);

  // The handshake, on a socket that is made not to block. unavailable says what went wrong;
  // invalid_argument, that the other side speaks HTTP without TLS.
  Result<std::unique_ptr<TlsConnection>> accept(int socket, std::chrono::milliseconds time) const;

  // Rises with each reload.
  std::uint64_t generation() const;
  UnixMillis expires_at() const;
  const TlsOptions& options() const { return options_; }

 private:
  explicit Tls(const TlsOptions& options) : options_(options) {}
  std::vector<std::string> stamps() const;

  const TlsOptions options_;
  mutable std::mutex mutex_;
  TlsContext current_;               // guarded by mutex_
  std::uint64_t generation_ = 0;     // guarded by mutex_
  std::vector<std::string> stamps_;  // guarded by mutex_; of the last attempt
};

// Whether the other side of a socket has ended it, even when bytes of it are still unread. From any
// thread.
bool has_hung_up(int socket);

}  // namespace wenyuan::http
