// Read connections that are lent out one caller at a time.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "store/connection.h"

namespace wenyuan::store {

// Thread-safe. Connections are opened when they are first needed.
class ReaderPool {
 public:
  ReaderPool(std::filesystem::path file, int count_max)
      : file_(std::move(file)), count_max_(count_max) {}

  // With a read transaction open whose view is fixed; unavailable when all stay busy.
  Result<std::unique_ptr<Connection>> borrow();
  void give_back(std::unique_ptr<Connection> connection);

 private:
  // An idle connection, or null: the caller may open one more.
  Result<std::unique_ptr<Connection>> reserve();

  const std::filesystem::path file_;
  const int count_max_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
  int count_ = 0;                                  // idle and lent; guarded by mutex_
};

}  // namespace wenyuan::store
