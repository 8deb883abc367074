// The HTTP interface: schema/openapi.yaml, carried out.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/http_server.h"
#include "audit/checkpoint.h"
#include "audit/personal.h"
#include "auth/identities.h"
#include "auth/identity/client_certificate.h"
#include "auth/identity/request_signatures.h"
#include "auth/identity/sign_in.h"
#include "auth/identity/single_sign_on.h"
#include "auth/policy_engine.h"
#include "backup/shipper.h"
#include "base/clock.h"
#include "ingest/indexer.h"
#include "ingest/job_runner.h"
#include "query/answer.h"
#include "query/search.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace wenyuan::api {

// All of them outlive the server that serves them.
struct Services {
  store::Database* database;
  const store::BlobStore* blobs;
  const auth::Identities* identities;
  const auth::SignIn* sign_in;
  const auth::SingleSignOn* single_sign_on;  // may be null: nobody else vouches
  const auth::RequestSignatures* request_signatures;
  const auth::PolicyEngine* policies;
  const audit::Vault* vault;
  audit::Checkpointer* checkpointer;
  backup::Shipper* shipper;  // may be null: no backup directory is set
  const query::Searcher* searcher;
  const query::Answerer* answerer;
  llm::Engine* engine;
  ingest::Indexer* indexer;
  ingest::JobRunner* jobs;
  const Clock* clock;
};

struct ApiOptions {
  double requests_per_second = 50;  // of one key, or of one address without a key
  double requests_burst = 200;
  std::int64_t upload_bytes_max = std::int64_t{256} << 20;
  // What /v1/completions takes when the request names no model; may be empty.
  std::string chat_model;
  std::string version = "0.1.0";
  // For how long browsers are told to come by TLS alone; 0: they are not told.
  std::chrono::seconds hsts{0};
  // Whom client certificates stand for.
  auth::CertificateMapping certificates{};
  // Whether the indexes show what the store has; /readyz says 503 until then. Absent: always.
  std::function<bool()> indexes_ready;
  // Not Done while the disk is too full for more content: then only that is refused (507), and
  // /readyz says "degraded". Absent: always.
  std::function<Status()> disk_ready;
  // Not Done while the copy of the erasure secrets cannot be written: /readyz says "degraded".
  // Absent: there is no copy.
  std::function<Status()> key_copy_ready;
};

// Adds every route to the server, which is to be started afterwards, and stopped before this goes.
class Api {
 public:
  static Result<std::unique_ptr<Api>> create(const Services& services, const ApiOptions& options,
                                             http::Server& server);
  ~Api();

 private:
  struct Impl;
  explicit Api(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::api
