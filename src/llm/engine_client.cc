#include "llm/engine_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "llm/engine_request.h"
#include "llm/engine_socket.h"

namespace wenyuan::llm {
namespace {

// Long lists of texts go in several requests, so that other callers get their turn in between.
constexpr std::size_t kBatchCountMax = 256;
constexpr std::size_t kBatchSizeMax = std::size_t{8} << 20;
constexpr std::chrono::milliseconds kConnectPause{20};

Error cancelled() { return Error{ErrorCode::cancelled, "the request was cancelled"}; }

Error stopped_while_answering() {
  return Error{ErrorCode::unavailable, "the engine stopped while answering"};
}

// False when it was asked to stop before the time was over.
bool pause(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

// Nothing when the engine went away before it said anything.
Result<std::optional<Done>> shake_hands(int socket, const EngineClientOptions& options) {
  limit_receive_time(socket, options.handshake_time);
  limit_send_time(socket, options.handshake_time);
  // An engine that has too many connections says so and closes without listening.
  const Status sent = send_frame(socket, FrameKind::hello, encode_hello());
  WY_TRY(const auto frame, receive_frame(socket));
  if (!frame) return std::optional<Done>();
  if (frame->kind == FrameKind::error) return decode_error(frame->payload);
  if (frame->kind != FrameKind::hello) {
    return Error{ErrorCode::internal, "the engine began without a hello"};
  }
  WY_RETURN_IF_ERROR(sent);
  WY_RETURN_IF_ERROR(decode_hello(frame->payload));
  limit_receive_time(socket, {});
  limit_send_time(socket, {});
  return std::optional<Done>(Done{});
}

// An engine that dies may still take a connection with its last breath, so what counts is its
// hello.
Result<FileDescriptor> connect_patiently(const EngineClientOptions& options,
                                         const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + options.connect_time;
  for (;;) {
    auto socket = connect_to(options.socket);
    if (!socket && socket.error().code != ErrorCode::unavailable) return socket;
    std::string reason = "it closed the connection";
    if (socket) {
      WY_TRY(const auto greeted, shake_hands(socket->get(), options));
      if (greeted) return socket;
    } else {
      reason = socket.error().message;
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{ErrorCode::unavailable, "the engine is not running: " + reason};
    }
    if (!pause(kConnectPause, stop)) return cancelled();
  }
}

// Waits for the result, giving every delta away.
Result<std::string> receive_answer(int socket,
                                   const std::function<bool(std::string_view)>& on_delta,
                                   const std::stop_token& stop) {
  for (;;) {
    auto frame = receive_frame(socket);
    if (stop.stop_requested()) return cancelled();
    if (!frame && frame.error().code != ErrorCode::unavailable) {
      return Error{ErrorCode::internal, "the engine sent " + frame.error().message};
    }
    if (!frame || !*frame) return stopped_while_answering();
    Frame& answer = **frame;
    if (answer.kind == FrameKind::error) return decode_error(answer.payload);
    if (answer.kind == FrameKind::result) return std::move(answer.payload);
    if (answer.kind != FrameKind::delta || !on_delta) {
      return Error{ErrorCode::internal, "the engine answered with an unexpected message"};
    }
    if (!on_delta(answer.payload)) return cancelled();
  }
}

// The end of the batch that starts at `begin`.
std::size_t batch_end(std::span<const std::string> texts, std::size_t begin) {
  std::size_t size = 0;
  std::size_t end = begin;
  while (end < texts.size() && end - begin < kBatchCountMax) {
    size += texts[end].size();
    if (end > begin && size > kBatchSizeMax) break;
    ++end;
  }
  return end;
}

std::vector<std::string> copy(std::span<const std::string> texts, std::size_t begin,
                              std::size_t end) {
  const auto batch = texts.subspan(begin, end - begin);
  return {batch.begin(), batch.end()};
}

// An answer that is not what was asked for is the engine's fault, not the caller's.
template <class T>
Result<T> from_engine(Result<T> decoded) {
  if (!decoded) return Error{ErrorCode::internal, "the engine sent " + decoded.error().message};
  return decoded;
}

Error wrong_count() {
  return Error{ErrorCode::internal, "the engine answered with another number of results"};
}

}  // namespace

Result<std::string> EngineClient::ask(FrameKind kind, std::string_view payload,
                                      const OnDelta& on_delta, const std::stop_token& stop) {
  if (payload.size() > kFrameSizeMax) {
    return Error{ErrorCode::too_large, "the request has " + std::to_string(payload.size()) +
                                           " bytes; the engine takes " +
                                           std::to_string(kFrameSizeMax)};
  }
  if (stop.stop_requested()) return cancelled();
  WY_TRY(const FileDescriptor socket, connect_patiently(options_, stop));
  const std::stop_callback close_on_stop(stop, [&] { ::shutdown(socket.get(), SHUT_RDWR); });
  // An engine that refuses says so and closes before it has read everything, so its answer is
  // looked at even when it took no more from us.
  const Status sent = send_frame(socket.get(), kind, payload);
  if (!sent && sent.error().code != ErrorCode::unavailable) return sent.error();
  return receive_answer(socket.get(), on_delta, stop);
}

Result<ModelList> EngineClient::list() {
  WY_TRY(const std::string payload, ask(FrameKind::models, {}, {}, {}));
  return from_engine(decode_model_list(payload));
}

Result<std::vector<ModelInfo>> EngineClient::models() {
  WY_TRY(ModelList known, list());
  return std::move(known.models);
}

Result<EngineStatus> EngineClient::status() {
  WY_TRY(const std::string payload, ask(FrameKind::status, {}, {}, {}));
  return from_engine(decode_status(payload));
}

Result<std::vector<std::vector<float>>> EngineClient::embed(const std::string& model,
                                                            std::span<const std::string> texts,
                                                            EmbedKind kind, std::stop_token stop) {
  WY_RETURN_IF_ERROR(check_model_name(model));
  WY_RETURN_IF_ERROR(check_texts(texts));
  std::vector<std::vector<float>> vectors;
  vectors.reserve(texts.size());
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end = batch_end(texts, begin);
    const EmbedRequest request{model, kind, copy(texts, begin, end)};
    WY_TRY(const std::string payload, ask(FrameKind::embed, encode(request), {}, stop));
    WY_TRY(auto batch, from_engine(decode_vectors(payload)));
    if (batch.size() != end - begin) return wrong_count();
    std::move(batch.begin(), batch.end(), std::back_inserter(vectors));
    begin = end;
  }
  return vectors;
}

Result<std::vector<float>> EngineClient::rerank(const std::string& model, const std::string& query,
                                                std::span<const std::string> passages,
                                                std::stop_token stop) {
  WY_RETURN_IF_ERROR(check_model_name(model));
  WY_RETURN_IF_ERROR(check_texts({&query, 1}));
  WY_RETURN_IF_ERROR(check_texts(passages));
  std::vector<float> scores;
  scores.reserve(passages.size());
  for (std::size_t begin = 0; begin < passages.size();) {
    const std::size_t end = batch_end(passages, begin);
    const RerankRequest request{model, query, copy(passages, begin, end)};
    WY_TRY(const std::string payload, ask(FrameKind::rerank, encode(request), {}, stop));
    WY_TRY(const auto batch, from_engine(decode_scores(payload)));
    if (batch.size() != end - begin) return wrong_count();
    scores.insert(scores.end(), batch.begin(), batch.end());
    begin = end;
  }
  return scores;
}

Result<std::vector<std::int64_t>> EngineClient::count_tokens(const std::string& model,
                                                             std::span<const std::string> texts) {
  WY_RETURN_IF_ERROR(check_model_name(model));
  WY_RETURN_IF_ERROR(check_texts(texts));
  std::vector<std::int64_t> counts;
  counts.reserve(texts.size());
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t end = batch_end(texts, begin);
    const CountRequest request{model, copy(texts, begin, end)};
    WY_TRY(const std::string payload, ask(FrameKind::count_tokens, encode(request), {}, {}));
    WY_TRY(const auto batch, from_engine(decode_counts(payload)));
    if (batch.size() != end - begin) return wrong_count();
    counts.insert(counts.end(), batch.begin(), batch.end());
    begin = end;
  }
  return counts;
}

Result<GenerateResult> EngineClient::generate(const GenerateRequest& request, const OnText& on_text,
                                              std::stop_token stop) {
  WY_RETURN_IF_ERROR(check(request));
  const OnDelta on_delta = [&](std::string_view text) { return !on_text || on_text(text); };
  WY_TRY(const std::string payload, ask(FrameKind::generate, encode(request), on_delta, stop));
  return from_engine(decode_generate_result(payload));
}

}  // namespace wenyuan::llm
