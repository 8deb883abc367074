#include "store/statement.h"

#include <sqlite3.h>

#include <utility>

#include "store/connection.h"

namespace wenyuan::store {

Statement::Statement(Connection& connection, sqlite3_stmt* handle, std::string_view sql)
    : connection_(&connection), handle_(handle), sql_(sql) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      handle_(std::exchange(other.handle_, nullptr)),
      sql_(other.sql_),
      bind_code_(other.bind_code_) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(connection_, other.connection_);
  std::swap(handle_, other.handle_);
  std::swap(sql_, other.sql_);
  std::swap(bind_code_, other.bind_code_);
  return *this;
}

Statement::~Statement() {
  if (handle_ != nullptr) connection_->give_back(handle_, sql_);
}

void Statement::remember(int bind_code) {
  // A wrong number or a statement that is being stepped is a bug in the caller.
  WY_ASSERT(bind_code != SQLITE_RANGE && bind_code != SQLITE_MISUSE);
  if (bind_code_ == SQLITE_OK) bind_code_ = bind_code;
}

Statement& Statement::bind(int at, std::int64_t value) {
  remember(sqlite3_bind_int64(handle_, at, value));
  return *this;
}

Statement& Statement::bind(int at, double value) {
  remember(sqlite3_bind_double(handle_, at, value));
  return *this;
}

Statement& Statement::bind(int at, std::string_view text) {
  // A view without bytes may have no address, which SQLite would take for NULL.
  const char* const data = text.empty() ? "" : text.data();
  remember(sqlite3_bind_text64(handle_, at, data, text.size(), SQLITE_TRANSIENT,  // NOLINT
                               SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(int at, std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) {
    remember(sqlite3_bind_zeroblob(handle_, at, 0));
  } else {
    remember(sqlite3_bind_blob64(handle_, at, bytes.data(), bytes.size(),
                                 SQLITE_TRANSIENT));  // NOLINT
  }
  return *this;
}

Statement& Statement::bind_null(int at) {
  remember(sqlite3_bind_null(handle_, at));
  return *this;
}

Result<bool> Statement::step() {
  int code = bind_code_ != SQLITE_OK ? bind_code_ : sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = connection_->error(code);
  sqlite3_reset(handle_);
  return error;
}

Status Statement::run() {
  WY_TRY([[maybe_unused]] const bool row, step());
  sqlite3_reset(handle_);
  return Done{};
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  bind_code_ = SQLITE_OK;
}

std::int64_t Statement::integer(int at) const { return sqlite3_column_int64(handle_, at); }
double Statement::real(int at) const { return sqlite3_column_double(handle_, at); }

std::string Statement::text(int at) const {
  // The text first: asking for it may convert, and the size is that of what was converted.
  const void* const data = sqlite3_column_text(handle_, at);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, at));
  return data == nullptr ? std::string() : std::string(static_cast<const char*>(data), size);
}

std::span<const std::uint8_t> Statement::blob(int at) const {
  const void* const data = sqlite3_column_blob(handle_, at);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_, at));
  return std::span(static_cast<const std::uint8_t*>(data), data == nullptr ? 0 : size);
}

bool Statement::is_null(int at) const { return sqlite3_column_type(handle_, at) == SQLITE_NULL; }

}  // namespace wenyuan::store
