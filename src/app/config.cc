#include "app/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "app/attribute_config.h"
#include "app/s3_config.h"
#include "app/sign_in_config.h"
#include "app/tls_config.h"
#include "backup/s3_options.h"
#include "base/file.h"
#include "base/text.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kAdminKeySizeMin = 32;

Error bad(const std::string& what) { return Error{ErrorCode::invalid_argument, what}; }

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT: read once, before threads start
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Status set_listen(Config& config, const std::string& text) {
  WY_TRY(auto listen, parse_listen(text));
  config.listen_host = listen.first;
  config.listen_port = listen.second;
  return Done{};
}

// One setting of the file; a wrong type is an error with its name.
class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string file) : table_(table), file_(std::move(file)) {}

  template <class T>
  Status read(const std::string& key, T& target) {
    known_.push_back(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return Done{};
    const auto value = node->value<T>();
    if (!value) return bad(file_ + ": " + key + " has the wrong type");
    target = *value;
    return Done{};
  }
  Status read(const std::string& key, fs::path& target) {
    std::string text = target.string();
    WY_RETURN_IF_ERROR(read(key, text));
    target = text;
    return Done{};
  }
  Status read(const std::string& key, std::vector<std::string>& target) {
    known_.push_back(key);
    const toml::node* node = table_.get(key);
    if (node == nullptr) return Done{};
    if (!node->is_array()) return bad(file_ + ": " + key + " must be a list of texts");
    target.clear();
    for (const toml::node& item : *node->as_array()) {
      const auto text = item.value<std::string>();
      if (!text) return bad(file_ + ": " + key + " must be a list of texts");
      target.push_back(*text);
    }
    return Done{};
  }
  Status no_unknown() const {
    for (const auto& [key, node] : table_) {
      const std::string name(key.str());
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        return bad(file_ + ": there is no setting called " + name);
      }
    }
    return Done{};
  }

 private:
  const toml::table& table_;
  std::string file_;
  std::vector<std::string> known_;
};

Status read_settings(TomlReader& reader, Config& config) {
  std::string listen;
  WY_RETURN_IF_ERROR(reader.read("data", config.data));
  WY_RETURN_IF_ERROR(reader.read("models", config.models));
  WY_RETURN_IF_ERROR(reader.read("keys", config.keys));
  WY_RETURN_IF_ERROR(reader.read("master_key", config.master_key));
  WY_RETURN_IF_ERROR(reader.read("previous_master_key", config.previous_master_key));
  WY_RETURN_IF_ERROR(reader.read("key_copy", config.key_copy));
  WY_RETURN_IF_ERROR(reader.read("index_memory", config.index_memory));
  WY_RETURN_IF_ERROR(reader.read("listen", listen));
  if (!listen.empty()) WY_RETURN_IF_ERROR(set_listen(config, listen));
  WY_RETURN_IF_ERROR(reader.read("embedding_model", config.embedding_model));
  WY_RETURN_IF_ERROR(reader.read("chat_model", config.chat_model));
  WY_RETURN_IF_ERROR(reader.read("reranker_model", config.reranker_model));
  WY_RETURN_IF_ERROR(reader.read("sandbox", config.sandbox));
  WY_RETURN_IF_ERROR(reader.read("ingest_workers", config.ingest_workers));
  WY_RETURN_IF_ERROR(reader.read("engine_threads", config.engine_threads));
  WY_RETURN_IF_ERROR(reader.read("engine_cache", config.engine_cache));
  WY_RETURN_IF_ERROR(reader.read("requests_per_second", config.requests_per_second));
  WY_RETURN_IF_ERROR(reader.read("upload_bytes_max", config.upload_bytes_max));
  WY_RETURN_IF_ERROR(reader.read("disk_reserve_bytes", config.disk_reserve_bytes));
  WY_RETURN_IF_ERROR(reader.read("stop_seconds", config.stop_seconds));
  WY_RETURN_IF_ERROR(reader.read("access_attributes", config.access_attributes));
  WY_RETURN_IF_ERROR(reader.read("second_factor_roles", config.second_factor_roles));
  WY_RETURN_IF_ERROR(reader.read("audit_sinks", config.audit_sinks));
  WY_RETURN_IF_ERROR(reader.read("audit_keep", config.audit_keep));
  WY_RETURN_IF_ERROR(reader.read("backup_to", config.backup_to));
  WY_RETURN_IF_ERROR(reader.read("backup_seconds", config.backup_seconds));
  WY_RETURN_IF_ERROR(reader.read("backup_keep_days", config.backup_keep_days));
  WY_RETURN_IF_ERROR(reader.read("log_level", config.log_level));
  return reader.no_unknown();
}

Status read_toml(const std::string& path, Config& config) {
  WY_TRY(const std::string text, read_file(path, std::size_t{1} << 20));
  toml::table table;
  try {
    table = toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    return bad(path + ", line " + std::to_string(error.source().begin.line) + ": " +
               std::string(error.description()));
  }
  WY_TRY(SignInSources sources, read_sign_in_sources(table, path));
  config.sign_in_providers = std::move(sources.providers);
  config.gateways = std::move(sources.gateways);
  WY_TRY(config.tls, read_tls_config(table, path));
  table.erase("tls");
  table.erase("sign_in_provider");
  table.erase("gateway");
  WY_TRY(const auto kinds, read_attribute_kinds(table, path));
  table.erase("attribute");
  WY_RETURN_IF_ERROR(read_s3_table(table, path, config.s3));
  table.erase("backup_s3");
  TomlReader reader(table, path);
  WY_RETURN_IF_ERROR(read_settings(reader, config));
  config.attribute_kinds = kinds ? *kinds : auth::AttributeKinds::guessed(config.access_attributes);
  config.access_attributes = config.attribute_kinds.access();
  return Done{};
}

Status read_environment(Config& config) {
  if (const auto data = environment("WENYUAN_DATA")) config.data = *data;
  if (const auto models = environment("WENYUAN_MODELS")) config.models = *models;
  if (const auto keys = environment("WENYUAN_KEYS")) config.keys = *keys;
  if (const auto memory = environment("WENYUAN_INDEX_MEMORY")) config.index_memory = *memory;
  if (const auto from = environment("WENYUAN_MASTER_KEY_FROM")) config.master_key = *from;
  if (const auto from = environment("WENYUAN_PREVIOUS_MASTER_KEY_FROM")) {
    config.previous_master_key = *from;
  }
  if (const auto copy = environment("WENYUAN_KEY_COPY")) config.key_copy = *copy;
  if (const auto listen = environment("WENYUAN_LISTEN")) {
    WY_RETURN_IF_ERROR(set_listen(config, *listen));
  }
  if (const auto key = environment("WENYUAN_ADMIN_KEY")) config.admin_key = *key;
  if (const auto model = environment("WENYUAN_EMBEDDING_MODEL")) config.embedding_model = *model;
  if (const auto model = environment("WENYUAN_CHAT_MODEL")) config.chat_model = *model;
  if (const auto model = environment("WENYUAN_RERANKER_MODEL")) config.reranker_model = *model;
  if (const auto to = environment("WENYUAN_BACKUP_TO")) config.backup_to = *to;
  WY_RETURN_IF_ERROR(read_s3_environment(config.s3));
  if (const auto level = environment("WENYUAN_LOG_LEVEL")) config.log_level = *level;
  return Done{};
}

Status read_flags(const ConfigFlags& flags, Config& config) {
  if (flags.data) config.data = *flags.data;
  if (flags.models) config.models = *flags.models;
  if (flags.listen) WY_RETURN_IF_ERROR(set_listen(config, *flags.listen));
  if (flags.backup_to) config.backup_to = *flags.backup_to;
  if (flags.embedding_model) config.embedding_model = *flags.embedding_model;
  if (flags.chat_model) config.chat_model = *flags.chat_model;
  if (flags.reranker_model) config.reranker_model = *flags.reranker_model;
  if (flags.requests_per_second) config.requests_per_second = *flags.requests_per_second;
  if (flags.no_sandbox) config.sandbox = false;
  config.quiet_start = flags.quiet_start;
  if (flags.admin_key_file) {
    WY_TRY(const std::string key, read_file(*flags.admin_key_file, 4096));
    config.admin_key = std::string(trim(key));
  }
  return Done{};
}

Status check(const Config& config) {
  if (!config.admin_key.empty() && config.admin_key.size() < kAdminKeySizeMin) {
    return bad("the administrator's key must have at least 32 characters");
  }
  if (config.ingest_workers < 1 || config.ingest_workers > 64) {
    return bad("ingest_workers must be 1 to 64");
  }
  if (config.engine_threads < 0 || config.engine_threads > 1024) {
    return bad("engine_threads must be 0 to 1024");
  }
  if (!config.engine_cache.empty() && config.engine_cache != "f16" &&
      config.engine_cache != "q8_0") {
    return bad("engine_cache must be f16 or q8_0");
  }
  if (backup::is_s3_address(config.backup_to)) {
    WY_RETURN_IF_ERROR(backup::parse_s3_address(config.backup_to));
  }
  if (config.backup_seconds < 1 || config.backup_seconds > 3600) {
    return bad("backup_seconds must be 1 to 3600");
  }
  if (config.backup_keep_days < 1 || config.backup_keep_days > 3650) {
    return bad("backup_keep_days must be 1 to 3650");
  }
  if (config.upload_bytes_max < 1024) return bad("upload_bytes_max must be at least 1024");
  if (config.disk_reserve_bytes < 0) return bad("disk_reserve_bytes must not be below 0");
  if (config.stop_seconds < 0 || config.stop_seconds > 3600) {
    return bad("stop_seconds must be 0 to 3600");
  }
  if (config.requests_per_second <= 0) return bad("requests_per_second must be above 0");
  return Done{};
}

}  // namespace

fs::path default_models_directory() {
  if (const auto data_home = environment("XDG_DATA_HOME")) {
    return fs::path(*data_home) / "wenyuan" / "models";
  }
  return fs::path(environment("HOME").value_or("/var/lib")) / ".local/share/wenyuan/models";
}

Result<std::pair<std::string, int>> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const Error wrong = bad("listen must be HOST:PORT, not " + text);
  if (colon == std::string::npos || colon == 0) return wrong;
  std::string host = text.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  int port = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  if (error != std::errc() || rest != end || port < 0 || port > 65535) return wrong;
  return std::pair(host, port);
}

Result<Config> load_config(const ConfigFlags& flags) {
  Config config;
  config.models = default_models_directory();
  config.attribute_kinds = auth::AttributeKinds::guessed(config.access_attributes);
  const auto file = flags.config_file ? flags.config_file : environment("WENYUAN_CONFIG");
  if (file) WY_RETURN_IF_ERROR(read_toml(*file, config));
  WY_RETURN_IF_ERROR(read_environment(config));
  WY_RETURN_IF_ERROR(read_flags(flags, config));
  WY_RETURN_IF_ERROR(check(config));
  std::sort(config.access_attributes.begin(), config.access_attributes.end());
  return config;
}

}  // namespace wenyuan::app
