// Unix sockets that carry frames.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "llm/engine_protocol.h"

namespace wenyuan::llm {

struct Frame {
  FrameKind kind = FrameKind::hello;
  std::string payload;
};

// A socket that listens at `path`, open to this user alone. A file that a dead engine left there is
// replaced; conflict when a living one listens.
Result<FileDescriptor> listen_at(const std::filesystem::path& path);

// unavailable when nobody listens there, or nobody takes the connection at once.
Result<FileDescriptor> connect_to(const std::filesystem::path& path);

// True when the process at the other end runs as the same user.
bool is_same_user(int socket);

// Zero is no limit. An operation over its limit fails with unavailable.
void limit_receive_time(int socket, std::chrono::milliseconds limit);
void limit_send_time(int socket, std::chrono::milliseconds limit);

// Nothing when the other side closed between two frames; unavailable when it closed inside one.
Result<std::optional<Frame>> receive_frame(int socket);

// `bytes` are whole frames. unavailable when the other side has closed.
Status send_bytes(int socket, std::string_view bytes);
Status send_frame(int socket, FrameKind kind, std::string_view payload);

}  // namespace wenyuan::llm
