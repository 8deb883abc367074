// Answers the requests of one engine's connections.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/result.h"
#include "llm/embedder.h"
#include "llm/engine_jobs.h"
#include "llm/engine_socket.h"
#include "llm/engine_worker.h"
#include "llm/generator.h"
#include "llm/loaded_models.h"
#include "llm/model_registry.h"
#include "llm/reranker.h"

namespace wenyuan::llm {

struct EngineHandlerOptions {
  std::filesystem::path models;
  std::size_t threads = 1;
  LoadOptions generators = {};  // how models that write are loaded
  std::size_t generate_waiting_max = 16;
  std::size_t embed_waiting_max = 64;
};

// Thread-safe. Texts become tokens on the caller's thread; models run on
// two threads, one for those that write and one for the others.
class EngineHandler {
 public:
  explicit EngineHandler(const EngineHandlerOptions& options);

  // Sends the answer to `request`. An error means that the connection is of no use any more.
  Status answer(int socket, const Frame& request);

 private:
  // The frame to send, or the error that becomes one.
  Result<std::string> answer_at_once(const Frame& request);
  Result<std::unique_ptr<AnswerJob>> embed_job(const Frame& frame);
  Result<std::unique_ptr<AnswerJob>> rerank_job(const Frame& frame);
  Result<std::unique_ptr<AnswerJob>> generate_job(const Frame& frame);
  Result<std::string> count_tokens(const Frame& frame);
  EngineStatus status() const;

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  ModelRegistry registry_;
  LoadedModels<Generator> generators_;
  LoadedModels<Embedder> embedders_;
  LoadedModels<Reranker> rerankers_;
  Worker generate_worker_;
  Worker embed_worker_;
};

}  // namespace wenyuan::llm
