#include "app/command_config.h"

#include <toml++/toml.h>

#include <cstdlib>

#include "app/config_section.h"
#include "app/s3_config.h"
#include "base/file.h"

namespace wenyuan::app {
namespace {

constexpr std::size_t kFileSizeMax = std::size_t{1} << 20;

Status read_table(const toml::table& table, const std::string& file, CommandConfig& config) {
  Section section(table, file);
  WY_RETURN_IF_ERROR(section.read("keys", config.keys));
  WY_RETURN_IF_ERROR(section.read("master_key", config.master_key));
  WY_RETURN_IF_ERROR(section.read("key_copy", config.key_copy));
  return read_s3_table(table, file, config.s3);
}

Status read_settings(const std::string& file, CommandConfig& config) {
  WY_TRY(const std::string text, read_file(file, kFileSizeMax));
  try {
    return read_table(toml::parse(text, file), file, config);
  } catch (const toml::parse_error& error) {
    return Error{ErrorCode::invalid_argument, file + ", line " +
                                                  std::to_string(error.source().begin.line) + ": " +
                                                  std::string(error.description())};
  }
}

}  // namespace

Result<CommandConfig> load_command_config(const std::string& config_file) {
  CommandConfig config;
  if (!config_file.empty()) WY_RETURN_IF_ERROR(read_settings(config_file, config));
  const std::pair<const char*, std::string*> variables[] = {
      {"WENYUAN_KEYS", &config.keys},
      {"WENYUAN_MASTER_KEY_FROM", &config.master_key},
      {"WENYUAN_KEY_COPY", &config.key_copy}};
  for (const auto& [name, target] : variables) {
    const char* const value = std::getenv(name);  // NOLINT: before threads start
    if (value != nullptr && *value != '\0') *target = value;
  }
  WY_RETURN_IF_ERROR(read_s3_environment(config.s3));
  return config;
}

}  // namespace wenyuan::app
