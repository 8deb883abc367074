#include "app/server.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>

#include "api/api.h"
#include "api/http_server.h"
#include "api/outgoing_http.h"
#include "app/audit_setup.h"
#include "app/backups.h"
#include "app/disk_guard.h"
#include "app/erasure_sweep.h"
#include "app/first_run.h"
#include "app/keeper.h"
#include "app/key_copy.h"
#include "app/models.h"
#include "app/parts.h"
#include "app/start_words.h"
#include "app/stop_signals.h"
#include "app/surroundings.h"
#include "app/tls_keeper.h"
#include "app/version_sweep.h"
#include "audit/checkpoint.h"
#include "audit/log.h"
#include "audit/personal.h"
#include "auth/identities.h"
#include "auth/identity/sign_in.h"
#include "auth/identity/single_sign_on.h"
#include "auth/policy_engine.h"
#include "base/log.h"
#include "ingest/indexer.h"
#include "ingest/job_runner.h"
#include "llm/engine_client.h"
#include "llm/engine_supervisor.h"
#include "query/answer.h"
#include "query/search.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/key_ring.h"
#include "store/late_vectors.h"

namespace wenyuan::app {
namespace {

constexpr std::chrono::seconds kSealPeriod{5};
constexpr std::chrono::seconds kDiskPeriod{1};
constexpr std::chrono::seconds kCheckpointPeriod{5};
constexpr std::chrono::seconds kRetirePeriod{600};
constexpr std::chrono::seconds kVersionPeriod{30};
constexpr std::chrono::seconds kModelLookPeriod{10};

}  // namespace

// Built top to bottom, destroyed bottom to top: nothing outlives what it uses.
struct Server::Impl {
  explicit Impl(const Config& given) : config(given), layout(given.data) {}

  // First, so that it goes last: it hears the second signal however long the rest takes.
  std::jthread second_signal;
  const Config config;
  const Layout layout;
  const SystemClock clock;
  ChosenModels models;
  std::unique_ptr<store::Database> database;
  std::optional<store::BlobStore> blobs;
  std::unique_ptr<auth::Identities> identities;
  std::unique_ptr<auth::SignIn> sign_in;
  api::OutgoingHttp outgoing{{}};
  std::unique_ptr<auth::SingleSignOn> single_sign_on;
  std::optional<auth::RequestSignatures> request_signatures;
  std::optional<auth::PolicyEngine> policies;
  std::unique_ptr<audit::Vault> vault;
  std::unique_ptr<audit::Checkpointer> checkpointer;
  audit::Retention retention;
  std::unique_ptr<index::Compartments> compartments;
  std::optional<ingest::Indexer> indexer;
  std::optional<llm::EngineSupervisor> supervisor;
  std::optional<llm::EngineClient> engine;
  std::optional<ingest::Extractor> extractor;
  std::optional<query::Searcher> searcher;
  std::optional<query::Answerer> answerer;
  std::optional<ingest::JobRunner> jobs;
  std::optional<DiskGuard> disk;
  std::optional<Keeper> disk_look;
  std::optional<Keeper> sealing;
  std::optional<Keeper> checkpoints;
  std::optional<Keeper> retiring;
  std::optional<Keeper> old_versions;
  std::optional<Backups> backups;
  std::stop_source stopping;
  std::optional<Keeper> model_look;  // while there is no embedding model
  std::unique_ptr<TlsKeeper> tls;    // null: plain HTTP
  std::unique_ptr<api::Api> api;
  std::optional<http::Server> http;  // goes first: no requests while the rest shuts down

  Status open_store();
  Status report_unreadable_policies();
  Status open_indexes();
  Status start_engine();
  Status start_work();
  Status start_serving(const std::string& first_key);
  void write_checkpoint(bool at_once);
  Status record(const std::string& action, Attributes details);
  Status keep_model(const index::VectorModel& before);
  void log_unembedded();
  void look_for_embedding_model();
  void stop_requests();
};

Status Server::Impl::open_store() {
  WY_RETURN_IF_ERROR(make_data_directory(config.data));
  WY_RETURN_IF_ERROR(refuse_standby(config.data));
  disk.emplace(config.data, config.disk_reserve_bytes);
  WY_TRY(database, store::Database::open(store_options(config)));
  WY_TRY(blobs, store::BlobStore::open(layout.blobs(), database->keys().files()));
  WY_TRY([[maybe_unused]] const std::int64_t removed,
         blobs->remove_unnamed([&](const std::string& sha256) {
           const auto named = database->read(
               [&](store::Snapshot& snapshot) { return store::blob_is_named(snapshot, sha256); });
           return !named || *named;  // in doubt it stays
         }));
  WY_TRY(identities, auth::Identities::open(*database));
  auth::SignIn::Options sign_in_options;
  sign_in_options.second_factor_roles = config.second_factor_roles;
  WY_TRY(sign_in, auth::SignIn::open(*database, *identities, sign_in_options));
  request_signatures.emplace(sign_in->secret(), *database, auth::RequestSignatures::Options{});
  WY_TRY(single_sign_on, auth::SingleSignOn::open(config.sign_in_providers, config.gateways,
                                                  outgoing, *database, *identities, *sign_in));
  policies.emplace(config.attribute_kinds);
  // A changed setting gives documents other labels.
  WY_RETURN_IF_ERROR(database->write([&](store::Transaction& tx) {
    return store::use_access_attributes(tx, config.access_attributes);
  }));
  WY_RETURN_IF_ERROR(report_unreadable_policies());
  WY_TRY(vault, audit::Vault::open(database->keys()));
  audit::Checkpointer::Options checkpoint_options;
  checkpoint_options.directory = config.data;
  WY_TRY(checkpoint_options.sinks, audit_sinks(config));
  WY_TRY(retention, audit_retention(config));
  WY_TRY(checkpointer, audit::Checkpointer::open(*database, std::move(checkpoint_options)));
  return Done{};
}

// Attributes may have been declared otherwise since policies were stored.
Status Server::Impl::report_unreadable_policies() {
  WY_TRY(const auto found,
         database->read([&](store::Snapshot& snapshot) { return policies->unreadable(snapshot); }));
  for (const auth::UnreadablePolicy& policy : found) {
    log::error(
        "policy.unreadable",
        {{"policy", policy.id},
         {"why", policy.error},
         {"until_changed", policy.denies_everything ? "denies everything" : "gives nothing"}});
  }
  return Done{};
}

Status Server::Impl::open_indexes() {
  WY_TRY(const index::VectorModel before, indexed_model(layout));
  WY_TRY(models, choose_models(config, before.name));
  WY_RETURN_IF_ERROR(keep_model(before));
  WY_TRY(compartments,
         open_compartments(layout.indexes(), config.index_memory, *database, models.embedding));
  indexer.emplace(*database, *compartments);
  WY_RETURN_IF_ERROR(indexer->catch_up_all(std::stop_token()));
  log_unembedded();
  return Done{};
}

Status Server::Impl::keep_model(const index::VectorModel& before) {
  const index::VectorModel& model = models.embedding;
  if (model.name == before.name && model.vector_size != before.vector_size) {
    WY_RETURN_IF_ERROR(database->write(
        [&](store::Transaction& tx) { return store::forget_vectors(tx, model.name); }));
  }
  return keep_indexed_model(layout, model);
}

// The job runner gives them their vectors when it has nothing else to do.
void Server::Impl::log_unembedded() {
  const std::string& model = models.embedding.name;
  if (model.empty()) return;
  const auto count = database->read(
      [&](store::Snapshot& snapshot) { return store::unembedded_count(snapshot, model); });
  if (!count || *count == 0) return;
  log::info("index.documents_without_vectors", {{"embedding_model", model}, {"documents", *count}});
}

// A model that was downloaded after the start serves without another one.
void Server::Impl::look_for_embedding_model() {
  if (!indexer->model().name.empty()) return;
  const auto found = choose_models(config, "");
  if (!found || found->embedding.name.empty()) return;
  models.embedding = found->embedding;
  log::info("index.embedding_model_found", {{"embedding_model", models.embedding.name}});
  Status adopted = keep_model({});
  if (adopted) adopted = indexer->use_model(models.embedding, stopping.get_token());
  if (!adopted) {
    log::error("index.embedding_model_not_used", {{"why", adopted.error().message}});
    return;
  }
  log_unembedded();
  jobs->wake();
}

Status Server::Impl::start_engine() {
  llm::EngineSupervisorOptions options;
  options.program = beside_this_program("wenyuan-engine");
  options.socket = layout.engine_socket();
  options.models = config.models;
  options.threads = static_cast<std::size_t>(config.engine_threads);
  options.cache = config.engine_cache;
  supervisor.emplace(options);
  engine.emplace(llm::EngineClientOptions{.socket = options.socket});
  // Without an engine there is still keyword search; readiness says what is missing.
  if (const Status started = supervisor->start(); !started) {
    log::error("engine.cannot_start", {{"why", started.error().message}});
  }
  return Done{};
}

Status Server::Impl::start_work() {
  ingest::Extractor::Options options;
  options.program = beside_this_program("wenyuan-extract");
  options.sandbox = config.sandbox;
  WY_TRY(extractor, ingest::Extractor::open(options));
  const auto catch_up = [this](std::span<const LabelId> labels, Era era) {
    return indexer->catch_up(labels, era);
  };
  searcher.emplace(query::Searcher::Parts{&*database, &*compartments, &*engine, catch_up},
                   query::Searcher::Options{.reranker_model = models.reranker});
  answerer.emplace(query::Answerer::Parts{&*database, &*searcher, &*engine},
                   query::Answerer::Options{.default_model = models.chat});
  ingest::JobRunner::Options job_options;
  job_options.worker_count = config.ingest_workers;
  job_options.may_begin = [this] { return disk->has_room(); };
  jobs.emplace(
      ingest::JobRunner::Parts{&*database, &*blobs, &*extractor, &*engine, &*indexer, &clock},
      job_options);
  WY_RETURN_IF_ERROR(jobs->start());
  disk_look.emplace(kDiskPeriod, [this] {
    const bool had_room = disk->has_room();
    disk->look();
    if (!had_room && disk->has_room()) jobs->wake();
  });
  sealing.emplace(kSealPeriod, [this] {
    look_at_key_copy(*database);
    if (const Status sealed = indexer->seal_changed(false); !sealed) {
      log::error("index.seal_failed", {{"why", sealed.error().message}});
    }
    sweep_erasures({*database, *blobs, *indexer, *engine, *supervisor}, clock.now(),
                   stopping.get_token());
    empty_log(*database);
  });
  checkpoints.emplace(kCheckpointPeriod, [this] { write_checkpoint(false); });
  retiring.emplace(kRetirePeriod,
                   [this] { retire_records(*database, retention, clock, stopping.get_token()); });
  old_versions.emplace(
      kVersionPeriod,
      [this] { sweep_versions(*database, *blobs, *indexer, clock.now(), stopping.get_token()); },
      true);
  if (!config.backup_to.empty()) {
    WY_TRY(auto shipper, open_shipper(config, *database, clock));
    backups.emplace(std::move(shipper), std::chrono::seconds(config.backup_seconds));
  }
  return Done{};
}

Status Server::Impl::start_serving(const std::string& first_key) {
  if (config.tls) {
    WY_TRY(tls, TlsKeeper::open(config.tls->options, clock));
  }
  http.emplace(http::Server::Options{
      .host = config.listen_host, .port = config.listen_port, .tls = tls ? &tls->tls() : nullptr});
  api::Services services{};
  services.database = &*database;
  services.blobs = &*blobs;
  services.identities = &*identities;
  services.sign_in = &*sign_in;
  services.single_sign_on = &*single_sign_on;
  services.request_signatures = &*request_signatures;
  services.policies = &*policies;
  services.vault = &*vault;
  services.checkpointer = &*checkpointer;
  services.shipper = backups ? &backups->shipper() : nullptr;
  services.searcher = &*searcher;
  services.answerer = &*answerer;
  services.engine = &*engine;
  services.indexer = &*indexer;
  services.jobs = &*jobs;
  services.clock = &clock;
  api::ApiOptions options;
  options.requests_per_second = config.requests_per_second;
  options.requests_burst = 4 * config.requests_per_second;
  options.upload_bytes_max = config.upload_bytes_max;
  options.chat_model = models.chat;
  if (config.tls) {
    options.hsts = config.tls->hsts;
    options.certificates = config.tls->clients;
  }
  options.disk_ready = [this] { return disk->ready(); };
  options.key_copy_ready = key_copy_health(*database);
  WY_TRY(api, api::Api::create(services, options, *http));
  // While the log cannot be kept the server answers only that: see Checkpointer::health().
  if (checkpointer->health()) {
    WY_RETURN_IF_ERROR(record("server.start", start_details(config)));
  }
  WY_RETURN_IF_ERROR(http->start());
  if (!config.quiet_start) {
    print_start(config, http->port(), models, first_key, *database);
  }
  log::info("server.start", {{"port", http->port()},
                             {"embedding_model", models.embedding.name},
                             {"chat_model", models.chat},
                             {"reranker_model", models.reranker}});
  // Last: from here on `models` is that thread's.
  if (models.embedding.name.empty()) {
    model_look.emplace(kModelLookPeriod, [this] { look_for_embedding_model(); });
  }
  return Done{};
}

void Server::Impl::write_checkpoint(bool at_once) {
  const Status written =
      at_once ? checkpointer->write(clock.now()) : checkpointer->write_if_due(clock.now());
  if (!written) log::error("audit.checkpoint_failed", {{"why", written.error().message}});
}

Status Server::Impl::record(const std::string& action, Attributes details) {
  audit::Event event;
  event.action = action;
  event.details = std::move(details);
  return database->write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(audit::append(tx, event, clock.now()));
    return Done{};
  });
}

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  // Blocked before any thread exists, so that run() alone sees them.
  block_signals(config.tls.has_value());
  raise_file_limit();
  auto impl = std::make_unique<Impl>(config);
  WY_RETURN_IF_ERROR(impl->open_store());
  WY_RETURN_IF_ERROR(impl->start_engine());
  WY_TRY(const std::string first_key,
         ensure_administrator(*impl->database, *impl->identities, config, impl->clock));
  WY_RETURN_IF_ERROR(impl->open_indexes());
  WY_RETURN_IF_ERROR(impl->start_work());
  WY_RETURN_IF_ERROR(impl->start_serving(first_key));
  return std::make_unique<Server>(std::move(impl));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

// Those in flight may end; a new one is told to come back. Jobs go back into the queue meanwhile.
void Server::Impl::stop_requests() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(config.stop_seconds);
  http->drain(std::chrono::milliseconds(250) * config.stop_seconds);
  jobs->stop();
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
  if (!http->wait_until_idle(std::max(left, std::chrono::milliseconds(0)))) {
    log::warn("server.requests_broken_off");
  }
  http->stop();
}

Status Server::run() {
  const bool reloads = impl_->config.tls.has_value();
  int signal = wait_for_signal(reloads);
  for (; signal == SIGHUP; signal = wait_for_signal(reloads)) impl_->tls->reload();
  log::info("server.stop", {{"signal", signal}});
  impl_->second_signal = std::jthread(end_on_stop_signal);
  impl_->stop_requests();
  impl_->stopping.request_stop();
  impl_->model_look.reset();
  impl_->disk_look.reset();
  impl_->sealing.reset();
  impl_->checkpoints.reset();
  impl_->retiring.reset();
  impl_->old_versions.reset();
  // A log that is not what was signed is left as it was found.
  if (impl_->checkpointer->health()) {
    const Status said = impl_->record("server.stop", {{"signal", std::int64_t{signal}}});
    if (!said) log::error("audit.append_failed", {{"why", said.error().message}});
  }
  impl_->write_checkpoint(true);
  if (impl_->backups) impl_->backups->stop();
  return impl_->indexer->seal_changed(true);
}

}  // namespace wenyuan::app
