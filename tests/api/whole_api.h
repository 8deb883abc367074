// The whole HTTP interface on a free port, with a store of its own and an engine without a model.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/api.h"
#include "tests/api/http_fixture.h"
#include "tests/auth/identity/identity_fixture.h"
#include "tests/fakes/fake_engine.h"

namespace wenyuan::api {

class WholeApi : public auth::IdentityTest {
 protected:
  static constexpr const char* kModel = "fake";

  WholeApi()
      : blobs_(auth::must(store::BlobStore::open(directory_ / "blobs", database_->keys().files()))),
        vault_(auth::must(audit::Vault::open(database_->keys()))),
        checkpointer_(auth::must(audit::Checkpointer::open(*database_, checkpoint_options()))),
        compartments_(auth::must(index::Compartments::open(index_options()))),
        indexer_(*database_, *compartments_),
        signatures_(sign_in_->secret(), *database_, auth::RequestSignatures::Options{}),
        searcher_({&*database_, &*compartments_, &engine_model_,
                   [this](std::span<const LabelId> labels, Era era) {
                     return indexer_.catch_up(labels, era);
                   }},
                  {}),
        answerer_({&*database_, &searcher_, &engine_model_}, {.default_model = kModel}),
        // Never started: documents are made ready by add_ready().
        jobs_({&*database_, &blobs_, nullptr, &engine_model_, &indexer_, &clock_}, {}) {
    Services services{};
    services.database = &*database_;
    services.blobs = &blobs_;
    services.identities = &*identities_;
    services.sign_in = &*sign_in_;
    services.request_signatures = &signatures_;
    services.policies = &engine_;
    services.vault = &*vault_;
    services.checkpointer = &*checkpointer_;
    services.searcher = &searcher_;
    services.answerer = &answerer_;
    services.engine = &engine_model_;
    services.indexer = &indexer_;
    services.jobs = &jobs_;
    services.clock = &clock_;
    ApiOptions options;
    options.requests_per_second = 1e9;
    options.requests_burst = 1e9;
    server_.emplace(http::Server::Options{});
    api_ = auth::must(Api::create(services, options, *server_));
    auth::must(server_->start());
  }
  ~WholeApi() override {
    server_->stop();
    api_.reset();
  }

  struct Ready {
    std::string id, job_id;
  };
  // A document of one chunk, as if it had been uploaded and ingested.
  Ready add_ready(const std::string& user_id, const std::string& collection_id,
                  const std::string& title, const std::string& text, Attributes attributes = {}) {
    const store::BlobInfo blob = auth::must(blobs_.put(text, 1 << 20));
    store::NewDocument wanted;
    wanted.collection_id = collection_id;
    wanted.title = title;
    wanted.media_type = "text/plain";
    wanted.blob_sha256 = blob.sha256;
    wanted.size_bytes = blob.size_bytes;
    wanted.attributes = std::move(attributes);
    wanted.user_id = user_id;
    const auth::Principal adder = who(user_id);
    const auto added = auth::must(write([&](store::Transaction& tx) -> Result<store::Added> {
      WY_TRY(const Permit permit, engine_.permit(tx, adder, Action::write));
      return store::add_document(tx, permit, wanted, engine_.access_attributes(), now_);
    }));
    Chunk chunk;
    chunk.text = text;
    chunk.location.char_end = static_cast<std::int64_t>(text.size());
    chunk.vector = llm::FakeEngine::vector_of(text);
    const store::Processed processed{.text = text, .chunks = {chunk}, .embedding_model = kModel};
    auth::must(write([&](store::Transaction& tx) -> Status {
      return store::finish_document(tx, added.document.id, processed, now_);
    }));
    return {added.document.id, added.document.job_id};
  }

  // On a connection of its own.
  http::Connection::Reply send(std::string_view method, std::string_view target,
                               std::string_view credential, std::string_view body = "") const {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
    text.append("Connection: close\r\nAuthorization: Bearer ").append(credential).append("\r\n");
    if (method != "GET") {
      text.append("Content-Type: application/json\r\nContent-Length: ");
      text.append(std::to_string(body.size())).append("\r\n");
    }
    text.append("\r\n").append(body);
    return http::exchange(server_->port(), text);
  }

  ManualClock clock_{now_};
  llm::FakeEngine engine_model_{kModel};
  store::BlobStore blobs_;
  std::unique_ptr<audit::Vault> vault_;
  std::unique_ptr<audit::Checkpointer> checkpointer_;
  std::unique_ptr<index::Compartments> compartments_;
  ingest::Indexer indexer_;
  auth::RequestSignatures signatures_;
  query::Searcher searcher_;
  query::Answerer answerer_;
  ingest::JobRunner jobs_;
  std::optional<http::Server> server_;
  std::unique_ptr<Api> api_;

 private:
  audit::Checkpointer::Options checkpoint_options() const {
    audit::Checkpointer::Options options;
    options.directory = directory_;
    return options;
  }
  index::Compartments::Options index_options() const {
    index::Compartments::Options options;
    options.directory = directory_ / "indexes";
    options.store_id = database_->store_id();
    options.files = &database_->keys().files();
    options.memory = directory_ / "memory";
    options.model = {kModel, llm::FakeEngine::kVectorSize};
    options.epoch = &database_->epoch();
    return options;
  }
};

}  // namespace wenyuan::api
