#include "store/key_ring.h"

#include <algorithm>

#include "base/id.h"
#include "store/connection.h"
#include "store/sealed_file_store.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kStore = "store";

std::string wrap_bound(std::string_view id) { return "wenyuan wrapped key 1 " + std::string(id); }

CipherKey random_key() {
  CipherKey key{};
  random_bytes(key);
  return key;
}

Result<std::optional<KeyRing::Wrapped>> stored_key(Connection& connection) {
  WY_TRY(auto statement,
         connection.prepare("SELECT master, wrapped FROM wrapped_keys WHERE id = 'store'"));
  WY_TRY(const bool found, statement.step());
  if (!found) return std::optional<KeyRing::Wrapped>();
  const auto bytes = statement.blob(1);
  return std::optional(KeyRing::Wrapped{statement.text(0), {bytes.begin(), bytes.end()}});
}

// MasterKey::id() of all that keys are wrapped under.
Result<std::vector<std::string>> used_masters(Connection& connection) {
  WY_TRY(auto statement, connection.prepare("SELECT DISTINCT master FROM wrapped_keys"));
  std::vector<std::string> ids;
  for (;;) {
    WY_TRY(const bool found, statement.step());
    if (!found) return ids;
    ids.push_back(statement.text(0));
  }
}

Status make_folder(const fs::path& directory) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (!failed) fs::permissions(directory, fs::perms::owner_all, failed);
  if (failed) {
    return Error{ErrorCode::unavailable, "create " + directory.string() + ": " + failed.message()};
  }
  return sync_directory(directory.parent_path());
}

Error wrong_master(const std::string& wanted, const std::string& found) {
  return Error{
      ErrorCode::conflict,
      "this is not the master key of this store: it has the id " + found +
          ", the store's keys are wrapped under " + wanted +
          ". Give the right one; after a change of the key, say where the previous one is, or put "
          "master." +
          wanted + ".key back beside it"};
}

fs::path secrets_file(const KeyRing::Options& options) {
  return options.directory / kSecretsFileName;
}

// The highest number that a row has, of what is there or of what was erased with a receipt.
Result<SecretNumber> last_secret(Connection& connection) {
  WY_TRY(auto statement,
         connection.prepare("SELECT max(ifnull((SELECT max(key_secret) FROM documents), 0), "
                            "ifnull((SELECT max(key_secret) FROM document_versions), 0), "
                            "ifnull((SELECT max(key_secret) FROM idempotency_keys), 0), "
                            "ifnull((SELECT max(key_secret) FROM erasures), 0), "
                            "ifnull((SELECT max(number) FROM secrets_to_destroy), 0))"));
  WY_RETURN_IF_ERROR(statement.step());
  return statement.integer(0);
}

}  // namespace

fs::path next_key_file(const fs::path& file) {
  fs::path next = file;
  next += ".next";
  return next;
}

fs::path former_key_file(const fs::path& file, const std::string& id) {
  fs::path former = file.stem();
  former += ".";
  former += id;
  former += file.extension();
  return file.parent_path() / former;
}

KeyRing::~KeyRing() { wipe(store_key_); }

Result<std::unique_ptr<KeyRing>> KeyRing::open(Connection& connection, const std::string& store_id,
                                               const Options& options) {
  std::unique_ptr<KeyRing> ring(new KeyRing());  // NOLINT: private constructor
  ring->source_ = {MasterKeySource::Kind::file, (options.directory / "master.key").string()};
  if (!options.master_key.empty()) {
    WY_TRY(ring->source_, parse_master_key_source(options.master_key));
  }
  Status opened = ring->open_keys(connection, store_id, options);
  if (!opened) {
    if (!options.read_only) return std::move(opened).error();
    ring->missing_ = std::move(opened).error();
  }
  ring->files_ = std::make_unique<SealedFileStore>(*ring);
  return ring;
}

Status KeyRing::open_keys(Connection& connection, const std::string& store_id,
                          const Options& options) {
  WY_TRY(const auto stored, stored_key(connection));
  if (!stored && options.read_only) {
    return Error{ErrorCode::unavailable, "the store has no keys yet: start the server once"};
  }
  if (!stored) return make_keys(connection, store_id, options);
  WY_RETURN_IF_ERROR(take_masters(connection, *stored, options));
  WY_TRY(store_key_, unwrap(*stored, std::string(kStore)));
  if (Status opened = open_secrets(store_id, options); !opened) {
    return within("without its erasure secrets nothing can be read", opened.error());
  }
  if (options.read_only) return Done{};
  WY_TRY(const SecretNumber last, last_secret(connection));
  return secrets_->skip_to(last);
}

Status KeyRing::open_secrets(const std::string& store_id, const Options& options) {
  const fs::path file = secrets_file(options);
  const auto mode = options.read_only ? ErasureSecrets::Mode::read : ErasureSecrets::Mode::write;
  std::error_code ignored;
  const fs::path copy = options.copy / kSecretsFileName;
  if (!options.read_only && !options.copy.empty() && !fs::exists(file, ignored) &&
      fs::exists(copy, ignored)) {
    WY_RETURN_IF_ERROR(make_folder(options.directory));
    WY_RETURN_IF_ERROR(bring_secrets(file, copy, store_id));
  }
  WY_TRY(secrets_, ErasureSecrets::open(file, store_id, mode));
  if (options.read_only || options.copy.empty()) return Done{};
  return secrets_->keep_copy(options.copy);
}

// The keys stand in the database last: what a crash leaves before that is made anew.
Status KeyRing::make_keys(Connection& connection, const std::string& store_id,
                          const Options& options) {
  WY_RETURN_IF_ERROR(make_folder(options.directory));
  auto master = read_master_key(source_);
  if (!master && master.error().code == ErrorCode::not_found &&
      source_.kind == MasterKeySource::Kind::file) {
    master = make_master_key(source_.where);
    made_file_ = source_.where;
  }
  if (!master) return std::move(master).error();
  // One that is there is this store's, or refused: it may belong to a database that is to come
  // back.
  std::error_code ignored;
  const bool there = fs::exists(secrets_file(options), ignored);
  WY_TRY(secrets_,
         ErasureSecrets::open(secrets_file(options), store_id,
                              there ? ErasureSecrets::Mode::write : ErasureSecrets::Mode::create));
  if (!options.copy.empty()) WY_RETURN_IF_ERROR(secrets_->keep_copy(options.copy));
  current_ = master->id();
  masters_.emplace(current_, *master);
  store_key_ = random_key();
  const Wrapped wrapped = wrap(store_key_, std::string(kStore));
  WY_TRY(auto statement, connection.prepare("INSERT INTO wrapped_keys (id, master, wrapped) "
                                            "VALUES ('store', ?, ?)"));
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(wrapped.bytes.data());
  return statement.bind(1, wrapped.master).bind_blob(2, {bytes, wrapped.bytes.size()}).run();
}

// All that may be needed: the key that is wanted from now on, the one that a rotation which was
// broken off has left beside it, the one from before, and those that were replaced since the
// database was as it is now.
Status KeyRing::take_masters(Connection& connection, const Wrapped& wanted,
                             const Options& options) {
  auto master = read_master_key(source_);
  if (master) {
    current_ = master->id();
    masters_.emplace(current_, *master);
  }
  WY_TRY(const std::vector<std::string> used, used_masters(connection));
  if (source_.kind == MasterKeySource::Kind::file) {
    const auto next = read_master_key({source_.kind, next_key_file(source_.where).string()});
    // It may be the one that is needed.
    if (!next && next.error().code == ErrorCode::internal) return next.error();
    if (next) {
      const bool needed = std::find(used.begin(), used.end(), next->id()) != used.end();
      if (needed) current_ = next->id();
      if (needed) masters_.emplace(current_, *next);
    }
  }
  if (current_.empty()) return std::move(master).error();
  if (!options.previous_master_key.empty()) {
    WY_TRY(const MasterKeySource source, parse_master_key_source(options.previous_master_key));
    const auto previous = read_master_key(source);
    if (previous) masters_.emplace(previous->id(), *previous);
  }
  WY_RETURN_IF_ERROR(take_former(used));
  if (masters_.contains(wanted.master)) return Done{};
  return wrong_master(wanted.master, current_);
}

Status KeyRing::take_former(const std::vector<std::string>& used) {
  if (source_.kind != MasterKeySource::Kind::file) return Done{};
  for (const std::string& id : used) {
    if (masters_.contains(id)) continue;
    const auto former =
        read_master_key({source_.kind, former_key_file(source_.where, id).string()});
    if (!former && former.error().code != ErrorCode::not_found) return former.error();
    if (former) masters_.emplace(former->id(), *former);
  }
  return Done{};
}

Result<CipherKey> KeyRing::purpose_key(std::string_view purpose) const {
  if (missing_) return *missing_;
  return derive_key(view(store_key_), "wenyuan purpose 1 " + std::string(purpose));
}

KeyRing::Wrapped KeyRing::wrap(const CipherKey& key, const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const MasterKey& master = masters_.at(current_);
  return {master.id(), master.wrap(view(key), wrap_bound(id))};
}

Result<CipherKey> KeyRing::unwrap(const Wrapped& wrapped, const std::string& id) const {
  if (missing_) return *missing_;
  const std::lock_guard lock(mutex_);
  const auto master = masters_.find(wrapped.master);
  if (master == masters_.end()) return wrong_master(wrapped.master, current_);
  auto key = master->second.unwrap(wrapped.bytes, wrap_bound(id));
  if (!key) return Error{ErrorCode::corrupt, "the key of " + id + " was changed on disk"};
  return *key;
}

Result<ErasureSecrets*> KeyRing::secrets() const {
  if (missing_) return *missing_;
  return secrets_.get();
}

void KeyRing::add(const MasterKey& key) {
  const std::lock_guard lock(mutex_);
  masters_.emplace(key.id(), key);
  current_ = key.id();
}

void KeyRing::drop_others() {
  const std::lock_guard lock(mutex_);
  for (auto at = masters_.begin(); at != masters_.end();) {
    at = at->first == current_ ? std::next(at) : masters_.erase(at);
  }
}

std::string KeyRing::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace wenyuan::store
