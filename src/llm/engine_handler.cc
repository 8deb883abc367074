#include "llm/engine_handler.h"

#include <poll.h>

#include <cerrno>
#include <new>
#include <utility>

#include "llm/engine_request.h"

namespace wenyuan::llm {
namespace {

Error client_gone() { return Error{ErrorCode::cancelled, "the client closed the connection"}; }

Status check_kind(const ModelInfo& info, ModelKind wanted) {
  if (info.kind == wanted) return Done{};
  return Error{ErrorCode::invalid_argument, "the model " + info.name + " is of the kind " +
                                                std::string(name(info.kind)) + ", not " +
                                                std::string(name(wanted))};
}

// Sends what the job gives away until it is finished. When the client goes, the job is cancelled.
Status deliver(int socket, Exchange& exchange) {
  for (;;) {
    pollfd fds[] = {{socket, POLLRDHUP, 0}, {exchange.event(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return errno_error("poll");
    }
    if (fds[0].revents != 0) return client_gone();
    const Exchange::Output output = exchange.take();
    WY_RETURN_IF_ERROR(send_bytes(socket, output.bytes));
    if (output.is_finished) return Done{};
  }
}

Status run(int socket, Worker& worker, AnswerJob& job) {
  if (!worker.add(job)) {
    return send_bytes(socket, error_frame({ErrorCode::unavailable, "the engine is busy"}));
  }
  Status delivered = deliver(socket, job.exchange());
  if (!delivered) job.exchange().cancel();
  worker.leave(job);
  return delivered;
}

}  // namespace

EngineHandler::EngineHandler(const EngineHandlerOptions& options)
    : registry_(options.models),
      generators_(options.threads, options.generators),
      embedders_(options.threads),
      rerankers_(options.threads),
      generate_worker_(options.generate_waiting_max),
      embed_worker_(options.embed_waiting_max) {}

Status EngineHandler::answer(int socket, const Frame& request) {
  const auto work = [&](Result<std::unique_ptr<AnswerJob>> job, Worker& worker) {
    return job ? run(socket, worker, **job) : send_bytes(socket, error_frame(job.error()));
  };
  try {
    if (request.kind == FrameKind::embed) return work(embed_job(request), embed_worker_);
    if (request.kind == FrameKind::rerank) return work(rerank_job(request), embed_worker_);
    if (request.kind == FrameKind::generate) return work(generate_job(request), generate_worker_);
    const auto frame = answer_at_once(request);
    return send_bytes(socket, frame ? *frame : error_frame(frame.error()));
  } catch (const std::bad_alloc&) {
    return send_bytes(socket,
                      error_frame({ErrorCode::unavailable, "the engine has no memory left"}));
  }
}

Result<std::string> EngineHandler::answer_at_once(const Frame& request) {
  switch (request.kind) {
    case FrameKind::models: {
      WY_TRY(const ModelList list, registry_.list());
      return result_frame(encode(list));
    }
    case FrameKind::status: return result_frame(encode(status()));
    case FrameKind::count_tokens: return count_tokens(request);
    case FrameKind::hello:
    case FrameKind::embed:
    case FrameKind::rerank:
    case FrameKind::generate:
    case FrameKind::result:
    case FrameKind::delta:
    case FrameKind::error: break;
  }
  return Error{ErrorCode::invalid_argument, "this is not a request"};
}

Result<std::unique_ptr<AnswerJob>> EngineHandler::embed_job(const Frame& frame) {
  WY_TRY(const EmbedRequest request, decode_embed_request(frame.payload));
  WY_RETURN_IF_ERROR(check_texts(request.texts));
  WY_TRY(auto model, registry_.open(request.model));
  WY_RETURN_IF_ERROR(check_kind(model->info, ModelKind::embedder));
  WY_TRY(Exchange exchange, Exchange::create());
  EmbedWork work = embed_work(*model, request);
  return std::unique_ptr<AnswerJob>(std::make_unique<EmbedJob>(std::move(exchange), embedders_,
                                                               std::move(model), std::move(work)));
}

Result<std::unique_ptr<AnswerJob>> EngineHandler::rerank_job(const Frame& frame) {
  WY_TRY(const RerankRequest request, decode_rerank_request(frame.payload));
  WY_RETURN_IF_ERROR(check_texts({&request.query, 1}));
  WY_RETURN_IF_ERROR(check_texts(request.passages));
  WY_TRY(auto model, registry_.open(request.model));
  WY_RETURN_IF_ERROR(check_kind(model->info, ModelKind::reranker));
  WY_TRY(Exchange exchange, Exchange::create());
  RerankWork work = rerank_work(*model, request);
  return std::unique_ptr<AnswerJob>(std::make_unique<RerankJob>(std::move(exchange), rerankers_,
                                                                std::move(model), std::move(work)));
}

Result<std::unique_ptr<AnswerJob>> EngineHandler::generate_job(const Frame& frame) {
  WY_TRY(GenerateRequest request, decode_generate_request(frame.payload));
  WY_RETURN_IF_ERROR(check(request));
  WY_TRY(auto model, registry_.open(request.model));
  WY_RETURN_IF_ERROR(check_kind(model->info, ModelKind::generator));
  WY_TRY(Exchange exchange, Exchange::create());
  WY_TRY(auto prompt, prompt_tokens(*model, request));
  return std::unique_ptr<AnswerJob>(std::make_unique<GenerateJob>(
      std::move(exchange), generators_, std::move(model), std::move(request), std::move(prompt)));
}

Result<std::string> EngineHandler::count_tokens(const Frame& frame) {
  WY_TRY(const CountRequest request, decode_count_request(frame.payload));
  WY_RETURN_IF_ERROR(check_texts(request.texts));
  WY_TRY(const auto model, registry_.open(request.model));
  const EncodeOptions options{.add_special = false, .parse_special = false};
  std::vector<std::int64_t> counts;
  counts.reserve(request.texts.size());
  for (const std::string& text : request.texts) {
    counts.push_back(static_cast<std::int64_t>(model->tokenizer->encode(text, options).size()));
  }
  return result_frame(encode(counts));
}

EngineStatus EngineHandler::status() const {
  EngineStatus status;
  status.uptime_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::steady_clock::now() - began_)
                         .count();
  status.generate_waiting = static_cast<std::int64_t>(generate_worker_.waiting());
  status.embed_waiting = static_cast<std::int64_t>(embed_worker_.waiting());
  status.loaded = generators_.names();
  for (auto names : {embedders_.names(), rerankers_.names()}) {
    for (std::string& name : names) status.loaded.push_back(std::move(name));
  }
  return status;
}

}  // namespace wenyuan::llm
