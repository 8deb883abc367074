// The engine as the rest of the server sees it: wenyuan-engine behind its Unix socket.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string_view>

#include "llm/engine.h"
#include "llm/engine_protocol.h"

namespace wenyuan::llm {

struct EngineClientOptions {
  std::filesystem::path socket;
  // How long a request waits for an engine that is just (re)starting.
  std::chrono::milliseconds connect_time{2000};
  // How long the engine may take to say hello. Answers themselves have no limit: use a stop_token.
  std::chrono::milliseconds handshake_time{2000};
};

// Thread-safe; one connection for each request, so that closing it cancels exactly that request.
class EngineClient final : public Engine {
 public:
  explicit EngineClient(EngineClientOptions options) : options_(std::move(options)) {}

  // Only models that can be used; list() knows the others too.
  Result<std::vector<ModelInfo>> models() override;
  Result<std::vector<std::vector<float>>> embed(const std::string& model,
                                                std::span<const std::string> texts, EmbedKind kind,
                                                std::stop_token stop) override;
  Result<std::vector<float>> rerank(const std::string& model, const std::string& query,
                                    std::span<const std::string> passages,
                                    std::stop_token stop) override;
  Result<std::vector<std::int64_t>> count_tokens(const std::string& model,
                                                 std::span<const std::string> texts) override;
  Result<GenerateResult> generate(const GenerateRequest& request, const OnText& on_text,
                                  std::stop_token stop) override;

  Result<ModelList> list();
  Result<EngineStatus> status();

 private:
  using OnDelta = std::function<bool(std::string_view)>;

  // The payload of the result.
  Result<std::string> ask(FrameKind kind, std::string_view payload, const OnDelta& on_delta,
                          const std::stop_token& stop);

  const EngineClientOptions options_;
};

}  // namespace wenyuan::llm
