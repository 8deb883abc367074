#include "store/reader_pool.h"

#include <chrono>
#include <optional>
#include <utility>

namespace wenyuan::store {
namespace {

// Reads take milliseconds; one that waits this long waits for something that hangs.
constexpr std::chrono::seconds kWaitMax{30};

Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file) {
  WY_TRY(auto connection, Connection::open(file, Connection::Mode::read));
  WY_RETURN_IF_ERROR(
      connection->execute("PRAGMA query_only = ON; PRAGMA cell_size_check = ON; "
                          "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000"));
  return connection;
}

Status begin(Connection& connection) {
  WY_RETURN_IF_ERROR(connection.execute("BEGIN"));
  // The view is fixed by the first read, not by BEGIN.
  WY_TRY(auto statement, connection.prepare("SELECT value FROM counters WHERE name = 'epoch'"));
  WY_TRY(const bool found, statement.step());
  // Asked for again and again while this view lasts.
  if (found) connection.set_view_epoch(statement.integer(0));
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Connection>> ReaderPool::reserve() {
  std::unique_lock lock(mutex_);
  const bool free =
      returned_.wait_for(lock, kWaitMax, [&] { return !idle_.empty() || count_ < count_max_; });
  if (!free) return Error{ErrorCode::unavailable, "every reader of the store is busy"};
  if (idle_.empty()) {
    ++count_;
    return std::unique_ptr<Connection>();
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

Result<std::unique_ptr<Connection>> ReaderPool::borrow() {
  WY_TRY(auto idle, reserve());
  const auto begun = [&]() -> Result<std::unique_ptr<Connection>> {
    auto connection = std::move(idle);
    if (connection == nullptr) {
      WY_TRY(connection, open(file_));
    }
    WY_RETURN_IF_ERROR(begin(*connection));
    return connection;
  };
  auto connection = begun();
  if (!connection) {
    const std::lock_guard lock(mutex_);
    --count_;  // it is dropped, and its place is free again
    returned_.notify_one();
  }
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  connection->set_view_epoch(std::nullopt);
  const bool usable = connection->execute("ROLLBACK").has_value();
  {
    const std::lock_guard lock(mutex_);
    if (usable) {
      idle_.push_back(std::move(connection));
    } else {
      --count_;
    }
  }
  returned_.notify_one();
}

}  // namespace wenyuan::store
