#include "llm/engine_ping.h"

#include "llm/engine_socket.h"

namespace wenyuan::llm {
namespace {

// True when it is an answer to go on with, false when the engine has no time for more.
Result<bool> answer(int socket, FrameKind wanted) {
  WY_TRY(const auto frame, receive_frame(socket));
  if (!frame) return Error{ErrorCode::unavailable, "the engine closed the connection"};
  return frame->kind == wanted;
}

}  // namespace

Status ping(const std::filesystem::path& socket, std::chrono::milliseconds time) {
  WY_TRY(const FileDescriptor connection, connect_to(socket));
  limit_receive_time(connection.get(), time);
  limit_send_time(connection.get(), time);
  // An engine with too many connections answers without listening, and closes.
  const Status greeted = send_frame(connection.get(), FrameKind::hello, encode_hello());
  WY_TRY(const bool listens, answer(connection.get(), FrameKind::hello));
  if (!listens) return Done{};
  WY_RETURN_IF_ERROR(greeted);
  WY_RETURN_IF_ERROR(send_frame(connection.get(), FrameKind::status, ""));
  WY_RETURN_IF_ERROR(answer(connection.get(), FrameKind::result));
  return Done{};
}

}  // namespace wenyuan::llm
