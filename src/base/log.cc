#include "base/log.h"

#include <unistd.h>

#include <atomic>

#include "base/clock.h"
#include "base/text.h"

namespace wenyuan::log {
namespace {

std::atomic<Level> least_level{Level::info};

std::string_view level_name(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

}  // namespace

Field::Field(std::string_view key, std::string_view text) : name(key), json(json_quoted(text)) {}
Field::Field(std::string_view key, bool value) : name(key), json(value ? "true" : "false") {}

void set_level(Level level) { least_level = level; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < least_level) return;
  std::string line = "{\"ts\":\"" + rfc3339(SystemClock().now()) + "\",\"level\":\"";
  line += level_name(level);
  line += "\",\"event\":" + json_quoted(event);
  for (const Field& field : fields) line += "," + json_quoted(field.name) + ":" + field.json;
  line += "}\n";
  // One write, so that lines of several threads do not mix; a log that cannot be written has
  // nowhere to complain.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace wenyuan::log
