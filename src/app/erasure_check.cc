#include "app/erasure_check.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <set>
#include <system_error>
#include <thread>

#include "app/models.h"
#include "base/file.h"
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

constexpr std::size_t kProblemsMax = 100;

// One receipt's: the document's own, or one of a collection's.
struct Sought {
  std::string receipt_id;
  std::string erased_id;
};

void note_problem(ErasureCheck& check, const std::string& id, const std::string& what) {
  if (check.problems.size() == kProblemsMax) return;
  const bool of_collection = check.receipt.document_id.empty();
  check.problems.push_back(of_collection ? id + ": " + what : what);
}

Status look_for_key(const store::KeyRing& keys, const store::Erasure& erasure,
                    ErasureCheck& check) {
  if (erasure.key_secret == 0) return Done{};  // a collection's
  WY_TRY(const store::ErasureSecrets* const secrets, keys.secrets());
  WY_TRY(const store::SecretState state, secrets->state(erasure.key_secret));
  if (state == store::SecretState::there) {
    note_problem(check, erasure.erased_id, "its key is not destroyed");
  }
  return Done{};
}

Status look_for_originals(const store::BlobStore& blobs, store::Snapshot& snapshot,
                          const store::Erasure& erasure, ErasureCheck& check) {
  WY_TRY(const audit::Receipt receipt, audit::parse_receipt(erasure.receipt));
  for (const audit::ErasedOriginal& original : receipt.originals) {
    WY_TRY(const bool named, store::blob_is_named(snapshot, original.sha256));
    std::error_code ignored;
    // By now somebody else may have stored the same bytes.
    if (named || !fs::exists(blobs.path(original.sha256), ignored)) continue;
    note_problem(check, erasure.erased_id,
                 "the original " + original.sha256 + " is there, and nobody's");
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

// Whose index has no file yet is in its memory; what a sweep has said of that is not asked again.
bool a_server_serves(const Layout& layout) {
  const FileDescriptor fd(::open((layout.indexes() / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// A compartment without a generation is in the memory of a server, or was lost.
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
Result<Opened> open_copy(const Layout& layout, store::Database& database, bool swept,
                         const IndexCopy& copy) {
  WY_RETURN_IF_ERROR(copy.take(layout.indexes()));
  WY_TRY(const index::VectorModel model, indexed_model(layout));
  WY_TRY(Opened compartments,
         open_compartments(copy.path(), layout.index_memory, database, model, IndexUse::look));
  if (!swept || !a_server_serves(layout)) {
    WY_RETURN_IF_ERROR(all_are_there(database, *compartments));
  }
  return compartments;
}

Status look_in_indexes(const Layout& layout, store::Database& database,
                       const std::vector<ChunkId>& ranges, ErasureCheck& check) {
  if (ranges.empty()) return Done{};
  const IndexCopy copy;
  Result<Opened> opened = open_copy(layout, database, check.swept, copy);
  for (int attempt = 1; !opened && attempt < kCopyTries; ++attempt) {
    std::this_thread::sleep_for(kPause);  // a server may have been replacing a generation
    opened = open_copy(layout, database, check.swept, copy);
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

// In the database and among the originals; takes the chunks that are to be looked for in indexes.
Result<store::Erasure> look_in_store(const store::BlobStore& blobs, const store::KeyRing& keys,
                                     store::Snapshot& snapshot, const Sought& sought,
                                     ErasureCheck& check) {
  WY_TRY(store::Erasure found, store::erasure(snapshot, sought.receipt_id));
  if (found.erased_id != sought.erased_id) {
    return Error{ErrorCode::corrupt, "the server's receipt is for another document"};
  }
  WY_TRY(const auto remains, store::erasure_remains(snapshot, found));
  for (const std::string& what : remains) note_problem(check, found.erased_id, what);
  WY_RETURN_IF_ERROR(look_for_originals(blobs, snapshot, found, check));
  WY_RETURN_IF_ERROR(look_for_key(keys, found, check));
  check.swept = check.swept && found.swept_at.has_value();
  return found;
}

void add_ranges(const store::Erasure& erasure, std::vector<ChunkId>& ranges) {
  ranges.insert(ranges.end(), erasure.past_chunks.begin(), erasure.past_chunks.end());
  if (erasure.first_chunk == 0) return;
  ranges.insert(ranges.end(), {erasure.first_chunk, erasure.last_chunk});
}

}  // namespace

Result<ErasureCheck> check_erasure(const Layout& layout, store::Database& database,
                                   const std::string& note, const audit::VerifyingKey& key) {
  ErasureCheck check;
  check.swept = true;
  WY_TRY(check.receipt, audit::open_receipt(note, key));
  const audit::Receipt& receipt = check.receipt;
  if (receipt.store_id != database.store_id()) {
    return Error{ErrorCode::corrupt, "the receipt is of another store"};
  }
  const bool of_collection = receipt.document_id.empty();
  WY_TRY(const store::BlobStore blobs,
         store::BlobStore::open(layout.blobs(), database.keys().files()));
  std::vector<ChunkId> ranges;
  WY_RETURN_IF_ERROR(database.read([&](store::Snapshot& snapshot) -> Status {
    const Sought own{receipt.id, of_collection ? receipt.collection_id : receipt.document_id};
    WY_TRY(const store::Erasure erasure,
           look_in_store(blobs, database.keys(), snapshot, own, check));
    if (erasure.receipt != note)
      note_problem(check, own.erased_id, "the server has another receipt");
    add_ranges(erasure, ranges);
    for (const audit::ErasedDocument& each : receipt.documents) {
      WY_TRY(const store::Erasure document,
             look_in_store(blobs, database.keys(), snapshot, {each.receipt_id, each.id}, check));
      add_ranges(document, ranges);
    }
    return Done{};
  }));
  WY_RETURN_IF_ERROR(look_in_indexes(layout, database, ranges, check));
  return check;
}

}  // namespace wenyuan::app
