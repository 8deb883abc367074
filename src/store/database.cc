#include "store/database.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "store/connection.h"
#include "store/erased_secrets.h"
#include "store/group_writer.h"
#include "store/key_ring.h"
#include "store/key_rotation.h"
#include "store/migrations.h"
#include "store/reader_pool.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

// Above this size SQLite's own check takes too long to wait for at start; `wenyuan verify` does it.
constexpr std::uintmax_t kCheckedSizeMax = std::uintmax_t{256} << 20;

constexpr const char* kWriterPragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
    "PRAGMA secure_delete = ON; "
    "PRAGMA journal_size_limit = 67108864; PRAGMA cell_size_check = ON; "
    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32000";

Result<FileDescriptor> lock_directory(const fs::path& directory) {
  const fs::path file = directory / "wenyuan.lock";
  FileDescriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return errno_error("open", file);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return errno_error("lock", file);
  return Error{ErrorCode::conflict, "another process has this store open"};
}

Result<std::optional<std::string>> fact(Connection& connection, std::string_view name) {
  WY_TRY(auto statement, connection.prepare("SELECT value FROM meta WHERE name = ?"));
  WY_TRY(const bool found, statement.bind(1, name).step());
  if (!found) return std::optional<std::string>();
  return std::optional(statement.text(0));
}

Status set_fact(Connection& connection, std::string_view name, std::string_view value) {
  WY_TRY(auto statement, connection.prepare("INSERT OR REPLACE INTO meta (name, value) "
                                            "VALUES (?, ?)"));
  return statement.bind(1, name).bind(2, value).run();
}

std::string random_hex(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  random_bytes(bytes);
  return to_hex(bytes);
}

Status quick_check(Connection& connection) {
  WY_TRY(auto statement, connection.prepare("PRAGMA quick_check(1)"));
  WY_RETURN_IF_ERROR(statement.step());
  if (statement.text(0) == "ok") return Done{};
  return Error{ErrorCode::corrupt, "the database is damaged: " + statement.text(0)};
}

// Checks a file whose last user did not close it, and marks it as open.
Status begin_use(Connection& connection, const fs::path& file) {
  WY_TRY(const auto id, fact(connection, "store_id"));
  if (!id) {
    WY_RETURN_IF_ERROR(connection.execute("BEGIN IMMEDIATE"));
    WY_RETURN_IF_ERROR(set_fact(connection, "store_id", random_hex(16)));
    WY_RETURN_IF_ERROR(set_fact(connection, "cursor_key", random_hex(16)));
    WY_RETURN_IF_ERROR(set_fact(connection, "clean", "0"));
    return connection.execute("COMMIT");
  }
  WY_TRY(const auto clean, fact(connection, "clean"));
  std::error_code ignored;
  if (clean != "1" && fs::file_size(file, ignored) < kCheckedSizeMax) {
    WY_RETURN_IF_ERROR(quick_check(connection));
  }
  return set_fact(connection, "clean", "0");
}

// Their texts lie in the open, and stay so in every copy that there is: better to begin anew than
// to look as if they had not.
Status refuse_unencrypted(Connection& connection) {
  WY_TRY(auto tables, connection.prepare("SELECT sum(name = 'users'), sum(name = 'wrapped_keys') "
                                         "FROM sqlite_schema WHERE type = 'table'"));
  WY_RETURN_IF_ERROR(tables.step());
  if (tables.integer(0) == 0 || tables.integer(1) != 0) return Done{};
  WY_TRY(auto used, connection.prepare("SELECT 1 FROM users LIMIT 1"));
  WY_TRY(const bool found, used.step());
  if (!found) return Done{};
  return Error{ErrorCode::conflict,
               "this store was made before content was encrypted, and its files say so for ever: "
               "begin a new data directory and add the documents to that one. The program that "
               "made the store still opens it; nothing in it was changed"};
}

Result<std::unique_ptr<KeyRing>> open_keys(Connection& connection, const std::string& store_id,
                                           const Database::Options& options) {
  KeyRing::Options keys;
  keys.directory = options.keys.empty() ? options.directory / "keys" : options.keys;
  keys.master_key = options.master_key;
  keys.previous_master_key = options.previous_master_key;
  keys.copy = options.key_copy;
  keys.read_only = options.read_only;
  return KeyRing::open(connection, store_id, keys);
}

Status check_schema_for_reading(Connection& connection) {
  WY_TRY(const std::int64_t version, schema_version(connection));
  const std::int64_t known = newest_version(embedded_migrations());
  if (version == known) return Done{};
  if (version > known) {
    return Error{ErrorCode::corrupt, "the store's schema is newer than this program knows"};
  }
  return Error{ErrorCode::conflict,
               "the store's schema is older than this program: start the server once, which "
               "brings it up to date"};
}

}  // namespace

struct Database::Impl {
  Impl(const fs::path& file, int reader_count) : readers(file, reader_count) {}

  FileDescriptor lock;  // empty when the store is open for reading only
  std::string store_id;
  std::unique_ptr<KeyRing> keys;
  Published published;
  std::int64_t unreadable = 0;
  std::unique_ptr<GroupWriter> writer;  // null when the store is open for reading only
  ReaderPool readers;                   // goes before the writer, which closes the log as the last
};

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Database>> Database::open(const Options& options) {
  const fs::path file = options.directory / "wenyuan.db";
  auto impl = std::make_unique<Impl>(file, options.reader_count);
  std::unique_ptr<Connection> connection;
  if (options.read_only) {
    if (std::error_code none; !fs::exists(file, none)) {
      return Error{ErrorCode::not_found, "there is no store in " + options.directory.string()};
    }
    WY_TRY(connection, impl->readers.borrow());
    WY_RETURN_IF_ERROR(check_schema_for_reading(*connection));
  } else {
    std::error_code failed;
    if (fs::create_directories(options.directory, failed)) {
      fs::permissions(options.directory, fs::perms::owner_all, failed);
    }
    if (failed) {
      return Error{ErrorCode::unavailable,
                   "create " + options.directory.string() + ": " + failed.message()};
    }
    WY_TRY(impl->lock, lock_directory(options.directory));
    WY_TRY(connection, Connection::open(file, Connection::Mode::create));
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, failed);
    WY_RETURN_IF_ERROR(connection->execute(kWriterPragmas));
    connection->count_frames(nullptr);
    WY_RETURN_IF_ERROR(refuse_unencrypted(*connection));
    WY_RETURN_IF_ERROR(migrate(*connection, embedded_migrations()));
    WY_RETURN_IF_ERROR(begin_use(*connection, file));
    WY_RETURN_IF_ERROR(sync_directory(options.directory));
    // The folder's own name, too. Whoever may not open the folder above has had this one made.
    const fs::path parent = fs::absolute(options.directory).lexically_normal().parent_path();
    static_cast<void>(sync_directory(parent));
  }
  WY_TRY(auto id, fact(*connection, "store_id"));
  if (!id) return Error{ErrorCode::corrupt, "the store has no id"};
  impl->store_id = *std::move(id);
  WY_TRY(impl->keys, open_keys(*connection, impl->store_id, options));
  Snapshot snapshot(*connection, *impl->keys);
  WY_TRY(impl->published.epoch, snapshot.epoch());
  WY_TRY(impl->published.commit, snapshot.commit_number());
  if (options.read_only) {
    impl->readers.give_back(std::move(connection));
  } else {
    WY_RETURN_IF_ERROR(destroy_erased_secrets(*connection, *impl->keys));
    impl->writer =
        std::make_unique<GroupWriter>(std::move(connection), impl->published, *impl->keys);
  }
  std::unique_ptr<Database> database(new Database(std::move(impl)));  // NOLINT: private constructor
  if (!options.read_only) {
    WY_RETURN_IF_ERROR(finish_rotation(*database));
    WY_TRY(database->impl_->unreadable, remove_keyless(*database));
  }
  return database;
}

Database::~Database() {
  if (impl_->writer == nullptr) return;
  static_cast<void>(write([](Transaction& tx) -> Status {
    WY_TRY(auto statement, tx.prepare("UPDATE meta SET value = '1' WHERE name = 'clean'"));
    return statement.run();
  }));
  static_cast<void>(checkpoint());
}

Status Database::write(const std::function<Status(Transaction&)>& work) {
  if (impl_->writer == nullptr) {
    return Error{ErrorCode::forbidden, "the store is open for reading only"};
  }
  return impl_->writer->write(work);
}

Status Database::checkpoint() {
  if (impl_->writer == nullptr) {
    return Error{ErrorCode::forbidden, "the store is open for reading only"};
  }
  return impl_->writer->checkpoint();
}

Status Database::observe(WalObserver* observer) {
  if (impl_->writer == nullptr) {
    return Error{ErrorCode::forbidden, "the store is open for reading only"};
  }
  return impl_->writer->observe(observer);
}

Result<Database::Reader> Database::acquire_reader() {
  WY_TRY(auto connection, impl_->readers.borrow());
  Connection* const borrowed = connection.release();
  Reader reader{borrowed, {borrowed, [this](Connection* returned) {
                             impl_->readers.give_back(std::unique_ptr<Connection>(returned));
                           }}};
  if (impl_->writer == nullptr) {
    // Another process writes: what we know of it is what we last read.
    Snapshot snapshot(*borrowed, *impl_->keys);
    WY_TRY(impl_->published.epoch, snapshot.epoch());
    WY_TRY(impl_->published.commit, snapshot.commit_number());
  }
  return reader;
}

const std::atomic<Epoch>& Database::epoch() const { return impl_->published.epoch; }
CommitNumber Database::last_commit() const { return impl_->published.commit; }
const std::string& Database::store_id() const { return impl_->store_id; }
KeyRing& Database::keys() const { return *impl_->keys; }
std::int64_t Database::unreadable_documents() const { return impl_->unreadable; }

}  // namespace wenyuan::store
