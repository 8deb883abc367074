// How the server is set up: a TOML file, then the environment, then the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "api/tls_options.h"
#include "auth/attribute_kinds.h"
#include "auth/identity/client_certificate.h"
#include "auth/identity/provider_config.h"
#include "backup/s3_signature.h"
#include "base/result.h"

namespace wenyuan::app {

struct TlsConfig {
  http::TlsOptions options;
  auth::CertificateMapping clients;
  std::chrono::seconds hsts{std::chrono::hours{24} * 365};
};

// The object store that backups may go to; app/s3_config.h.
struct S3Config {
  std::string endpoint;  // empty: AWS's of the region
  std::string region = "us-east-1";
  std::string addressing;        // path or host; empty: path when there is an endpoint
  std::string credentials_from;  // env (also when empty), file:PATH or credential:NAME
  std::string ca_file;           // empty: the authorities that the system trusts
  bool insecure_http = false;
  backup::S3Credentials environment{};
};

struct Config {
  std::filesystem::path data;
  std::filesystem::path models;
  std::string listen_host = "127.0.0.1";
  int listen_port = 8080;
  // Sets the administrator's first key instead of making one up; at least 32 characters.
  std::string admin_key;
  std::string embedding_model;  // empty: the first embedder found
  std::string chat_model;       // empty: the first generator found
  std::string reranker_model;   // empty: none, search results stay in their fused order
  // Where the keys are (empty: the folder keys in `data`), and where the master key comes from, now
  // and before its last change: see store/key_ring.h.
  std::filesystem::path keys;
  std::string master_key;
  std::string previous_master_key;
  // Another folder that has the erasure secrets at every moment, apart from data and backups;
  // empty: none.
  std::filesystem::path key_copy;
  // A folder on a file system in memory: search indexes lie there while they are used.
  std::filesystem::path index_memory = "/dev/shm";
  bool sandbox = true;
  int ingest_workers = 2;
  int engine_threads = 0;    // 0: as many as there are cores
  std::string engine_cache;  // f16 or q8_0 (half the memory); empty: what suits the weights
  double requests_per_second = 50;
  std::int64_t upload_bytes_max = std::int64_t{256} << 20;
  // Below so much room on the data's disk nothing is taken in any more; 0: until it is full.
  std::int64_t disk_reserve_bytes = std::int64_t{512} << 20;
  // How long requests in flight may take when the server is told to stop.
  int stop_seconds = 10;
  // Attributes of collections and documents that access rules may look at.
  std::vector<std::string> access_attributes = {"department", "project", "region", "sensitivity"};
  // Of what kind they and those of users are: as declared (app/attribute_config.h), or by name.
  auth::AttributeKinds attribute_kinds = auth::AttributeKinds::guessed({});
  // Roles whose sessions may administer only with a second factor; "*" is everybody.
  std::vector<std::string> second_factor_roles = {"admin"};
  std::vector<auth::ProviderConfig> sign_in_providers;
  std::vector<auth::GatewayConfig> gateways;
  std::optional<TlsConfig> tls;  // nothing: plain HTTP
  // Where checkpoints of the audit log go besides the data directory, and how many days the classes
  // of its records are kept: see app/audit_setup.h.
  std::vector<std::string> audit_sinks;
  std::vector<std::string> audit_keep;
  // Where everything that is committed is copied to, every so many seconds: a directory or
  // s3://BUCKET/PREFIX; empty: nowhere.
  std::string backup_to;
  S3Config s3;
  int backup_seconds = 10;
  int backup_keep_days = 7;  // how far back one can go
  std::string log_level = "info";
  bool quiet_start = false;  // no words on stdout
};

// What the command line says; what is absent comes from elsewhere.
struct ConfigFlags {
  std::optional<std::string> data, models, listen, config_file, admin_key_file, backup_to;
  std::optional<std::string> embedding_model, chat_model, reranker_model;
  std::optional<double> requests_per_second;
  bool no_sandbox = false;
  bool quiet_start = false;
};

// invalid_argument names the setting and where it came from. Unknown settings in the file are
// errors: a misspelt one must not be silently without effect.
Result<Config> load_config(const ConfigFlags& flags);

std::filesystem::path default_models_directory();

// Splits "HOST:PORT", "[::1]:8080".
Result<std::pair<std::string, int>> parse_listen(const std::string& text);

}  // namespace wenyuan::app
