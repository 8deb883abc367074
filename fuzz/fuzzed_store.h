// A store in memory, for fuzz targets that need its keys.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/assert.h"
#include "store/database.h"

namespace wenyuan {

// Goes with the process.
class FuzzedStore {
 public:
  explicit FuzzedStore(const std::string& name)
      : folder_(std::filesystem::path("/dev/shm") /
                ("wenyuan_" + name + "_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    auto opened = store::Database::open({.directory = folder_ / "data", .reader_count = 1});
    WY_ASSERT(opened.has_value());
    database_ = *std::move(opened);
  }
  ~FuzzedStore() {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FuzzedStore(const FuzzedStore&) = delete;
  FuzzedStore& operator=(const FuzzedStore&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const store::Database& database() const { return *database_; }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<store::Database> database_;
};

}  // namespace wenyuan
