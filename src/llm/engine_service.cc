#include "llm/engine_service.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace wenyuan::llm {
namespace {

// A client says hello at once, and takes what it asked for.
constexpr std::chrono::milliseconds kHandshakeTime{5000};
constexpr std::chrono::milliseconds kSendTime{30'000};
constexpr std::chrono::milliseconds kPauseWithoutDescriptors{50};

Status shake_hands(int socket) {
  limit_receive_time(socket, kHandshakeTime);
  WY_TRY(const auto frame, receive_frame(socket));
  if (!frame) return Error{ErrorCode::cancelled, "closed"};
  if (frame->kind != FrameKind::hello) {
    return Error{ErrorCode::invalid_argument, "say hello first"};
  }
  WY_RETURN_IF_ERROR(decode_hello(frame->payload));
  WY_RETURN_IF_ERROR(send_frame(socket, FrameKind::hello, encode_hello()));
  limit_receive_time(socket, {});
  return Done{};
}

// What cannot be understood is answered with the reason before the connection ends; to one that is
// gone nothing can be said.
void complain(int socket, const Error& error) {
  if (error.code == ErrorCode::cancelled || error.code == ErrorCode::internal) return;
  [[maybe_unused]] const Status sent = send_bytes(socket, error_frame(error));
}

}  // namespace

Result<std::unique_ptr<EngineService>> EngineService::start(const EngineServiceOptions& options) {
  WY_TRY(FileDescriptor listener, listen_at(options.socket));
  return std::unique_ptr<EngineService>(new EngineService(options, std::move(listener)));
}

EngineService::EngineService(const EngineServiceOptions& options, FileDescriptor listener)
    : options_(options),
      handler_(options.handler),
      listener_(std::move(listener)),
      accept_thread_([this] { accept_clients(); }) {}

EngineService::~EngineService() {
  remove_socket_file();
  is_stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  accept_thread_.join();
  // Each connection's thread sees the end of its socket, and takes its job out of the worker.
  for (Connection& connection : connections_) ::shutdown(connection.socket.get(), SHUT_RDWR);
  for (Connection& connection : connections_) connection.thread.join();
}

// Another engine may have put its own file there.
void EngineService::remove_socket_file() const {
  if (const auto own = connect_to(options_.socket); own) {
    ucred peer{};
    socklen_t peer_size = sizeof peer;
    ::getsockopt(own->get(), SOL_SOCKET, SO_PEERCRED, &peer, &peer_size);
    if (peer.pid == ::getpid()) ::unlink(options_.socket.c_str());
  }
}

void EngineService::accept_clients() {
  while (!is_stopping_) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (is_stopping_) return;
    if (socket) {
      forget_done();
      take_in(std::move(socket));
    } else if (errno != EINTR && errno != ECONNABORTED) {
      log::warn("accept_failed", {{"reason", errno_error("accept").message}});
      forget_done();
      std::this_thread::sleep_for(kPauseWithoutDescriptors);
    }
  }
}

void EngineService::take_in(FileDescriptor socket) {
  if (!is_same_user(socket.get())) {
    log::warn("client_refused", {{"reason", "another user"}});
    return;
  }
  limit_send_time(socket.get(), kSendTime);
  if (connections_.size() >= options_.connections_max) {
    complain(socket.get(), {ErrorCode::unavailable, "the engine is busy"});
    return;
  }
  Connection& connection = connections_.emplace_back();
  connection.socket = std::move(socket);
  try {
    connection.thread = std::thread([this, &connection] {
      serve(connection.socket.get());
      // The descriptor stays until the thread has been joined, so that its number is not reused
      // under somebody who still means this connection.
      ::shutdown(connection.socket.get(), SHUT_RDWR);
      connection.is_done = true;
    });
  } catch (const std::system_error&) {
    complain(connection.socket.get(), {ErrorCode::unavailable, "the engine is busy"});
    connections_.pop_back();
  }
}

void EngineService::forget_done() {
  connections_.remove_if([](Connection& connection) {
    if (!connection.is_done) return false;
    connection.thread.join();
    return true;
  });
}

void EngineService::serve(int socket) {
  if (const Status greeted = shake_hands(socket); !greeted) {
    return complain(socket, greeted.error());
  }
  for (;;) {
    try {
      auto frame = receive_frame(socket);
      if (!frame) return complain(socket, frame.error());
      if (!*frame || !handler_.answer(socket, **frame)) return;
    } catch (const std::bad_alloc&) {
      return complain(socket, {ErrorCode::unavailable, "the engine has no memory left"});
    }
  }
}

}  // namespace wenyuan::llm
