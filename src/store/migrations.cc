#include "store/migrations.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace wenyuan::store {
namespace {

// A name without a number is a mistake in the build, found at the first start.
std::int64_t version_of(const EmbeddedFile& file) {
  std::int64_t version = 0;
  const auto [end, error] =
      std::from_chars(file.name.data(), file.name.data() + file.name.size(), version);
  WY_ASSERT(error == std::errc() && version > 0);
  return version;
}

Status apply(Connection& connection, const EmbeddedFile& file) {
  WY_RETURN_IF_ERROR(connection.execute("BEGIN IMMEDIATE"));
  const auto work = [&]() -> Status {
    WY_RETURN_IF_ERROR(connection.execute(std::string(file.content)));
    WY_TRY(auto statement,
           connection.prepare("INSERT INTO schema_versions (version, name, applied_at) "
                              "VALUES (?, ?, unixepoch() * 1000)"));
    WY_RETURN_IF_ERROR(statement.bind(1, version_of(file)).bind(2, file.name).run());
    return connection.execute("COMMIT");
  };
  if (Status done = work(); !done) {
    if (connection.in_transaction()) static_cast<void>(connection.execute("ROLLBACK"));
    return within("migration " + std::string(file.name), done.error());
  }
  return Done{};
}

}  // namespace

std::int64_t newest_version(std::span<const EmbeddedFile> migrations) {
  std::int64_t newest = 0;
  for (const EmbeddedFile& file : migrations) newest = std::max(newest, version_of(file));
  return newest;
}

Result<std::int64_t> schema_version(Connection& connection) {
  WY_TRY(auto table,
         connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_versions'"));
  WY_TRY(const bool exists, table.step());
  if (!exists) return std::int64_t{0};
  WY_TRY(auto newest, connection.prepare("SELECT ifnull(max(version), 0) FROM schema_versions"));
  WY_RETURN_IF_ERROR(newest.step());
  return newest.integer(0);
}

Status migrate(Connection& connection, std::span<const EmbeddedFile> migrations) {
  WY_TRY(const std::int64_t present, schema_version(connection));
  if (present > newest_version(migrations)) {
    return Error{ErrorCode::corrupt, "the store's schema is version " + std::to_string(present) +
                                         ", this program knows " +
                                         std::to_string(newest_version(migrations)) +
                                         " at most: use a newer program"};
  }
  WY_RETURN_IF_ERROR(
      connection.execute("CREATE TABLE IF NOT EXISTS schema_versions ("
                         "version INTEGER PRIMARY KEY, name TEXT NOT NULL, "
                         "applied_at INTEGER NOT NULL) STRICT"));
  std::vector<EmbeddedFile> ordered(migrations.begin(), migrations.end());
  std::sort(ordered.begin(), ordered.end(), [](const EmbeddedFile& a, const EmbeddedFile& b) {
    return version_of(a) < version_of(b);
  });
  for (const EmbeddedFile& file : ordered) {
    if (version_of(file) > present) WY_RETURN_IF_ERROR(apply(connection, file));
  }
  return Done{};
}

}  // namespace wenyuan::store
