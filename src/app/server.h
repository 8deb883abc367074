// The whole server: builds every part in order, runs, and takes them down in reverse.
#pragma once

#include <memory>

#include "app/config.h"
#include "base/result.h"

namespace wenyuan::app {

// One thread at a time.
class Server {
 public:
  // Opens the store, brings the indexes up to date, starts the engine and listens. On an empty data
  // directory it makes everything, and tells the administrator's key on stdout.
  static Result<std::unique_ptr<Server>> start(const Config& config);
  ~Server();

  // Serves until SIGTERM or SIGINT, then stops in good order.
  Status run();

  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);  // for start()

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::app
