// Places outside the database that get every checkpoint.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "audit/checkpoint_note.h"
#include "base/result.h"

namespace wenyuan::audit {

class CheckpointSink {
 public:
  virtual ~CheckpointSink() = default;
  virtual std::string name() const = 0;
  // Returns when the sink has taken the note, durably where it is durable at all.
  virtual Status take(const Checkpoint& checkpoint, std::string_view note) = 0;
};

// Appends to a file: audit/checkpoint_file.h.
std::unique_ptr<CheckpointSink> file_sink(const std::filesystem::path& file);
// RFC 5424 to a Unix datagram socket (/dev/log), facility 13 (log audit): origin, size, root, time
// and signature as structured data, so that the note can be put together again.
std::unique_ptr<CheckpointSink> syslog_sink(const std::filesystem::path& socket);
// What the syslog sink sends.
std::string syslog_message(const Checkpoint& checkpoint, std::string_view note);

}  // namespace wenyuan::audit
