#include "app/s3_config.h"

#include <cstdlib>

#include "api/storage_http.h"
#include "app/config_section.h"
#include "backup/directory.h"
#include "backup/s3_place.h"
#include "base/file.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kCredentialsSizeMax = 16 * 1024;
constexpr std::string_view kFile = "file:", kCredential = "credential:";

Error bad(std::string what) { return Error{ErrorCode::invalid_argument, std::move(what)}; }

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT: before threads start
  return value == nullptr ? std::string() : std::string(value);
}

std::string taken(const char* name) {
  std::string value = variable(name);
  ::unsetenv(name);  // NOLINT: before threads start
  return value;
}

// Not the service manager's folder: its rights are what protects that.
Status refuse_open_file(const fs::path& file) {
  std::error_code failed;
  const fs::perms rights = fs::status(file, failed).permissions();
  if (failed || (rights & fs::perms::others_read) == fs::perms::none) return Done{};
  return Error{ErrorCode::forbidden, "everybody may read " + file.string()};
}

Result<backup::S3Credentials> read_credentials(const fs::path& file) {
  WY_TRY(const std::string text, read_file(file, kCredentialsSizeMax));
  auto found = backup::parse_s3_credentials(text);
  if (!found) return within(file.string(), found.error());
  return found;
}

using Source = std::function<Result<backup::S3Credentials>()>;

Result<Source> credentials_of(const S3Config& config) {
  const std::string& from = config.credentials_from;
  if (from.starts_with(kFile)) {
    const fs::path file = from.substr(kFile.size());
    return Source([file]() -> Result<backup::S3Credentials> {
      WY_RETURN_IF_ERROR(refuse_open_file(file));
      return read_credentials(file);
    });
  }
  if (from.starts_with(kCredential)) {
    const std::string name = from.substr(kCredential.size());
    const std::string folder = variable("CREDENTIALS_DIRECTORY");
    if (folder.empty() || name.empty() || name.find('/') != std::string::npos) {
      return bad("there is no credential " + name +
                 ": CREDENTIALS_DIRECTORY comes from LoadCredential= of the systemd unit");
    }
    return Source([file = fs::path(folder) / name] { return read_credentials(file); });
  }
  if (!from.empty() && from != "env") {
    return bad("keys of the object store come from env, file:PATH or credential:NAME");
  }
  if (config.environment.key_id.empty() || config.environment.secret.empty()) {
    return bad(
        "the object store's keys are not there: set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or credentials in [backup_s3]");
  }
  return Source([known = config.environment]() -> Result<backup::S3Credentials> { return known; });
}

Result<bool> is_path_style(const S3Config& config) {
  if (config.addressing == "path") return true;
  if (config.addressing == "host") return false;
  if (!config.addressing.empty()) return bad("addressing of the object store is path or host");
  return !config.endpoint.empty();
}

}  // namespace

Status read_s3_table(const toml::table& table, const std::string& file, S3Config& config) {
  const toml::node* const node = table.get("backup_s3");
  if (node == nullptr) return Done{};
  if (!node->is_table()) return bad(file + ": write [backup_s3]");
  Section section(*node->as_table(), file + ": [backup_s3]");
  WY_RETURN_IF_ERROR(section.read("endpoint", config.endpoint));
  WY_RETURN_IF_ERROR(section.read("region", config.region));
  WY_RETURN_IF_ERROR(section.read("addressing", config.addressing));
  WY_RETURN_IF_ERROR(section.read("credentials", config.credentials_from));
  WY_RETURN_IF_ERROR(section.read("ca_file", config.ca_file));
  WY_RETURN_IF_ERROR(section.read("insecure_http", config.insecure_http));
  return section.no_unknown();
}

Status read_s3_environment(S3Config& config) {
  const std::pair<const char*, std::string*> texts[] = {
      {"WENYUAN_S3_ENDPOINT", &config.endpoint},
      {"WENYUAN_S3_REGION", &config.region},
      {"WENYUAN_S3_ADDRESSING", &config.addressing},
      {"WENYUAN_S3_CREDENTIALS_FROM", &config.credentials_from},
      {"WENYUAN_S3_CA_FILE", &config.ca_file}};
  for (const auto& [name, target] : texts) {
    if (std::string value = variable(name); !value.empty()) *target = std::move(value);
  }
  const std::string insecure = variable("WENYUAN_S3_INSECURE_HTTP");
  if (!insecure.empty() && insecure != "true" && insecure != "false") {
    return bad("WENYUAN_S3_INSECURE_HTTP is true or false");
  }
  if (!insecure.empty()) config.insecure_http = insecure == "true";
  config.environment = {taken("AWS_ACCESS_KEY_ID"), taken("AWS_SECRET_ACCESS_KEY"),
                        taken("AWS_SESSION_TOKEN")};
  return Done{};
}

Result<std::unique_ptr<backup::Place>> open_backup_place(const std::string& address,
                                                         const S3Config& config,
                                                         const fs::path& scratch,
                                                         const Clock& clock,
                                                         std::int64_t scratch_reserve) {
  if (!backup::is_s3_address(address)) return backup::open_directory(address);
  backup::S3Options options;
  WY_TRY(options.address, backup::parse_s3_address(address));
  options.endpoint = config.endpoint;
  options.region = config.region;
  WY_TRY(options.path_style, is_path_style(config));
  WY_TRY(options.credentials, credentials_of(config));
  WY_RETURN_IF_ERROR(options.credentials());  // says at once what is wrong
  options.scratch = scratch;
  options.scratch_reserve = scratch_reserve;
  WY_RETURN_IF_ERROR(backup::check_s3_options(options));
  WY_TRY(auto transport, api::open_storage_http({.origin = backup::s3_origin(options),
                                                 .insecure_http = config.insecure_http,
                                                 .ca_file = config.ca_file}));
  return backup::open_s3(options, std::move(transport), clock);
}

}  // namespace wenyuan::app
