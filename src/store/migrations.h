// Brings a database file to this program's schema.
#pragma once

#include <cstdint>
#include <span>

#include "base/embedded.h"
#include "base/result.h"
#include "store/connection.h"

namespace wenyuan::store {

// The files of schema/sql, named "NNNN_what.sql"; NNNN is the schema's version.
std::span<const EmbeddedFile> embedded_migrations();

// 0 for an empty database.
Result<std::int64_t> schema_version(Connection& connection);
// Highest version among `migrations`.
std::int64_t newest_version(std::span<const EmbeddedFile> migrations);

// Applies what is missing, each migration in a transaction of its own. corrupt when the database
// has a version that `migrations` do not know, and then nothing is touched.
Status migrate(Connection& connection, std::span<const EmbeddedFile> migrations);

}  // namespace wenyuan::store
