#include "query/search.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <memory>

#include "base/id.h"
#include "ingest/indexer.h"
#include "store/blob_store.h"
#include "store/key_ring.h"
#include "tests/fakes/fake_engine.h"
#include "tests/fakes/permit_maker.h"

namespace wenyuan::query {
namespace {

using ::testing::ElementsAre;

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

  void add(const std::string& title, const std::string& text,
           const std::vector<ChunkSection>& sections = {}) {
    store::NewDocument wanted;
    wanted.collection_id = "col_a";
    wanted.title = title;
    wanted.blob_sha256 = std::string(62, '0') + std::to_string(10 + count_++);
    wanted.user_id = "usr_a";
    const Permit write_permit = permit(Action::write);
    const auto added = take(database_->write([&](store::Transaction& tx) -> Result<store::Added> {
      return store::add_document(tx, write_permit, wanted, {}, 1);
    }));
    Chunk chunk;
    chunk.text = text;
    chunk.location.char_end = static_cast<std::int64_t>(text.size());
    chunk.sections = sections;
    chunk.vector = llm::FakeEngine::vector_of(text);
    store::Processed processed{.text = text, .chunks = {chunk}, .embedding_model = kModel};
    write([&](store::Transaction& tx) -> Status {
      return store::finish_document(tx, added.document.id, processed, 2);
    });
  }

  Result<SearchResult> search(const SearchRequest& request, const Searcher::Options& options) {
    const Searcher searcher({database_.get(), index_.get(), &engine_,
                             [this](auto labels) { return indexer_->catch_up(labels); }},
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
  llm::FakeEngine engine_{kModel};
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<index::Compartments> index_;
  std::unique_ptr<ingest::Indexer> indexer_;
};

// By words, the long text comes first; the reranker prefers the short one.
class RerankTest : public SearchTest {
 protected:
  void SetUp() override {
    SearchTest::SetUp();
    add("often", "pump pump pump pump pump valve river");
    add("exact", "which pump");
    add("never", "nothing of it");
    request_.query = "which pump";
    request_.mode = SearchMode::keyword;
    engine_.set_score([](const std::string&, const std::string& passage) {
      return passage.find("valve") == std::string::npos ? 3.5F : -1.0F;
    });
  }
  SearchRequest request_;
};

TEST_F(RerankTest, LeavesTheOrderAloneWithoutAReranker) {
  const auto result = take(search(request_, {}));
  EXPECT_THAT(titles(result), ElementsAre("often", "exact"));
  EXPECT_FALSE(result.hits[0].rerank);
}

TEST_F(RerankTest, OrdersByTheReranker) {
  const auto result = take(search(request_, {.reranker_model = kModel}));
  EXPECT_THAT(titles(result), ElementsAre("exact", "often"));
  EXPECT_EQ(result.hits[0].rerank, 3.5);
  EXPECT_EQ(result.hits[0].score, 3.5);
  EXPECT_EQ(result.hits[1].score, -1);
  EXPECT_TRUE(result.hits[0].keyword);
}

TEST_F(RerankTest, LooksBeyondWhatIsAskedFor) {
  request_.limit = 1;
  EXPECT_THAT(titles(take(search(request_, {.reranker_model = kModel}))), ElementsAre("exact"));
  EXPECT_THAT(titles(take(search(request_, {.reranker_model = kModel, .reranked = 1}))),
              ElementsAre("often"));
}

TEST_F(RerankTest, CanBeSwitchedOff) {
  request_.rerank = false;
  EXPECT_THAT(titles(take(search(request_, {.reranker_model = kModel}))),
              ElementsAre("often", "exact"));
}

TEST_F(RerankTest, GoesOnWithoutAnEngine) {
  engine_.fail(1, {ErrorCode::unavailable, "down"});
  const auto result = take(search(request_, {.reranker_model = kModel}));
  EXPECT_THAT(titles(result), ElementsAre("often", "exact"));
  EXPECT_FALSE(result.hits[0].rerank);
}

TEST_F(SearchTest, SaysUnderWhichHeadingsTheWordsStand) {
  add("Terms", "anode corrodes first berm is a strip",
      {{0, {"Terms", "Anode"}}, {21, {"Terms", "Berm"}}});
  SearchRequest request;
  request.query = "strip of a berm";
  EXPECT_THAT(take(search(request, {})).hits.at(0).chunk.location.heading_path,
              ElementsAre("Terms", "Berm"));
  request.query = "which corrodes";
  EXPECT_THAT(take(search(request, {})).hits.at(0).chunk.location.heading_path,
              ElementsAre("Terms", "Anode"));
}

}  // namespace
}  // namespace wenyuan::query
