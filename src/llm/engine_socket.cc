#include "llm/engine_socket.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

constexpr int kBacklog = 128;
// A payload's memory grows with what has arrived, not with what was announced.
constexpr std::size_t kReceiveStep = std::size_t{1} << 20;

Result<sockaddr_un> address_of(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.empty() || text.size() >= sizeof address.sun_path) {
    return Error{ErrorCode::invalid_argument, "the socket path " + text + " must have 1 to " +
                                                  std::to_string(sizeof address.sun_path - 1) +
                                                  " bytes"};
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

Result<FileDescriptor> new_socket(int flags) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  if (!socket) return errno_error("socket");
  return socket;
}

const sockaddr* raw(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void set_time(int socket, int option, std::chrono::milliseconds limit) {
  timeval time{};
  time.tv_sec = static_cast<time_t>(limit.count() / 1000);
  time.tv_usec = static_cast<suseconds_t>(limit.count() % 1000 * 1000);
  ::setsockopt(socket, SOL_SOCKET, option, &time, sizeof time);
}

// How many of the `size` bytes came before the other side closed.
Result<std::size_t> receive_bytes(int socket, char* bytes, std::size_t size) {
  std::size_t at = 0;
  while (at < size) {
    const ssize_t count = ::recv(socket, bytes + at, size - at, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == ECONNRESET) break;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return Error{ErrorCode::unavailable, "nothing came in time"};
    }
    if (count < 0) return errno_error("receive");
    if (count == 0) break;
    at += static_cast<std::size_t>(count);
  }
  return at;
}

Error closed_inside_frame() {
  return Error{ErrorCode::unavailable, "the connection was closed within a message"};
}

}  // namespace

Result<FileDescriptor> listen_at(const fs::path& path) {
  if (connect_to(path)) {
    return Error{ErrorCode::conflict, "another engine is listening at " + path.string()};
  }
  // Bound under another name and moved when it listens, so that clients never find a dead socket.
  fs::path temporary = path;
  temporary += "." + std::to_string(::getpid());
  WY_TRY(const sockaddr_un address, address_of(temporary));
  WY_TRY(FileDescriptor socket, new_socket(0));
  // On Linux the file takes over the mode of the socket.
  if (::fchmod(socket.get(), 0600) != 0) return errno_error("fchmod", temporary);
  ::unlink(temporary.c_str());
  if (::bind(socket.get(), raw(address), sizeof address) != 0) {
    return errno_error("bind", temporary);
  }
  if (::chmod(temporary.c_str(), 0600) != 0 || ::listen(socket.get(), kBacklog) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = errno_error("listen at", path);
    ::unlink(temporary.c_str());
    return error;
  }
  return socket;
}

Result<FileDescriptor> connect_to(const fs::path& path) {
  WY_TRY(const sockaddr_un address, address_of(path));
  // A blocking connect would wait for room in the backlog of an engine that hangs.
  WY_TRY(FileDescriptor socket, new_socket(SOCK_NONBLOCK));
  if (::connect(socket.get(), raw(address), sizeof address) != 0) {
    return Error{ErrorCode::unavailable, errno_error("connect to", path).message};
  }
  int on = 0;
  if (::ioctl(socket.get(), FIONBIO, &on) != 0) return errno_error("ioctl", path);
  return socket;
}

bool is_same_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == ::geteuid();
}

void limit_receive_time(int socket, std::chrono::milliseconds limit) {
  set_time(socket, SO_RCVTIMEO, limit);
}

void limit_send_time(int socket, std::chrono::milliseconds limit) {
  set_time(socket, SO_SNDTIMEO, limit);
}

Result<std::optional<Frame>> receive_frame(int socket) {
  char raw_header[kFrameHeaderSize];
  WY_TRY(const std::size_t got, receive_bytes(socket, raw_header, sizeof raw_header));
  if (got == 0) return std::optional<Frame>();
  if (got < sizeof raw_header) return closed_inside_frame();
  WY_TRY(const FrameHeader header, decode_frame_header({raw_header, sizeof raw_header}));
  Frame frame{header.kind, {}};
  while (frame.payload.size() < header.size) {
    const std::size_t at = frame.payload.size();
    const std::size_t step = std::min(kReceiveStep, header.size - at);
    frame.payload.resize(at + step);
    WY_TRY(const std::size_t count, receive_bytes(socket, frame.payload.data() + at, step));
    if (count < step) return closed_inside_frame();
  }
  return std::optional<Frame>(std::move(frame));
}

Status send_bytes(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      return Error{ErrorCode::unavailable, "the connection was closed"};
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return Error{ErrorCode::unavailable, "the other side does not take its messages"};
    }
    if (count < 0) return errno_error("send");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return Done{};
}

Status send_frame(int socket, FrameKind kind, std::string_view payload) {
  return send_bytes(socket, encode_frame(kind, payload));
}

}  // namespace wenyuan::llm
