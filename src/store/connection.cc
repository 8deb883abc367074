#include "store/connection.h"

#include <sqlite3.h>

#include <utility>

namespace wenyuan::store {
namespace {

// More texts than this are not from literals; they are prepared each time.
constexpr std::size_t kCachedTextsMax = 400;

constexpr int kBusyTimeoutMs = 10'000;
constexpr int kCheckpointTimeoutMs = 1'000;
constexpr int kCopiedPages = 1'024;  // in one step of a copy

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_CONSTRAINT:
      switch (sqlite_code) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
        case SQLITE_CONSTRAINT_FOREIGNKEY: return ErrorCode::conflict;
        default: return ErrorCode::internal;
      }
    case SQLITE_FULL:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN: return ErrorCode::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::corrupt;
    case SQLITE_TOOBIG: return ErrorCode::too_large;
    default: return ErrorCode::internal;
  }
}

}  // namespace

void Connection::Closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode) {
  // A reader opens for writing too where it may: reading a write-ahead log needs its shared-memory
  // file, which must be made when the server is not running.
  const int base = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* raw = nullptr;
  int code = sqlite3_open_v2(
      file.c_str(), &raw,
      base | SQLITE_OPEN_READWRITE | (mode == Mode::create ? SQLITE_OPEN_CREATE : 0), nullptr);
  if (code != SQLITE_OK && mode == Mode::read) {
    sqlite3_close_v2(raw);
    raw = nullptr;
    code = sqlite3_open_v2(file.c_str(), &raw, base | SQLITE_OPEN_READONLY, nullptr);
  }
  std::unique_ptr<Connection> connection(
      new Connection(std::unique_ptr<sqlite3, Closer>(raw)));  // NOLINT: the constructor is private
  if (code != SQLITE_OK) return within("open " + file.string(), connection->error(code));
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (mode == Mode::read) {
    // Only the writer moves the log into the file, so that a reader never waits for a disk.
    sqlite3_db_config(raw, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, statements] : idle_) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
}

Result<Statement> Connection::prepare(std::string_view sql) {
  auto cached = idle_.find(sql);
  if (cached == idle_.end() && idle_.size() < kCachedTextsMax) {
    cached = idle_.try_emplace(std::string(sql)).first;
  }
  if (cached != idle_.end() && !cached->second.empty()) {
    sqlite3_stmt* const statement = cached->second.back();
    cached->second.pop_back();
    return Statement(*this, statement, cached->first);
  }
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return error(code);
  WY_ASSERT(statement != nullptr);
  return Statement(*this, statement,
                   cached == idle_.end() ? std::string_view() : std::string_view(cached->first));
}

Status Connection::execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error(code);
  return Done{};
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

Status Connection::checkpoint() {
  // It waits until no reader needs the log; writers wait behind it, so not for long.
  sqlite3_busy_timeout(handle_.get(), kCheckpointTimeoutMs);
  const int code = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  sqlite3_busy_timeout(handle_.get(), kBusyTimeoutMs);
  if (code == SQLITE_BUSY) {
    return Error{ErrorCode::unavailable, "a reader still needs the write-ahead log"};
  }
  if (code != SQLITE_OK) return error(code);
  return Done{};
}

Status Connection::checkpoint_some() {
  const int code = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  if (code != SQLITE_OK && code != SQLITE_BUSY) return error(code);
  return Done{};
}

void Connection::count_frames(int* frames) {
  if (frames == nullptr) {
    sqlite3_wal_autocheckpoint(handle_.get(), kCheckpointFrames);
    return;
  }
  const auto note = [](void* to, sqlite3* /*handle*/, const char* /*name*/, int count) {
    *static_cast<int*>(to) = count;
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_.get(), note, frames);
}

Status Connection::copy_to(const std::filesystem::path& file) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(file.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE, nullptr);
  const std::unique_ptr<sqlite3, Closer> target(raw);
  if (opened != SQLITE_OK) {
    return Error{ErrorCode::unavailable, "create " + file.string() + ": " + sqlite3_errstr(opened)};
  }
  // Nobody uses a copy that was broken off, and who made it syncs the file.
  sqlite3_exec(raw, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", nullptr, nullptr,
               nullptr);
  sqlite3_backup* const copy = sqlite3_backup_init(raw, "main", handle_.get(), "main");
  int code = copy == nullptr ? sqlite3_errcode(raw) : SQLITE_OK;
  while (code == SQLITE_OK) code = sqlite3_backup_step(copy, kCopiedPages);
  sqlite3_backup_finish(copy);
  if (code == SQLITE_DONE) return Done{};
  return Error{code_of(code), "copy to " + file.string() + ": " + sqlite3_errstr(code)};
}

Error Connection::error(int code) const {
  const char* const message =
      handle_ != nullptr ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  return Error{code_of(code), std::string("database: ") + message};
}

void Connection::give_back(sqlite3_stmt* statement, std::string_view sql) {
  if (sql.empty()) {
    sqlite3_finalize(statement);
    return;
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  idle_.find(sql)->second.push_back(statement);
}

}  // namespace wenyuan::store
