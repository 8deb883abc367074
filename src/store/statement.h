// One prepared SQL statement.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3_stmt;

namespace wenyuan::store {

class Connection;  // store/connection.h: the SQLite handle and its statement cache

// Not thread-safe; lives no longer than its connection. Use:
//   WY_TRY(auto statement, snapshot.prepare("SELECT name FROM t WHERE id = ?"));
//   statement.bind(1, id);
//   WY_TRY(const bool found, statement.step());
class Statement {
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();  // resets it and gives it back to the cache

  // Parameters count from 1. Texts and blobs are copied.
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, int value) { return bind(at, std::int64_t{value}); }
  Statement& bind(int at, bool value) { return bind(at, std::int64_t{value ? 1 : 0}); }
  Statement& bind(int at, double value);
  Statement& bind(int at, std::string_view text);
  Statement& bind(int at, const char* text) { return bind(at, std::string_view(text)); }
  Statement& bind(int at, const std::string& text) { return bind(at, std::string_view(text)); }
  Statement& bind_blob(int at, std::span<const std::uint8_t> bytes);
  Statement& bind_null(int at);

  // True when there is a row. conflict for a broken UNIQUE or FOREIGN KEY, unavailable for a full
  // disk or a busy database, corrupt for a damaged file.
  Result<bool> step();
  // For statements that give no rows.
  Status run();
  // Ready to be bound and stepped again.
  void reset();

  // Columns count from 0; valid after step() gave true.
  std::int64_t integer(int at) const;
  double real(int at) const;
  std::string text(int at) const;
  std::span<const std::uint8_t> blob(int at) const;  // valid until the next step
  bool is_null(int at) const;

 private:
  friend class Connection;
  Statement(Connection& connection, sqlite3_stmt* handle, std::string_view sql);
  void remember(int bind_code);

  Connection* connection_;
  sqlite3_stmt* handle_;
  std::string_view sql_;  // the cache's key; empty when it is not kept
  int bind_code_ = 0;     // the first bind that failed; step() tells
};

}  // namespace wenyuan::store
