#include "app/store_check.h"

#include <system_error>

#include "base/id.h"
#include "ingest/indexer.h"
#include "store/blob_store.h"
#include "store/consistency.h"
#include "store/key_ring.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;

constexpr int kCopyTries = 5;

// Removed with everything in it when it goes.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fs::temp_directory_path() / new_id("wenyuan_verify")) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// A running server may replace files while they are copied; then it is tried again.
Status copy_indexes(const fs::path& from, const fs::path& to) {
  std::error_code error;
  for (int attempt = 0; attempt < kCopyTries; ++attempt) {
    fs::remove_all(to, error);
    error.clear();
    if (!fs::exists(from)) {
      fs::create_directories(to, error);
    } else {
      fs::copy(from, to, fs::copy_options::recursive, error);
    }
    if (!error) return Done{};
  }
  return Error{ErrorCode::unavailable, "the index files cannot be copied: " + error.message()};
}

Status check_blobs(const Layout& layout, const store::Database& database,
                   const std::vector<std::string>& names, StoreCheck& check) {
  WY_TRY(const store::BlobStore blobs,
         store::BlobStore::open(layout.blobs(), database.keys().files()));
  for (const std::string& name : names) {
    const auto content = blobs.get(name);
    if (!content) check.problems.push_back("original " + name + ": " + content.error().message);
  }
  check.blobs = static_cast<std::int64_t>(names.size());
  return Done{};
}

// What a start would make of the index files: load the sealed ones, replay the rest, compare.
Status check_indexes(const Layout& layout, store::Database& database, bool deep,
                     StoreCheck& check) {
  const TemporaryFolder copy;
  WY_RETURN_IF_ERROR(copy_indexes(layout.indexes(), copy.path()));
  WY_TRY(const index::VectorModel model, indexed_model(layout));
  WY_TRY(const std::unique_ptr<index::Compartments> compartments,
         open_compartments(copy.path(), layout.index_memory, database, model));
  ingest::Indexer indexer(database, *compartments);
  WY_RETURN_IF_ERROR(indexer.catch_up_all(std::stop_token()));
  WY_TRY(const auto mismatches, indexer.verify(deep));
  for (const ingest::Indexer::Mismatch& each : mismatches) {
    check.problems.push_back(each.where() + ": " + each.what);
  }
  check.compartments = static_cast<std::int64_t>(compartments->status().size());
  return Done{};
}

}  // namespace

Result<StoreCheck> check_store(const Layout& layout, store::Database& database, bool deep) {
  StoreCheck check;
  WY_TRY(store::Consistency consistency, database.read([](store::Snapshot& snapshot) {
    return store::check_consistency(snapshot);
  }));
  check.documents = consistency.documents;
  check.chunks = consistency.chunks;
  check.problems = std::move(consistency.problems);
  for (const std::string& id : consistency.unreadable) {
    check.problems.push_back("document " + id + ": " + store::lost_secret().message);
  }
  WY_RETURN_IF_ERROR(check_blobs(layout, database, consistency.blob_names, check));
  WY_RETURN_IF_ERROR(check_indexes(layout, database, deep, check));
  return check;
}

}  // namespace wenyuan::app
