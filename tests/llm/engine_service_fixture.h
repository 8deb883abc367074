// An engine's service on a socket of its own, with tiny models.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "llm/engine_client.h"
#include "llm/engine_service.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {

namespace fs = std::filesystem;

class EngineServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_ / "models");
    write_tiny_llama(folder_ / "models/writer.gguf");
    write_tiny_llama(folder_ / "models/endless.gguf", {.context = 1U << 20});
    write_tiny_bert(folder_ / "models/embedder.gguf");
    write_tiny_reranker(folder_ / "models/ranker.gguf");
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

}  // namespace wenyuan::llm
