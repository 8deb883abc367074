#include "llm/engine_service.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <future>

#include "llm/engine_client.h"
#include "llm/engine_socket.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

namespace fs = std::filesystem;

class EngineServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "models");
    write_tiny_llama(folder_ / "models/writer.gguf");
    write_tiny_llama(folder_ / "models/endless.gguf", {.context = 1U << 20});
    write_tiny_bert(folder_ / "models/embedder.gguf");
    options_.socket = folder_ / "engine.sock";
    options_.handler.models = folder_ / "models";
    client_ = std::make_unique<EngineClient>(EngineClientOptions{.socket = options_.socket});
  }

  void start() {
    auto service = EngineService::start(options_);
    ASSERT_TRUE(service) << service.error().message;
    service_ = *std::move(service);
  }

  static GenerateRequest request(const std::string& model, std::int32_t tokens_max) {
    GenerateRequest wanted;
    wanted.model = model;
    wanted.messages = {{Role::user, "Tell me something."}};
    wanted.tokens_max = tokens_max;
    return wanted;
  }

  Result<GenerateResult> generate(const GenerateRequest& wanted, std::string& text) {
    return client_->generate(wanted,
                             [&](std::string_view piece) {
                               text += piece;
                               return true;
                             },
                             {});
  }

  ScratchFolder folder_;
  EngineServiceOptions options_;
  std::unique_ptr<EngineClient> client_;
  std::unique_ptr<EngineService> service_;
};

// An answer without end in a thread of its own.
class EndlessAnswer {
 public:
  EndlessAnswer(Engine& engine, GenerateRequest request)
      : answer_(std::async(std::launch::async, [this, &engine, request] {
          return engine.generate(
              request,
              [this](std::string_view) {
                if (!std::exchange(has_begun_, true)) begun_.set_value();
                return true;
              },
              stop_.get_token());
        })) {}
  ~EndlessAnswer() { stop_.request_stop(); }

  void await_begin() { begun_.get_future().wait(); }
  Result<GenerateResult> cancel() {
    stop_.request_stop();
    return answer_.get();
  }
  Result<GenerateResult> result() { return answer_.get(); }

 private:
  bool has_begun_ = false;
  std::promise<void> begun_;
  std::stop_source stop_;
  std::future<Result<GenerateResult>> answer_;
};

TEST_F(EngineServiceTest, ListsTheModelsOfItsDirectory) {
  start();
  std::ofstream(folder_ / "models/broken.gguf") << "no model";
  const auto models = client_->models();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->size(), 3U);
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

TEST_F(EngineServiceTest, IsOpenToItsUserAloneAndAloneAtItsSocket) {
  start();
  struct stat info {};
  ASSERT_EQ(::stat(options_.socket.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const auto second = EngineService::start(options_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(EngineServiceTest, ReplacesTheSocketOfADeadEngine) {
  // What a killed process leaves behind: a file to which nobody listens.
  { ASSERT_TRUE(listen_at(options_.socket)); }
  ASSERT_TRUE(fs::exists(options_.socket));
  start();
  EXPECT_TRUE(client_->status());
}

TEST_F(EngineServiceTest, SurvivesClientsThatDoNotSpeakItsLanguage) {
  start();
  const std::string hello = encode_frame(FrameKind::hello, encode_hello());
  const std::vector<std::string> nonsense = {
      "GET / HTTP/1.1\r\n\r\n",
      std::string(5, '\xFF'),
      encode_frame(FrameKind::models, ""),
      encode_frame(FrameKind::hello, "????????"),
      hello + encode_frame(FrameKind::embed, "garbage"),
      hello + encode_frame(FrameKind::delta, "garbage"),
      hello + std::string("\xFF\xFF\xFF\xFF\x03", 5),
      hello + encode_frame(FrameKind::generate, "").substr(0, 3),
  };
  for (const std::string& bytes : nonsense) {
    const auto socket = connect_to(options_.socket);
    ASSERT_TRUE(socket);
    ASSERT_TRUE(send_bytes(socket->get(), bytes));
    ::shutdown(socket->get(), SHUT_WR);
    while (receive_frame(socket->get()).has_value()) {
      char next = 0;
      if (::recv(socket->get(), &next, 1, MSG_PEEK) <= 0) break;
    }
    EXPECT_TRUE(client_->status());
  }
}

TEST_F(EngineServiceTest, TellsTheReasonToAClientThatSendsNonsense) {
  start();
  const auto socket = connect_to(options_.socket);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(send_frame(socket->get(), FrameKind::models, ""));
  const auto frame = receive_frame(socket->get());
  ASSERT_TRUE(frame && *frame);
  EXPECT_EQ((*frame)->kind, FrameKind::error);
  EXPECT_EQ(decode_error((*frame)->payload).message, "say hello first");
}

TEST_F(EngineServiceTest, SaysBusyWhenThereAreTooManyConnections) {
  options_.connections_max = 1;
  start();
  const auto socket = connect_to(options_.socket);
  ASSERT_TRUE(socket);
  ASSERT_TRUE(send_frame(socket->get(), FrameKind::hello, encode_hello()));
  ASSERT_TRUE(receive_frame(socket->get()));
  const auto refused = client_->status();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_EQ(refused.error().message, "the engine is busy");
}

TEST(EngineClient, SaysUnavailableWhenNobodyListens) {
  const ScratchFolder folder;
  EngineClient client({.socket = folder / "none.sock", .connect_time = {}});
  const auto status = client.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
}

TEST(EngineClient, GivesUpOnAnEngineThatDoesNotSayHello) {
  const ScratchFolder folder;
  const auto listener = listen_at(folder / "mute.sock");
  ASSERT_TRUE(listener);
  EngineClient client({.socket = folder / "mute.sock",
                       .connect_time = {},
                       .handshake_time = std::chrono::milliseconds(20)});
  const auto status = client.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace wenyuan::llm
