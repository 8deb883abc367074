#include "llm/engine_protocol.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "llm/engine_request.h"

namespace wenyuan::llm {
namespace {

using namespace std::string_literals;

GenerateRequest full_generate_request() {
  GenerateRequest request;
  request.model = "smollm2";
  request.messages = {{Role::system, "Be short."}, {Role::user, "你好"}};
  request.prompt = "raw";
  request.tokens_max = 77;
  request.temperature = 0.5F;
  request.top_p = 0.9F;
  request.top_k = 40;
  request.repeat_penalty = 1.1F;
  request.seed = 1234567890123;
  request.stop = {"\n\n", "User:"};
  return request;
}

ModelList full_model_list() {
  return {{{"e5", ModelKind::embedder, "bert", 1000, 512, 384, "abc"},
           {"smollm2", ModelKind::generator, "llama", 2000, 8192, 0, ""}},
          {{"bad", {ErrorCode::corrupt, "it ends at byte 7"}}}};
}

// Every payload with its decoder, as "does it decode?".
struct Payload {
  const char* name;
  std::string bytes;
  std::function<bool(std::string_view)> decodes;
};

std::vector<Payload> payloads() {
  return {
      {"hello", encode_hello(), [](auto bytes) { return decode_hello(bytes).has_value(); }},
      {"embed", encode(EmbedRequest{"e5", EmbedKind::query, {"a", "", "词"}}),
       [](auto bytes) { return decode_embed_request(bytes).has_value(); }},
      {"rerank", encode(RerankRequest{"ranker", "词", {"a", ""}}),
       [](auto bytes) { return decode_rerank_request(bytes).has_value(); }},
      {"scores", encode(std::vector<float>{1, -2}),
       [](auto bytes) { return decode_scores(bytes).has_value(); }},
      {"count", encode(CountRequest{"e5", {"a", "b"}}),
       [](auto bytes) { return decode_count_request(bytes).has_value(); }},
      {"generate", encode(full_generate_request()),
       [](auto bytes) { return decode_generate_request(bytes).has_value(); }},
      {"models", encode(full_model_list()),
       [](auto bytes) { return decode_model_list(bytes).has_value(); }},
      {"vectors", encode(std::vector<std::vector<float>>{{1, 2, 3}, {}, {4}}),
       [](auto bytes) { return decode_vectors(bytes).has_value(); }},
      {"counts", encode(std::vector<std::int64_t>{1, 2}),
       [](auto bytes) { return decode_counts(bytes).has_value(); }},
      {"result", encode(GenerateResult{10, 20, 5, FinishReason::length}),
       [](auto bytes) { return decode_generate_result(bytes).has_value(); }},
      {"status", encode(EngineStatus{5, 1, 2, {"e5"}}),
       [](auto bytes) { return decode_status(bytes).has_value(); }},
  };
}

TEST(EngineProtocol, CarriesAGenerateRequestUnchanged) {
  const auto request = full_generate_request();
  const auto read = decode_generate_request(encode(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->model, request.model);
  ASSERT_EQ(read->messages.size(), 2U);
  EXPECT_EQ(read->messages[0].role, Role::system);
  EXPECT_EQ(read->messages[1].content, "你好");
  EXPECT_EQ(read->prompt, "raw");
  EXPECT_EQ(read->tokens_max, 77);
  EXPECT_EQ(read->temperature, 0.5F);
  EXPECT_EQ(read->top_p, 0.9F);
  EXPECT_EQ(read->top_k, 40);
  EXPECT_EQ(read->repeat_penalty, 1.1F);
  EXPECT_EQ(read->seed, 1234567890123U);
  EXPECT_EQ(read->stop, request.stop);
}

TEST(EngineProtocol, CarriesModelsUnchanged) {
  const auto read = decode_model_list(encode(full_model_list()));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->models.size(), 2U);
  EXPECT_EQ(read->models[0].name, "e5");
  EXPECT_EQ(read->models[0].kind, ModelKind::embedder);
  EXPECT_EQ(read->models[0].vector_size, 384);
  EXPECT_EQ(read->models[0].sha256, "abc");
  EXPECT_EQ(read->models[1].context_length, 8192);
  ASSERT_EQ(read->broken.size(), 1U);
  EXPECT_EQ(read->broken[0].error.code, ErrorCode::corrupt);
  EXPECT_EQ(read->broken[0].error.message, "it ends at byte 7");
}

TEST(EngineProtocol, CarriesVectorsCountsResultsAndErrorsUnchanged) {
  const std::vector<std::vector<float>> vectors = {{0.5F, -1}, {}, {3}};
  EXPECT_EQ(*decode_vectors(encode(vectors)), vectors);
  const std::vector<float> scores = {-3.5F, 0, 1e6F};
  EXPECT_EQ(*decode_scores(encode(scores)), scores);
  const auto rerank = decode_rerank_request(encode(RerankRequest{"ranker", "词", {"a", ""}}));
  ASSERT_TRUE(rerank);
  EXPECT_EQ(rerank->model, "ranker");
  EXPECT_EQ(rerank->query, "词");
  EXPECT_EQ(rerank->passages, (std::vector<std::string>{"a", ""}));
  const std::vector<std::int64_t> counts = {0, 7, 1LL << 40};
  EXPECT_EQ(*decode_counts(encode(counts)), counts);
  const auto result = decode_generate_result(encode(GenerateResult{1, 2, 3, FinishReason::length}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cached_tokens, 3);
  EXPECT_EQ(result->finish, FinishReason::length);
  const Error error = decode_error(encode(Error{ErrorCode::too_large, "9 of 8"}));
  EXPECT_EQ(error.code, ErrorCode::too_large);
  EXPECT_EQ(error.message, "9 of 8");
}

TEST(EngineProtocol, RefusesEveryTruncation) {
  for (const Payload& payload : payloads()) {
    EXPECT_TRUE(payload.decodes(payload.bytes)) << payload.name;
    for (std::size_t size = 0; size < payload.bytes.size(); ++size) {
      EXPECT_FALSE(payload.decodes(std::string_view(payload.bytes).substr(0, size)))
          << payload.name << " of " << size << " bytes";
    }
  }
}

TEST(EngineProtocol, RefusesBytesBehindTheEnd) {
  for (const Payload& payload : payloads()) {
    EXPECT_FALSE(payload.decodes(payload.bytes + '\0')) << payload.name;
  }
}

TEST(EngineProtocol, SurvivesRandomBytesInEveryPayload) {
  std::mt19937 random(3);
  for (const Payload& payload : payloads()) {
    for (int round = 0; round < 500; ++round) {
      std::string bytes = payload.bytes;
      for (int change = 0; change < 3; ++change) {
        bytes[random() % bytes.size()] = static_cast<char>(random() % 256);
      }
      (void)payload.decodes(bytes);
    }
  }
}

TEST(EngineProtocol, RefusesCountsThatThePayloadCannotHold) {
  // One empty model name, a kind, then four thousand million texts.
  EXPECT_FALSE(decode_embed_request("\0\0\0\0\0\xFF\xFF\xFF\xFF"s));
  EXPECT_FALSE(decode_vectors("\xFF\x0F\0\0\xFF\xFF\xFF\xFF"s));
}

TEST(EngineProtocol, RefusesEnumeratorsThatDoNotExist) {
  std::string embed = encode(EmbedRequest{"", EmbedKind::query, {}});
  embed[4] = 2;
  EXPECT_FALSE(decode_embed_request(embed));
  EXPECT_EQ(decode_error("\x63\0\0\0\0"s).code, ErrorCode::invalid_argument);
}

TEST(EngineProtocol, RefusesMoreTextsThanTheLimit) {
  EXPECT_TRUE(
      decode_count_request(encode(CountRequest{"m", std::vector<std::string>(kTextCountMax)})));
  EXPECT_FALSE(
      decode_count_request(encode(CountRequest{"m", std::vector<std::string>(kTextCountMax + 1)})));
}

TEST(EngineProtocol, ReadsTheHeaderOfAFrame) {
  const std::string frame = encode_frame(FrameKind::delta, "abc");
  EXPECT_EQ(frame, "\3\0\0\0\x41"s + "abc");
  const auto header = decode_frame_header(frame.substr(0, kFrameHeaderSize));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->kind, FrameKind::delta);
  EXPECT_EQ(header->size, 3U);
}

TEST(EngineProtocol, RefusesHeadersOfUnknownKindOrTooLargeSize) {
  EXPECT_EQ(decode_frame_header("\0\0\0\0\0"s).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(decode_frame_header("\0\0\0\0\x09"s).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(decode_frame_header("\0\0\0"s).error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(decode_frame_header("\0\0\0\x04\3"s));
  EXPECT_EQ(decode_frame_header("\1\0\0\x04\3"s).error().code, ErrorCode::too_large);
}

TEST(EngineProtocol, NamesTheVersionsWhenTheyDiffer) {
  std::string hello = encode_hello();
  hello[4] = 9;
  const Status read = decode_hello(hello);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::unavailable);
  EXPECT_NE(read.error().message.find("version 9"), std::string::npos);
}

TEST(EngineRequest, RefusesModelNamesThatLeaveTheDirectory) {
  for (const char* name : {"", ".", "..", "../x", "a/b", "/etc/passwd", ".hidden"}) {
    EXPECT_FALSE(check_model_name(name)) << name;
  }
  EXPECT_FALSE(check_model_name("a\0b"s));
  EXPECT_TRUE(check_model_name("smollm2-135m-instruct"));
}

TEST(EngineRequest, NamesTheFieldThatIsOutOfRange) {
  const auto message_after = [](auto change) {
    GenerateRequest request = full_generate_request();
    change(request);
    const Status checked = check(request);
    return checked ? std::string() : checked.error().message;
  };
  const auto contains = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_EQ(message_after([](auto&) {}), "");
  EXPECT_TRUE(contains(message_after([](auto& r) { r.tokens_max = 0; }), "tokens_max"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.temperature = -1; }), "temperature"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.temperature = NAN; }), "temperature"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.top_p = 0; }), "top_p"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.top_k = -1; }), "top_k"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.repeat_penalty = 0; }), "repeat_penalty"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.stop = {""}; }), "stop"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.stop.resize(17, "x"); }), "stop"));
  EXPECT_TRUE(contains(message_after([](auto& r) { r.messages[1].content = "\xFF"; }),
                       "message 1 is not valid UTF-8"));
  EXPECT_TRUE(contains(message_after([](auto& r) {
                         r.messages.clear();
                         r.prompt.clear();
                       }),
                       "neither"));
}

}  // namespace
}  // namespace wenyuan::llm
