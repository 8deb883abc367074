#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "tests/llm/engine_service_fixture.h"

namespace wenyuan::llm {
namespace {

TEST_F(EngineServiceTest, ListsTheModelsOfItsDirectory) {
  start();
  std::ofstream(folder_ / "models/broken.gguf") << "no model";
  const auto models = client_->models();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->size(), 4U);
  EXPECT_EQ((*models)[0].name, "embedder");
  const auto list = client_->list();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->broken.size(), 1U);
  EXPECT_EQ(list->broken[0].name, "broken");
}

TEST_F(EngineServiceTest, EmbedsEachTextAsAUnitVectorInTheOrderGiven) {
  start();
  const std::vector<std::string> texts = {"a long text with many words in it", "b", "",
                                          std::string(1000, 'x'), "b"};
  const auto vectors = client_->embed("embedder", texts, EmbedKind::passage, {});
  ASSERT_TRUE(vectors) << vectors.error().message;
  ASSERT_EQ(vectors->size(), texts.size());
  for (const auto& vector : *vectors) {
    ASSERT_EQ(vector.size(), 32U);
    double length = 0;
    for (const float number : vector) length += double{number} * double{number};
    EXPECT_NEAR(length, 1, 1e-4);
  }
  EXPECT_EQ((*vectors)[1], (*vectors)[4]);
  EXPECT_NE((*vectors)[0], (*vectors)[1]);
  const auto alone = client_->embed("embedder", {&texts[1], 1}, EmbedKind::passage, {});
  ASSERT_TRUE(alone);
  EXPECT_EQ((*alone)[0], (*vectors)[1]);
  const auto as_query = client_->embed("embedder", {&texts[1], 1}, EmbedKind::query, {});
  ASSERT_TRUE(as_query);
  EXPECT_NE((*as_query)[0], (*vectors)[1]);
}

TEST_F(EngineServiceTest, EmbedsMoreTextsThanGoIntoOneRequest) {
  start();
  std::vector<std::string> texts;
  for (int i = 0; i < 600; ++i) texts.push_back(std::string(1 + i % 5, 'a'));
  const auto vectors = client_->embed("embedder", texts, EmbedKind::passage, {});
  ASSERT_TRUE(vectors) << vectors.error().message;
  ASSERT_EQ(vectors->size(), 600U);
  EXPECT_EQ((*vectors)[0], (*vectors)[595]);
  EXPECT_TRUE(client_->embed("embedder", {}, EmbedKind::passage, {})->empty());
}

TEST_F(EngineServiceTest, ScoresEachPassageInTheOrderGiven) {
  start();
  const std::string query = "a question";
  const std::vector<std::string> passages = {"one passage with many words in it", "b", "",
                                             std::string(1000, 'x'), "b"};
  const auto scores = client_->rerank("ranker", query, passages, {});
  ASSERT_TRUE(scores) << scores.error().message;
  ASSERT_EQ(scores->size(), passages.size());
  EXPECT_EQ((*scores)[1], (*scores)[4]);
  EXPECT_NE((*scores)[0], (*scores)[1]);
  const auto alone = client_->rerank("ranker", query, {&passages[3], 1}, {});
  ASSERT_TRUE(alone);
  EXPECT_EQ((*alone)[0], (*scores)[3]);
  const auto other = client_->rerank("ranker", "another one", {&passages[0], 1}, {});
  ASSERT_TRUE(other);
  EXPECT_NE((*other)[0], (*scores)[0]);
  EXPECT_TRUE(client_->rerank("ranker", query, {}, {})->empty());
  // Neither text fits; each keeps half.
  EXPECT_TRUE(client_->rerank("ranker", std::string(1000, 'q'), {&passages[3], 1}, {}));
}

TEST_F(EngineServiceTest, TellsModelsOfAnotherKindApart) {
  start();
  const std::vector<std::string> texts = {"a"};
  EXPECT_EQ(client_->embed("ranker", texts, EmbedKind::passage, {}).error().message,
            "the model ranker is of the kind reranker, not embedder");
  EXPECT_EQ(client_->rerank("embedder", "a", texts, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(client_->rerank("writer", "a", texts, {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(EngineServiceTest, CountsTokensWithoutTheSpecialOnes) {
  start();
  const std::vector<std::string> texts = {"abc", "", "abcd"};
  const auto counts = client_->count_tokens("writer", texts);
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(*counts, (std::vector<std::int64_t>{3, 0, 4}));
}

TEST_F(EngineServiceTest, GeneratesTheSameTextGreedilyEachTime) {
  start();
  std::string first;
  std::string second;
  const auto cold = generate(request("writer", 40), first);
  ASSERT_TRUE(cold) << cold.error().message;
  EXPECT_EQ(cold->completion_tokens, 40);
  EXPECT_EQ(cold->finish, FinishReason::length);
  EXPECT_EQ(cold->cached_tokens, 0);
  EXPECT_EQ(first.size(), 40U);
  const auto warm = generate(request("writer", 40), second);
  ASSERT_TRUE(warm);
  EXPECT_EQ(second, first);
  EXPECT_EQ(warm->cached_tokens, warm->prompt_tokens - 1);
}

TEST_F(EngineServiceTest, ReusesThePartOfThePromptThatIsTheSame) {
  start();
  std::string text;
  GenerateRequest wanted;
  wanted.model = "writer";
  wanted.tokens_max = 5;
  wanted.prompt = "the same beginning, one end";
  const auto one = generate(wanted, text);
  wanted.prompt = "the same beginning, other end";
  std::string reused;
  const auto two = generate(wanted, reused);
  ASSERT_TRUE(one && two);
  EXPECT_GE(two->cached_tokens, 20);
  EXPECT_LT(two->cached_tokens, two->prompt_tokens);
  // A service that has seen nothing gives the same text.
  service_.reset();
  start();
  std::string fresh;
  ASSERT_TRUE(generate(wanted, fresh));
  EXPECT_EQ(fresh, reused);
}

TEST_F(EngineServiceTest, GivesTheSameTextForTheSameSeed) {
  start();
  GenerateRequest wanted = request("writer", 40);
  wanted.temperature = 1.5F;
  wanted.top_k = 20;
  wanted.seed = 5;
  std::string first;
  std::string second;
  std::string other;
  ASSERT_TRUE(generate(wanted, first));
  ASSERT_TRUE(generate(wanted, second));
  wanted.seed = 6;
  ASSERT_TRUE(generate(wanted, other));
  EXPECT_EQ(first, second);
  EXPECT_NE(first, other);
}

TEST_F(EngineServiceTest, StopsBeforeAStopText) {
  start();
  std::string whole;
  ASSERT_TRUE(generate(request("writer", 40), whole));
  GenerateRequest wanted = request("writer", 40);
  wanted.stop = {whole.substr(10, 3)};
  std::string text;
  const auto result = generate(wanted, text);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish, FinishReason::stop);
  EXPECT_EQ(text, whole.substr(0, whole.find(wanted.stop[0])));
}

TEST_F(EngineServiceTest, EndsTheAnswerWhereTheContextEnds) {
  start();
  std::string text;
  const auto result = generate(request("writer", 100'000), text);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish, FinishReason::length);
  EXPECT_EQ(result->prompt_tokens + result->completion_tokens, 256);
}

TEST_F(EngineServiceTest, NamesTheNumbersWhenThePromptIsOverTheContext) {
  start();
  GenerateRequest wanted;
  wanted.model = "writer";
  wanted.prompt = std::string(300, 'x');
  const auto result = generate(wanted, wanted.prompt);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::too_large);
  EXPECT_NE(result.error().message.find("300"), std::string::npos);
  EXPECT_NE(result.error().message.find("256"), std::string::npos);
}

TEST_F(EngineServiceTest, RefusesModelsOfTheOtherKindAndUnknownOnes) {
  start();
  std::string text;
  EXPECT_EQ(generate(request("embedder", 5), text).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(generate(request("nobody", 5), text).error().code, ErrorCode::not_found);
  const std::vector<std::string> texts = {"a"};
  EXPECT_EQ(client_->embed("writer", texts, EmbedKind::query, {}).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(EngineServiceTest, CancelsWhenTheCallerStopsAndIsFreeForTheNext) {
  start();
  EndlessAnswer endless(*client_, request("endless", 1 << 20));
  endless.await_begin();
  const auto cancelled = endless.cancel();
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
  std::string text;
  EXPECT_TRUE(generate(request("endless", 5), text));
}

TEST_F(EngineServiceTest, CancelsWhenTheCallerWantsNoMoreText) {
  start();
  int pieces = 0;
  const auto result = client_->generate(request("endless", 1 << 20),
                                        [&](std::string_view) { return ++pieces < 3; }, {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::cancelled);
  EXPECT_EQ(pieces, 3);
}

TEST_F(EngineServiceTest, SaysBusyWhenTheQueueIsFull) {
  options_.handler.generate_waiting_max = 1;
  start();
  EndlessAnswer running(*client_, request("endless", 1 << 20));
  running.await_begin();
  EndlessAnswer waiting(*client_, request("endless", 1 << 20));
  while (client_->status()->generate_waiting == 0) std::this_thread::yield();
  std::string text;
  const auto refused = generate(request("writer", 5), text);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message, "the engine is busy");
  // Vectors have a worker of their own.
  const std::vector<std::string> texts = {"a"};
  EXPECT_TRUE(client_->embed("embedder", texts, EmbedKind::query, {}));
  EXPECT_FALSE(waiting.cancel());
  EXPECT_FALSE(running.cancel());
  // The engine notices a moment later that they have gone.
  while (client_->status()->generate_waiting != 0) std::this_thread::yield();
  EXPECT_TRUE(generate(request("writer", 5), text));
}

TEST_F(EngineServiceTest, EndsRequestsInWorkWhenItStops) {
  start();
  EndlessAnswer running(*client_, request("endless", 1 << 20));
  running.await_begin();
  EndlessAnswer waiting(*client_, request("endless", 1 << 20));
  service_.reset();
  EXPECT_EQ(running.result().error().code, ErrorCode::unavailable);
  EXPECT_EQ(waiting.result().error().code, ErrorCode::unavailable);
  EXPECT_FALSE(fs::exists(options_.socket));
}

TEST_F(EngineServiceTest, UsesAFileThatWasReplaced) {
  start();
  std::string before;
  std::string after;
  ASSERT_TRUE(generate(request("writer", 30), before));
  write_tiny_llama(folder_ / "models/writer.gguf", {.seed = 99});
  const auto result = generate(request("writer", 30), after);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->cached_tokens, 0);
  EXPECT_NE(before, after);
}

}  // namespace
}  // namespace wenyuan::llm
