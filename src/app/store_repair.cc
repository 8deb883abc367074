#include "app/store_check.h"
#include "audit/log.h"
#include "ingest/indexer.h"
#include "store/blob_store.h"
#include "store/consistency.h"
#include "store/content_store.h"
#include "store/erasure.h"
#include "store/key_ring.h"
#include "store/repair.h"
#include "store/unreadable.h"

namespace wenyuan::app {
namespace {

Status repair_rows(store::Database& database, UnixMillis now, StoreRepair& repair) {
  return database.write([&](store::Transaction& tx) -> Status {
    WY_TRY(const std::vector<std::string> done, store::repair_rows(tx, now));
    if (done.empty()) return Done{};
    repair.done.insert(repair.done.end(), done.begin(), done.end());
    audit::Event event;
    event.action = "store.repair";
    event.details = {{"count", static_cast<std::int64_t>(done.size())}};
    WY_RETURN_IF_ERROR(audit::append(tx, event, now));
    return Done{};
  });
}

Status look_at_unreadable(store::Database& database, UnixMillis now, bool remove,
                          StoreRepair& repair) {
  WY_TRY(const auto found, database.read(store::unreadable_documents));
  for (const store::UnreadableDocument& each : found) {
    const std::string what = "document " + each.id + ": " + each.why;
    if (!remove) {
      // Others are among the problems of check_consistency().
      if (each.lost) {
        repair.left.push_back(what +
                              "; a newer one brings it back, --remove-unreadable removes it");
      }
      continue;
    }
    const Status removed = database.write([&](store::Transaction& tx) -> Status {
      WY_RETURN_IF_ERROR(store::erase_keyless(tx, each.number));
      audit::Event event;
      event.action = "store.remove_unreadable";
      event.object_id = each.id;
      WY_RETURN_IF_ERROR(audit::append(tx, event, now));
      return Done{};
    });
    if (!removed) return removed.error();
    repair.done.push_back("removed: " + what);
  }
  return Done{};
}

// Originals are the truth itself: nothing makes them anew.
Status look_at_blobs(const Layout& layout, store::Database& database,
                     const std::vector<std::string>& names, StoreRepair& repair) {
  WY_TRY(const store::BlobStore blobs,
         store::BlobStore::open(layout.blobs(), database.keys().files()));
  WY_TRY(const std::int64_t removed, blobs.remove_unnamed([&](const std::string& sha256) {
    const auto named = database.read(
        [&](store::Snapshot& snapshot) { return store::blob_is_named(snapshot, sha256); });
    return !named || *named;
  }));
  if (removed > 0) {
    repair.done.push_back(std::to_string(removed) + " originals that no document names removed");
  }
  for (const std::string& name : names) {
    const auto content = blobs.get(name);
    if (content) continue;
    repair.left.push_back("original " + name + ": " + content.error().message +
                          "; take it from a backup, or upload the document again");
  }
  return Done{};
}

Status rebuild_indexes(const Layout& layout, store::Database& database, StoreRepair& repair) {
  WY_TRY(const index::VectorModel model, indexed_model(layout));
  WY_TRY(const std::unique_ptr<index::Compartments> compartments,
         open_compartments(layout.indexes(), layout.index_memory, database, model));
  ingest::Indexer indexer(database, *compartments);
  WY_RETURN_IF_ERROR(indexer.catch_up_all(std::stop_token()));
  WY_TRY(const auto before, indexer.verify(true));
  for (const ingest::Indexer::Mismatch& each : before) {
    WY_RETURN_IF_ERROR(indexer.rebuild(each.label, each.era));
    repair.done.push_back(each.where() + " rebuilt: " + each.what);
  }
  WY_RETURN_IF_ERROR(indexer.seal_changed(true));
  if (before.empty()) return Done{};
  WY_TRY(const auto after, indexer.verify(true));
  for (const ingest::Indexer::Mismatch& each : after) {
    repair.left.push_back(each.where() + ": " + each.what);
  }
  return Done{};
}

}  // namespace

Result<StoreRepair> repair_store(const Layout& layout, store::Database& database, UnixMillis now,
                                 bool remove_unreadable) {
  StoreRepair repair;
  WY_RETURN_IF_ERROR(repair_rows(database, now, repair));
  WY_RETURN_IF_ERROR(look_at_unreadable(database, now, remove_unreadable, repair));
  WY_TRY(const store::Consistency rows, database.read([](store::Snapshot& snapshot) {
    return store::check_consistency(snapshot);
  }));
  repair.left.insert(repair.left.end(), rows.problems.begin(), rows.problems.end());
  WY_RETURN_IF_ERROR(look_at_blobs(layout, database, rows.blob_names, repair));
  WY_RETURN_IF_ERROR(rebuild_indexes(layout, database, repair));
  return repair;
}

}  // namespace wenyuan::app
