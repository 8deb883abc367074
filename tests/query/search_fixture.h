// A store with one collection, its indexes, and a searcher with a fake engine.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/text.h"
#include "ingest/indexer.h"
#include "query/search.h"
#include "store/blob_store.h"
#include "store/key_ring.h"
#include "tests/fakes/fake_engine.h"
#include "tests/fakes/permit_maker.h"

namespace wenyuan::query {

// One document of one chunk for each text, indexed with the fake engine's vectors.
class SearchTest : public ::testing::Test {
 protected:
  static constexpr const char* kModel = "fake";

  SearchTest() : home_(std::filesystem::temp_directory_path() / new_id("wy_search_test")) {}
  ~SearchTest() override {
    indexer_.reset();
    index_.reset();
    database_.reset();
    std::filesystem::remove_all(home_);
  }
  void SetUp() override {
    std::filesystem::create_directory(home_);
    database_ = take(store::Database::open({.directory = home_ / "store"}));
    index::Compartments::Options options;
    options.directory = home_ / "index";
    options.store_id = database_->store_id();
    options.files = &database_->keys().files();
    options.memory = home_ / "memory";
    options.model = {kModel, llm::FakeEngine::kVectorSize};
    options.epoch = &database_->epoch();
    index_ = take(index::Compartments::open(options));
    indexer_ = std::make_unique<ingest::Indexer>(*database_, *index_);
    Collection collection;
    collection.id = "col_a";
    collection.name = "A";
    collection.owner_id = "usr_a";
    write([&](store::Transaction& tx) -> Status { return store::add_collection(tx, collection); });
  }

  Document add(const std::string& title, const std::string& text,
               const std::vector<ChunkSection>& sections = {},
               const std::string& external_id = "") {
    store::NewDocument wanted;
    wanted.collection_id = "col_a";
    wanted.title = title;
    wanted.external_id = external_id;
    wanted.blob_sha256 = std::string(60, '0') + std::to_string(1000 + count_++);
    wanted.user_id = "usr_a";
    const Permit write_permit = permit(Action::write);
    const auto added = take(database_->write([&](store::Transaction& tx) -> Result<store::Added> {
      return store::add_document(tx, write_permit, wanted, {}, now_);
    }));
    Chunk chunk;
    chunk.text = text;
    chunk.location.char_end = static_cast<std::int64_t>(code_point_count(text));
    chunk.sections = sections;
    chunk.vector = llm::FakeEngine::vector_of(text);
    store::Processed processed{.text = text, .chunks = {chunk}, .embedding_model = kModel};
    write([&](store::Transaction& tx) -> Status {
      return store::finish_document(tx, added.document.id, processed, now_);
    });
    return added.document;
  }

  Result<SearchResult> search(const SearchRequest& request, const Searcher::Options& options = {}) {
    const Searcher searcher(
        {database_.get(), index_.get(), &engine_,
         [this](auto labels, Era era) { return indexer_->catch_up(labels, era); }},
        options);
    return searcher.search(permit(Action::read), request, {});
  }
  static std::vector<std::string> titles(const SearchResult& result) {
    std::vector<std::string> all;
    for (const SearchHit& hit : result.hits) all.push_back(hit.chunk.title);
    return all;
  }

  Permit permit(Action action) {
    std::vector<LabelId> open;
    for (const Label& label :
         take(database_->read([](store::Snapshot& s) { return store::labels(s); }))) {
      open.push_back(label.id);
    }
    return auth::PolicyEngine::make("usr_a", action, database_->epoch(), open, {"col_a"});
  }
  template <class Work>
  void write(Work work) {
    const Status done = database_->write(work);
    EXPECT_TRUE(done) << done.error().message;
  }
  template <class T>
  static T take(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return *std::move(result);
  }

  std::filesystem::path home_;
  int count_ = 0;
  UnixMillis now_ = 1;
  llm::FakeEngine engine_{kModel};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<index::Compartments> index_;
  std::unique_ptr<ingest::Indexer> indexer_;
};

}  // namespace wenyuan::query
