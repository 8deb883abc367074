// Searches as of a moment answer as searches at that moment did.
#include <random>

#include "query/citation.h"
#include "tests/query/search_fixture.h"

namespace wenyuan::query {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AsOf : public SearchTest {
 protected:
  using Found = std::vector<std::tuple<std::string, std::int64_t, std::string, double>>;

  Found found(const std::string& query, SearchMode mode, std::optional<UnixMillis> as_of = {}) {
    SearchRequest request;
    request.query = query;
    request.mode = mode;
    request.as_of = as_of;
    Found all;
    for (const SearchHit& hit : take(search(request)).hits) {
      all.emplace_back(hit.chunk.document_id, hit.chunk.location.version, hit.chunk.text,
                       hit.score);
    }
    return all;
  }

  std::string some_text(std::mt19937& random) {
    static constexpr const char* kWords[] = {"pump", "valve", "river",  "model", "hall",
                                             "合同", "学习",  "signed", "never", "two"};
    std::string text = "x" + std::to_string(count_);
    for (unsigned i = 2 + static_cast<unsigned>(random() % 8); i > 0; --i) {
      text += std::string(" ") + kWords[random() % std::size(kWords)];
    }
    return text;
  }
};

TEST_F(AsOf, AnswerAsSearchesThenDidToTheLastBit) {
  std::mt19937 random(7);
  struct Then {
    UnixMillis time;
    std::string query;
    SearchMode mode;
    Found found;
  };
  std::vector<Then> history;
  for (int step = 0; step < 40; ++step) {
    now_ += 10;
    const std::string name = "d" + std::to_string(random() % 6);
    add("Title " + name, some_text(random), {}, name);
    if (step % 7 == 3) {
      ASSERT_TRUE(indexer_->seal_changed(true));
    }
    const std::string query = some_text(random);
    for (const SearchMode mode : {SearchMode::keyword, SearchMode::semantic, SearchMode::hybrid}) {
      history.push_back({now_, query, mode, found(query, mode)});
    }
  }
  for (const Then& then : history) {
    EXPECT_EQ(found(then.query, then.mode, then.time), then.found) << then.time;
  }
  EXPECT_THAT(found("pump", SearchMode::hybrid, 1), IsEmpty());
  EXPECT_THAT(take(indexer_->verify(true)), IsEmpty());
}

TEST_F(AsOf, FiltersSeeDocumentsAsTheyAreNow) {
  now_ = 10;
  add("A", "pump one", {}, "a");
  now_ = 20;
  add("A", "pump two", {}, "a");
  add("B", "pump three", {}, "b");
  SearchRequest request;
  request.query = "pump";
  request.as_of = 15;
  request.filter = store::DocumentFilter{.external_id = "a"};
  EXPECT_THAT(titles(take(search(request))), ElementsAre("A"));
  request.filter->external_id = "b";
  EXPECT_THAT(take(search(request)).hits, IsEmpty());
}

TEST_F(AsOf, AnErasedDocumentIsGoneFromThePastToo) {
  now_ = 10;
  const Document document = add("A", "pump one", {}, "a");
  now_ = 20;
  add("A", "pump two", {}, "a");
  ASSERT_EQ(found("pump", SearchMode::hybrid, 15).size(), 1U);
  const Permit open = permit(Action::write);
  write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(store::remove_document(tx, open, document.id));
    return Done{};
  });
  EXPECT_THAT(found("pump", SearchMode::hybrid, 15), IsEmpty());
  EXPECT_THAT(take(indexer_->verify(true)), IsEmpty());
}

TEST_F(AsOf, CitationsQuoteTheVersionThatWasFound) {
  now_ = 10;
  add("A", "The notice period is one month.", {}, "a");
  now_ = 20;
  add("A", "The notice period is two months.", {}, "a");
  SearchRequest request;
  request.query = "notice period";
  request.as_of = 15;
  const SearchResult result = take(search(request));
  const Permit open = permit(Action::read);
  CitationMaker maker(*database_, open, result.hits);
  Sentence sentence;
  sentence.text = "The notice period is one month.";
  sentence.char_end = static_cast<std::int64_t>(sentence.text.size());
  const Citation citation = take(maker.cite(sentence, 1));
  EXPECT_TRUE(citation.verified);
  EXPECT_EQ(citation.location.version, 1);
}

}  // namespace
}  // namespace wenyuan::query
