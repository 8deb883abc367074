#include "llm/engine_protocol.h"

#include <span>
#include <type_traits>
#include <utility>

#include "base/bytes.h"

namespace wenyuan::llm {
namespace {

constexpr std::uint32_t kMagic = 0x4E455957;  // "WYEN"
constexpr std::size_t kVectorSizeMax = std::size_t{1} << 16;
constexpr std::size_t kMessageTextMax = 4096;  // of an error
constexpr std::size_t kShortTextMax = 256;

// Reads the fields of a payload; after the first that is missing or over its limit, every other is
// empty and finish() says so.
class FieldReader {
 public:
  explicit FieldReader(std::string_view payload) : reader_(payload), size_(payload.size()) {}

  template <class Number>
  Number number() {
    const auto value = reader_.number<Number>();
    if (!value) failed_ = true;
    return failed_ ? Number{} : *value;
  }
  // The last enumerator says where the enumeration ends.
  template <class Enum>
  Enum enumerator(Enum last) {
    const auto value = number<std::uint8_t>();
    if (value > static_cast<std::uint8_t>(last)) failed_ = true;
    return failed_ ? Enum{} : static_cast<Enum>(value);
  }
  std::string text(std::size_t size_max) {
    const auto value = reader_.text();
    if (!value || value->size() > size_max) failed_ = true;
    return failed_ ? std::string() : std::string(*value);
  }
  // How many items follow. Each takes at least `item_size_min` bytes, so that a count cannot make
  // us reserve more than the payload can hold.
  std::size_t count(std::size_t count_max, std::size_t item_size_min) {
    const std::size_t value = number<std::uint32_t>();
    if (value > count_max || value * item_size_min > size_) failed_ = true;
    return failed_ ? 0 : value;
  }
  std::vector<std::string> texts(std::size_t count_max, std::size_t size_max) {
    std::vector<std::string> values(count(count_max, sizeof(std::uint32_t)));
    for (std::string& value : values) value = text(size_max);
    return values;
  }
  std::vector<float> floats(std::size_t count_max) {
    auto values = reader_.floats();
    if (!values || values->size() > count_max) failed_ = true;
    return failed_ ? std::vector<float>() : *std::move(values);
  }

  bool failed() const { return failed_; }
  template <class T>
  Result<T> finish(T value, const char* what) const {
    if (failed_ || !reader_.at_end()) {
      return Error{ErrorCode::invalid_argument, std::string("malformed ") + what};
    }
    return value;
  }

 private:
  ByteReader reader_;
  std::size_t size_;
  bool failed_ = false;
};

template <class Enum>
void put_enumerator(ByteWriter& writer, Enum value) {
  writer.put(static_cast<std::uint8_t>(value));
}

void put_texts(ByteWriter& writer, const std::vector<std::string>& texts) {
  writer.put(static_cast<std::uint32_t>(texts.size()));
  for (const std::string& text : texts) writer.put(std::string_view(text));
}

void put_error(ByteWriter& writer, const Error& error) {
  put_enumerator(writer, error.code);
  writer.put(std::string_view(error.message).substr(0, kMessageTextMax));
}

Error read_error(FieldReader& reader) {
  Error error;
  error.code = reader.enumerator(ErrorCode::internal);
  error.message = reader.text(kMessageTextMax);
  return error;
}

bool is_known(FrameKind kind) {
  switch (kind) {
    case FrameKind::hello:
    case FrameKind::models:
    case FrameKind::embed:
    case FrameKind::count_tokens:
    case FrameKind::generate:
    case FrameKind::status:
    case FrameKind::rerank:
    case FrameKind::result:
    case FrameKind::delta:
    case FrameKind::error: return true;
  }
  return false;
}

}  // namespace

Result<FrameHeader> decode_frame_header(std::string_view bytes) {
  ByteReader reader(bytes);
  const auto size = reader.number<std::uint32_t>();
  const auto kind = reader.number<std::uint8_t>();
  if (!size || !kind || !is_known(static_cast<FrameKind>(*kind))) {
    return Error{ErrorCode::invalid_argument, "not a frame of the engine's protocol"};
  }
  if (*size > kFrameSizeMax) {
    return Error{ErrorCode::too_large, "a frame of " + std::to_string(*size) +
                                           " bytes; the limit is " + std::to_string(kFrameSizeMax)};
  }
  return FrameHeader{static_cast<FrameKind>(*kind), *size};
}

std::string encode_frame(FrameKind kind, std::string_view payload) {
  WY_ASSERT(payload.size() <= kFrameSizeMax);
  ByteWriter writer;
  writer.put(static_cast<std::uint32_t>(payload.size()));
  put_enumerator(writer, kind);
  std::string frame = writer.take();
  frame += payload;
  return frame;
}

std::string encode_hello() {
  ByteWriter writer;
  writer.put(kMagic);
  writer.put(kProtocolVersion);
  return writer.take();
}

Status decode_hello(std::string_view payload) {
  FieldReader reader(payload);
  const auto magic = reader.number<std::uint32_t>();
  const auto version = reader.number<std::uint32_t>();
  if (reader.failed() || magic != kMagic) {
    return Error{ErrorCode::invalid_argument, "malformed hello"};
  }
  if (version != kProtocolVersion) {
    return Error{ErrorCode::unavailable, "the other side speaks version " +
                                             std::to_string(version) +
                                             " of the engine's protocol, this one version " +
                                             std::to_string(kProtocolVersion)};
  }
  return reader.finish(Done{}, "hello");
}

std::string encode(const EmbedRequest& request) {
  ByteWriter writer;
  writer.put(std::string_view(request.model));
  put_enumerator(writer, request.kind);
  put_texts(writer, request.texts);
  return writer.take();
}

Result<EmbedRequest> decode_embed_request(std::string_view payload) {
  FieldReader reader(payload);
  EmbedRequest request;
  request.model = reader.text(kModelNameSizeMax);
  request.kind = reader.enumerator(EmbedKind::passage);
  request.texts = reader.texts(kTextCountMax, kTextSizeMax);
  return reader.finish(std::move(request), "embed request");
}

std::string encode(const RerankRequest& request) {
  ByteWriter writer;
  writer.put(std::string_view(request.model));
  writer.put(std::string_view(request.query));
  put_texts(writer, request.passages);
  return writer.take();
}

Result<RerankRequest> decode_rerank_request(std::string_view payload) {
  FieldReader reader(payload);
  RerankRequest request;
  request.model = reader.text(kModelNameSizeMax);
  request.query = reader.text(kTextSizeMax);
  request.passages = reader.texts(kTextCountMax, kTextSizeMax);
  return reader.finish(std::move(request), "rerank request");
}

std::string encode(const CountRequest& request) {
  ByteWriter writer;
  writer.put(std::string_view(request.model));
  put_texts(writer, request.texts);
  return writer.take();
}

Result<CountRequest> decode_count_request(std::string_view payload) {
  FieldReader reader(payload);
  CountRequest request;
  request.model = reader.text(kModelNameSizeMax);
  request.texts = reader.texts(kTextCountMax, kTextSizeMax);
  return reader.finish(std::move(request), "count_tokens request");
}

std::string encode(const GenerateRequest& request) {
  ByteWriter writer;
  writer.put(std::string_view(request.model));
  writer.put(std::string_view(request.cache_scope));
  writer.put(static_cast<std::uint32_t>(request.messages.size()));
  for (const ChatMessage& message : request.messages) {
    put_enumerator(writer, message.role);
    writer.put(std::string_view(message.content));
  }
  writer.put(std::string_view(request.prompt));
  writer.put(request.tokens_max);
  writer.put(request.temperature);
  writer.put(request.top_p);
  writer.put(request.top_k);
  writer.put(request.repeat_penalty);
  writer.put(request.seed);
  put_texts(writer, request.stop);
  return writer.take();
}

Result<GenerateRequest> decode_generate_request(std::string_view payload) {
  FieldReader reader(payload);
  GenerateRequest request;
  request.model = reader.text(kModelNameSizeMax);
  request.cache_scope = reader.text(kScopeSizeMax);
  request.messages.resize(reader.count(kMessageCountMax, 1 + sizeof(std::uint32_t)));
  for (ChatMessage& message : request.messages) {
    message.role = reader.enumerator(Role::assistant);
    message.content = reader.text(kTextSizeMax);
  }
  request.prompt = reader.text(kTextSizeMax);
  request.tokens_max = reader.number<std::int32_t>();
  request.temperature = reader.number<float>();
  request.top_p = reader.number<float>();
  request.top_k = reader.number<std::int32_t>();
  request.repeat_penalty = reader.number<float>();
  request.seed = reader.number<std::uint64_t>();
  request.stop = reader.texts(kStopCountMax, kStopSizeMax);
  return reader.finish(std::move(request), "generate request");
}

std::string encode(const ModelList& list) {
  ByteWriter writer;
  writer.put(static_cast<std::uint32_t>(list.models.size()));
  for (const ModelInfo& model : list.models) {
    writer.put(std::string_view(model.name));
    put_enumerator(writer, model.kind);
    writer.put(std::string_view(model.architecture));
    writer.put(model.size_bytes);
    writer.put(model.context_length);
    writer.put(model.vector_size);
    writer.put(std::string_view(model.sha256));
  }
  writer.put(static_cast<std::uint32_t>(list.broken.size()));
  for (const BrokenModel& model : list.broken) {
    writer.put(std::string_view(model.name));
    put_error(writer, model.error);
  }
  return writer.take();
}

Result<ModelList> decode_model_list(std::string_view payload) {
  FieldReader reader(payload);
  ModelList list;
  list.models.resize(reader.count(kModelCountMax, 37));
  for (ModelInfo& model : list.models) {
    model.name = reader.text(kModelNameSizeMax);
    model.kind = reader.enumerator(ModelKind::reranker);
    model.architecture = reader.text(kShortTextMax);
    model.size_bytes = reader.number<std::int64_t>();
    model.context_length = reader.number<std::int64_t>();
    model.vector_size = reader.number<std::int64_t>();
    model.sha256 = reader.text(kShortTextMax);
  }
  list.broken.resize(reader.count(kModelCountMax, 9));
  for (BrokenModel& model : list.broken) {
    model.name = reader.text(kModelNameSizeMax);
    model.error = read_error(reader);
  }
  return reader.finish(std::move(list), "list of models");
}

std::string encode(const std::vector<std::vector<float>>& vectors) {
  ByteWriter writer;
  writer.put(static_cast<std::uint32_t>(vectors.size()));
  for (const auto& vector : vectors) writer.put(std::span<const float>(vector));
  return writer.take();
}

Result<std::vector<std::vector<float>>> decode_vectors(std::string_view payload) {
  FieldReader reader(payload);
  std::vector<std::vector<float>> vectors(reader.count(kTextCountMax, sizeof(std::uint32_t)));
  for (auto& vector : vectors) vector = reader.floats(kVectorSizeMax);
  return reader.finish(std::move(vectors), "vectors");
}

std::string encode(const std::vector<float>& scores) {
  ByteWriter writer;
  writer.put(std::span<const float>(scores));
  return writer.take();
}

Result<std::vector<float>> decode_scores(std::string_view payload) {
  FieldReader reader(payload);
  std::vector<float> scores = reader.floats(kTextCountMax);
  return reader.finish(std::move(scores), "scores");
}

std::string encode(const std::vector<std::int64_t>& counts) {
  ByteWriter writer;
  writer.put(static_cast<std::uint32_t>(counts.size()));
  for (const std::int64_t count : counts) writer.put(count);
  return writer.take();
}

Result<std::vector<std::int64_t>> decode_counts(std::string_view payload) {
  FieldReader reader(payload);
  std::vector<std::int64_t> counts(reader.count(kTextCountMax, sizeof(std::int64_t)));
  for (std::int64_t& count : counts) count = reader.number<std::int64_t>();
  return reader.finish(std::move(counts), "counts");
}

std::string encode(const GenerateResult& result) {
  ByteWriter writer;
  writer.put(result.prompt_tokens);
  writer.put(result.completion_tokens);
  writer.put(result.cached_tokens);
  put_enumerator(writer, result.finish);
  return writer.take();
}

Result<GenerateResult> decode_generate_result(std::string_view payload) {
  FieldReader reader(payload);
  GenerateResult result;
  result.prompt_tokens = reader.number<std::int64_t>();
  result.completion_tokens = reader.number<std::int64_t>();
  result.cached_tokens = reader.number<std::int64_t>();
  result.finish = reader.enumerator(FinishReason::length);
  return reader.finish(result, "generate result");
}

std::string encode(const EngineStatus& status) {
  ByteWriter writer;
  writer.put(status.uptime_ms);
  writer.put(status.generate_waiting);
  writer.put(status.embed_waiting);
  put_texts(writer, status.loaded);
  return writer.take();
}

Result<EngineStatus> decode_status(std::string_view payload) {
  FieldReader reader(payload);
  EngineStatus status;
  status.uptime_ms = reader.number<std::int64_t>();
  status.generate_waiting = reader.number<std::int64_t>();
  status.embed_waiting = reader.number<std::int64_t>();
  status.loaded = reader.texts(kModelCountMax, kModelNameSizeMax);
  return reader.finish(std::move(status), "status");
}

std::string encode(const Error& error) {
  ByteWriter writer;
  put_error(writer, error);
  return writer.take();
}

Error decode_error(std::string_view payload) {
  FieldReader reader(payload);
  Error error = read_error(reader);
  const Status read = reader.finish(Done{}, "error");
  return read ? error : read.error();
}

}  // namespace wenyuan::llm
