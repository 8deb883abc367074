// A whole way in: store, blobs, indexes, a fake engine, and a runner that works off jobs.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/id.h"
#include "ingest/indexer.h"
#include "ingest/job_runner.h"
#include "store/content_store.h"
#include "store/job_store.h"
#include "store/key_ring.h"
#include "tests/fakes/fake_engine.h"
#include "tests/fakes/permit_maker.h"
#include "tests/paths.h"

namespace wenyuan::ingest {

class PipelineFixture : public ::testing::Test {
 protected:
  static constexpr const char* kCollection = "col_a";
  static constexpr const char* kModel = "fake";

  PipelineFixture()
      : home_(std::filesystem::temp_directory_path() / new_id("wy_ingest_test")),
        clock_(1'800'000'000'000) {}
  ~PipelineFixture() override {
    runner_.reset();
    indexer_.reset();
    index_.reset();
    database_.reset();
    std::filesystem::remove_all(home_);
  }

  void SetUp() override {
    std::filesystem::create_directory(home_);
    database_ = take(store::Database::open({.directory = home_ / "store"}));
    blobs_ = std::make_unique<store::BlobStore>(
        take(store::BlobStore::open(home_ / "blobs", database_->keys().files())));
    open_index(kModel, llm::FakeEngine::kVectorSize);
    Collection collection;
    collection.id = kCollection;
    collection.name = "A";
    collection.owner_id = "usr_a";
    expect_done(database_->write(
        [&](store::Transaction& tx) -> Status { return store::add_collection(tx, collection); }));
  }

  void open_index(const std::string& model, std::size_t vector_size) {
    indexer_.reset();
    index_.reset();
    index::Compartments::Options options;
    options.directory = home_ / "index";
    options.store_id = database_->store_id();
    options.files = &database_->keys().files();
    options.memory = home_ / "memory";
    options.model = {model, vector_size};
    options.epoch = &database_->epoch();
    index_ = take(index::Compartments::open(options));
    indexer_ = std::make_unique<Indexer>(*database_, *index_);
  }

  void open_extractor() {
    Extractor::Options options;
    options.program = bin_dir() / "wenyuan-extract";
    // The sandbox has its own tests.
    options.sandbox = false;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    options.limits.memory_bytes_max = 0;
#endif
    extractor_ = std::make_unique<Extractor>(take(Extractor::open(options)));
  }

  void start(JobRunner::Options options) {
    if (!extractor_) open_extractor();
    runner_ = std::make_unique<JobRunner>(
        JobRunner::Parts{database_.get(), blobs_.get(), extractor_.get(), &engine_, indexer_.get(),
                         &clock_},
        options);
    runner_->on_progress([this](const Job& job) {
      const std::lock_guard lock(mutex_);
      told_.push_back(job);
      changed_.notify_all();
    });
    expect_done(runner_->start());
  }
  void start() { start({.worker_count = 1}); }

  // Until the job is told to have ended.
  Job wait_for(const std::string& job_id) {
    std::unique_lock lock(mutex_);
    const Job* found = nullptr;
    changed_.wait_for(lock, std::chrono::seconds(60), [&] {
      for (const Job& job : told_) {
        if (job.id == job_id && (job.state == JobState::done || job.state == JobState::failed)) {
          found = &job;
        }
      }
      return found != nullptr;
    });
    EXPECT_NE(found, nullptr) << "the job did not end";
    return found == nullptr ? Job() : *found;
  }

  Document upload(const std::string& content, const std::string& type = "text/plain",
                  const std::string& external_id = "") {
    const store::BlobInfo blob = take(blobs_->put(content, 1 << 30));
    store::NewDocument document;
    document.collection_id = kCollection;
    document.external_id = external_id;
    document.media_type = type;
    document.blob_sha256 = blob.sha256;
    document.size_bytes = blob.size_bytes;
    document.user_id = "usr_a";
    const Permit write = permit(Action::write);
    const store::Added added =
        take(database_->write([&](store::Transaction& tx) -> Result<store::Added> {
          return store::add_document(tx, write, document, {}, clock_.now());
        }));
    if (runner_) runner_->wake();
    return added.document;
  }

  void remove(const std::string& id) {
    for (;;) {
      const Permit write = permit(Action::write);
      const auto erased = database_->write([&](store::Transaction& tx) -> Result<store::Erased> {
        return store::remove_document(tx, write, id);
      });
      // Another thread may have made the permit stale; then we ask again, as the server does.
      if (!erased && erased.error().code == ErrorCode::conflict) continue;
      EXPECT_TRUE(erased.has_value()) << (erased ? "" : erased.error().message);
      return;
    }
  }

  std::vector<LabelId> labels() {
    std::vector<LabelId> ids;
    for (const Label& label :
         take(database_->read([](store::Snapshot& s) { return store::labels(s); }))) {
      ids.push_back(label.id);
    }
    return ids;
  }
  Permit permit(Action action) {
    return auth::PolicyEngine::make("usr_a", action, database_->epoch(), labels(), {kCollection});
  }
  Document document(const std::string& id) {
    return take(database_->read(
        [&](store::Snapshot& snapshot) { return store::document_for_ingest(snapshot, id); }));
  }
  std::vector<Chunk> chunks_of(const std::string& id) {
    const Permit read = permit(Action::read);
    return take(database_->read([&](store::Snapshot& snapshot) {
             return store::chunks(snapshot, read, id, {.limit = 200});
           }))
        .items;
  }
  std::size_t found(std::string_view query) {
    const auto all = labels();
    return take(index_->keyword(permit(Action::read), {all, nullptr}, query, 100)).size();
  }
  std::vector<Indexer::Mismatch> mismatches() { return take(indexer_->verify()); }

  static void expect_done(const Status& status) {
    EXPECT_TRUE(status.has_value()) << status.error().message;
  }
  template <class T>
  static T take(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return *std::move(result);
  }

  std::filesystem::path home_;
  ManualClock clock_;
  llm::FakeEngine engine_{kModel};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<index::Compartments> index_;
  std::unique_ptr<Indexer> indexer_;
  std::unique_ptr<Extractor> extractor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Job> told_;  // guarded by mutex_
  std::unique_ptr<JobRunner> runner_;
};

}  // namespace wenyuan::ingest
