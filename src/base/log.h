// Structured log lines: one event a line, as JSON on stderr.
//
// Never secrets, never document text, never a question. Thread-safe.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace wenyuan::log {

enum class Level { debug, info, warn, error };

// A value is written as a JSON number when it was given as one, as a JSON string otherwise.
struct Field {
  Field(std::string_view key, std::string_view text);
  Field(std::string_view key, const char* text) : Field(key, std::string_view(text)) {}
  Field(std::string_view key, const std::string& text) : Field(key, std::string_view(text)) {}
  Field(std::string_view key, bool value);
  template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>)
      Field(std::string_view key, Number number)
      : name(key), json(std::to_string(number)) {}

  std::string_view name;
  std::string json;
};

void set_level(Level level);
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

}  // namespace wenyuan::log
