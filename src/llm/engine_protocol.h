// The messages between wenyuan-engine and its clients, and how they look as bytes.
//
// A frame is u32 size of the payload, u8 kind, payload; numbers are little-endian. The client says
// hello, the engine says hello, then the client asks and the engine answers: any number of deltas,
// then one result or one error, then the next question. Closing the connection cancels.
// Nothing that arrives is trusted: every count and length has a limit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "llm/engine.h"

namespace wenyuan::llm {

constexpr std::uint32_t kProtocolVersion = 1;
constexpr std::size_t kFrameHeaderSize = 5;
constexpr std::size_t kFrameSizeMax = std::size_t{64} << 20;  // of the payload
constexpr std::size_t kModelNameSizeMax = 255;
constexpr std::size_t kScopeSizeMax = 255;
constexpr std::size_t kModelCountMax = 4096;
constexpr std::size_t kTextCountMax = 4096;
constexpr std::size_t kTextSizeMax = std::size_t{8} << 20;
constexpr std::size_t kMessageCountMax = 1024;
constexpr std::size_t kStopCountMax = 16;
constexpr std::size_t kStopSizeMax = 256;

enum class FrameKind : std::uint8_t {
  hello = 1,
  models = 2,
  embed = 3,
  count_tokens = 4,
  generate = 5,
  status = 6,
  rerank = 7,
  result = 64,
  delta = 65,
  error = 66,
};

struct FrameHeader {
  FrameKind kind = FrameKind::hello;
  std::size_t size = 0;  // of the payload
};

// `bytes` are the first kFrameHeaderSize of a frame. invalid_argument for a kind that we do not
// know, too_large above kFrameSizeMax.
Result<FrameHeader> decode_frame_header(std::string_view bytes);
// The payload must not be over kFrameSizeMax.
std::string encode_frame(FrameKind kind, std::string_view payload);

struct EmbedRequest {
  std::string model;
  EmbedKind kind = EmbedKind::passage;
  std::vector<std::string> texts;
};

struct RerankRequest {
  std::string model;
  std::string query;
  std::vector<std::string> passages;
};

struct CountRequest {
  std::string model;
  std::vector<std::string> texts;
};

// A file in the models directory that cannot be used.
struct BrokenModel {
  std::string name;
  Error error;
};

struct ModelList {
  std::vector<ModelInfo> models;
  std::vector<BrokenModel> broken;
};

struct EngineStatus {
  std::int64_t uptime_ms = 0;
  std::int64_t generate_waiting = 0;  // requests in the queue, the running one not included
  std::int64_t embed_waiting = 0;
  std::vector<std::string> loaded;  // models in memory
};

// Payloads. Each decoder takes exactly what its encoder makes; anything else is invalid_argument.
std::string encode_hello();
Status decode_hello(std::string_view payload);  // unavailable when the versions differ
std::string encode(const EmbedRequest& request);
Result<EmbedRequest> decode_embed_request(std::string_view payload);
std::string encode(const RerankRequest& request);
Result<RerankRequest> decode_rerank_request(std::string_view payload);
std::string encode(const CountRequest& request);
Result<CountRequest> decode_count_request(std::string_view payload);
std::string encode(const GenerateRequest& request);
Result<GenerateRequest> decode_generate_request(std::string_view payload);

std::string encode(const ModelList& list);
Result<ModelList> decode_model_list(std::string_view payload);
std::string encode(const std::vector<std::vector<float>>& vectors);
Result<std::vector<std::vector<float>>> decode_vectors(std::string_view payload);
std::string encode(const std::vector<float>& scores);
Result<std::vector<float>> decode_scores(std::string_view payload);
std::string encode(const std::vector<std::int64_t>& counts);
Result<std::vector<std::int64_t>> decode_counts(std::string_view payload);
std::string encode(const GenerateResult& result);
Result<GenerateResult> decode_generate_result(std::string_view payload);
std::string encode(const EngineStatus& status);
Result<EngineStatus> decode_status(std::string_view payload);
std::string encode(const Error& error);
// The error that the payload holds, or one that says that it cannot be read.
Error decode_error(std::string_view payload);

}  // namespace wenyuan::llm
