#include "audit/sinks.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "audit/checkpoint_file.h"
#include "base/file.h"
#include "base/text.h"

namespace wenyuan::audit {
namespace fs = std::filesystem;
namespace {

// Facility 13 (log audit), severity 5 (notice).
constexpr std::string_view kPriority = "<109>1 ";

class FileSink final : public CheckpointSink {
 public:
  explicit FileSink(fs::path file) : file_(std::move(file)) {}
  std::string name() const override { return "file " + file_.string(); }
  Status take(const Checkpoint& /*checkpoint*/, std::string_view note) override {
    return append_note(file_, note);
  }

 private:
  const fs::path file_;
};

class SyslogSink final : public CheckpointSink {
 public:
  explicit SyslogSink(fs::path socket) : socket_(std::move(socket)) {}
  std::string name() const override { return "syslog " + socket_.string(); }

  // A new socket each time: the daemon may have been restarted.
  Status take(const Checkpoint& checkpoint, std::string_view note) override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket_.string();
    if (path.size() >= sizeof address.sun_path) {
      return Error{ErrorCode::invalid_argument, "the path is too long: " + path};
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const FileDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return errno_error("socket", socket_);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return errno_error("connect", socket_);
    }
    const std::string message = syslog_message(checkpoint, note);
    const ssize_t sent = ::send(fd.get(), message.data(), message.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno_error("send", socket_);
    return Done{};
  }

 private:
  const fs::path socket_;
};

// RFC 5424, 6.3.3: what would end the value or the element is escaped.
std::string parameter(std::string_view name, std::string_view value) {
  std::string text = " ";
  text += name;
  text += "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == ']') text += '\\';
    text += c;
  }
  return text + '"';
}

}  // namespace

std::unique_ptr<CheckpointSink> file_sink(const fs::path& file) {
  return std::make_unique<FileSink>(file);
}

std::unique_ptr<CheckpointSink> syslog_sink(const fs::path& socket) {
  return std::make_unique<SyslogSink>(socket);
}

std::string syslog_message(const Checkpoint& checkpoint, std::string_view note) {
  // The signature alone: the rest of the note is made of the other values.
  const std::string_view line = trim(note.substr(note.rfind("\n\n") + 2));
  std::string message(kPriority);
  message += rfc3339(checkpoint.time);
  message += " - wenyuan - audit-checkpoint [checkpoint@32473";
  message += parameter("origin", checkpoint.origin);
  message += parameter("size", std::to_string(checkpoint.size));
  message += parameter("root", to_base64(checkpoint.root));
  message += parameter("time", rfc3339(checkpoint.time));
  message += parameter("signature", line.substr(line.rfind(' ') + 1));
  message += ']';
  return message;
}

}  // namespace wenyuan::audit
