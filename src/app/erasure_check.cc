#include "app/erasure_check.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <system_error>
#include <thread>

#include "app/models.h"
#include "base/id.h"
#include "store/blob_store.h"
#include "store/content_store.h"
#include "store/erasure_remains.h"
#include "store/key_ring.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;

constexpr int kCopyTries = 5;
constexpr std::chrono::milliseconds kPause{300};

// A running server may replace files while they are copied; then it is tried again.
class IndexCopy {
 public:
  IndexCopy() : path_(fs::temp_directory_path() / new_id("wenyuan_receipt")) {}
  ~IndexCopy() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  IndexCopy(const IndexCopy&) = delete;
  IndexCopy& operator=(const IndexCopy&) = delete;
  const fs::path& path() const { return path_; }

  Status take(const fs::path& from) const {
    std::error_code error;
    if (!fs::exists(from, error) && !error) {
      fs::create_directories(path_, error);
      return error ? Status(Error{ErrorCode::unavailable, error.message()}) : Status(Done{});
    }
    for (int attempt = 0; attempt < kCopyTries; ++attempt) {
      fs::remove_all(path_, error);
      error.clear();
      fs::copy(from, path_, fs::copy_options::recursive, error);
      if (!error) return Done{};
    }
    return Error{ErrorCode::unavailable, "the index files cannot be copied: " + error.message()};
  }

 private:
  fs::path path_;
};

Status look_for_key(const store::KeyRing& keys, const store::Erasure& erasure,
                    ErasureCheck& check) {
  WY_TRY(const store::ErasureSecrets* const secrets, keys.secrets());
  WY_TRY(const store::SecretState state, secrets->state(erasure.key_secret));
  if (state == store::SecretState::there) check.problems.emplace_back("its key is not destroyed");
  return Done{};
}

Status look_for_originals(const Layout& layout, store::Snapshot& snapshot,
                          const store::KeyRing& keys, ErasureCheck& check) {
  WY_TRY(const store::BlobStore blobs, store::BlobStore::open(layout.blobs(), keys.files()));
  for (const audit::ErasedOriginal& original : check.receipt.originals) {
    WY_TRY(const bool named, store::blob_is_named(snapshot, original.sha256));
    std::error_code ignored;
    // By now somebody else may have stored the same bytes.
    if (named || !fs::exists(blobs.path(original.sha256), ignored)) continue;
    check.problems.push_back("the original " + original.sha256 + " is there, and nobody's");
  }
  return Done{};
}

// Of the ranges, each first and last; the ids are sorted.
bool has_any(const std::vector<ChunkId>& ids, const std::vector<ChunkId>& ranges) {
  for (std::size_t at = 0; at + 1 < ranges.size(); at += 2) {
    const auto first = std::lower_bound(ids.begin(), ids.end(), ranges[at]);
    if (first != ids.end() && *first <= ranges[at + 1]) return true;
  }
  return false;
}

// Compartments without a generation have their postings in the memory of a server, or were lost.
Status all_are_there(store::Database& database, const index::Compartments& compartments) {
  WY_TRY(const auto wanted, database.read([](store::Snapshot& snapshot) {
    return store::places_with_chunks(snapshot);
  }));
  std::set<std::pair<LabelId, Era>> there;
  for (const index::CompartmentStatus& status : compartments.status()) {
    there.emplace(status.label, status.era);
  }
  for (const auto& [label, era] : wanted) {
    if (there.contains({label, era})) continue;
    return Error{ErrorCode::unavailable,
                 std::string(era == Era::past ? "the past of " : "") + "compartment " +
                     std::to_string(label) +
                     " is not on the disk; a running server puts it there within a minute"};
  }
  return Done{};
}

using Opened = std::unique_ptr<index::Compartments>;
Result<Opened> open_copy(const Layout& layout, store::Database& database, const IndexCopy& copy) {
  WY_RETURN_IF_ERROR(copy.take(layout.indexes()));
  WY_TRY(const index::VectorModel model, indexed_model(layout));
  WY_TRY(Opened compartments,
         open_compartments(copy.path(), layout.index_memory, database, model, IndexUse::look));
  WY_RETURN_IF_ERROR(all_are_there(database, *compartments));
  return compartments;
}

Status look_in_indexes(const Layout& layout, store::Database& database,
                       const store::Erasure& erasure, ErasureCheck& check) {
  std::vector<ChunkId> ranges = erasure.past_chunks;
  if (erasure.first_chunk != 0) {
    ranges.insert(ranges.end(), {erasure.first_chunk, erasure.last_chunk});
  }
  if (ranges.empty()) return Done{};
  const IndexCopy copy;
  Result<Opened> opened = open_copy(layout, database, copy);
  for (int attempt = 1; !opened && attempt < kCopyTries; ++attempt) {
    std::this_thread::sleep_for(kPause);  // a server may have been replacing a generation
    opened = open_copy(layout, database, copy);
  }
  // Never "nothing is left" because nothing could be read.
  if (!opened) return within("the indexes could not be looked through", opened.error());
  const Opened& compartments = *opened;
  for (const index::CompartmentStatus& status : compartments->status()) {
    WY_TRY(const auto contents, compartments->contents(status.label, status.era));
    if (!has_any(contents.lexical, ranges) && !has_any(contents.vectors, ranges)) continue;
    check.problems.push_back("index files of compartment " + std::to_string(status.label) +
                             " have its chunks");
  }
  return Done{};
}

}  // namespace

Result<ErasureCheck> check_erasure(const Layout& layout, store::Database& database,
                                   const std::string& note, const audit::VerifyingKey& key) {
  ErasureCheck check;
  WY_TRY(check.receipt, audit::open_receipt(note, key));
  if (check.receipt.store_id != database.store_id()) {
    return Error{ErrorCode::corrupt, "the receipt is of another store"};
  }
  WY_TRY(const store::Erasure erasure,
         database.read([&](store::Snapshot& snapshot) -> Result<store::Erasure> {
           WY_TRY(store::Erasure found, store::erasure(snapshot, check.receipt.id));
           if (found.document_id != check.receipt.document_id) {
             return Error{ErrorCode::corrupt, "the server's receipt is for another document"};
           }
           WY_TRY(check.problems, store::erasure_remains(snapshot, found));
           WY_RETURN_IF_ERROR(look_for_originals(layout, snapshot, database.keys(), check));
           return found;
         }));
  if (erasure.receipt != note) check.problems.emplace_back("the server has another receipt");
  check.swept = erasure.swept_at.has_value();
  WY_RETURN_IF_ERROR(look_for_key(database.keys(), erasure, check));
  WY_RETURN_IF_ERROR(look_in_indexes(layout, database, erasure, check));
  return check;
}

}  // namespace wenyuan::app
