// wenyuan-engine's service: a Unix socket that answers with models.
#pragma once

#include <atomic>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/result.h"
#include "llm/engine_handler.h"

namespace wenyuan::llm {

struct EngineServiceOptions {
  std::filesystem::path socket;
  EngineHandlerOptions handler;
  std::size_t connections_max = 256;
};

// Runs until it is destroyed; then requests in work are cancelled, and the socket file goes.
class EngineService {
 public:
  static Result<std::unique_ptr<EngineService>> start(const EngineServiceOptions& options);
  ~EngineService();
  EngineService(const EngineService&) = delete;
  EngineService& operator=(const EngineService&) = delete;

 private:
  struct Connection {
    FileDescriptor socket;
    std::atomic<bool> is_done{false};
    std::thread thread;
  };

  EngineService(const EngineServiceOptions& options, FileDescriptor listener);
  void accept_clients();
  void take_in(FileDescriptor socket);
  void serve(int socket);
  void forget_done();
  void remove_socket_file() const;

  const EngineServiceOptions options_;
  EngineHandler handler_;
  FileDescriptor listener_;
  std::atomic<bool> is_stopping_{false};
  std::list<Connection> connections_;  // of accept_thread_ alone
  std::thread accept_thread_;
};

}  // namespace wenyuan::llm
