#include "app/version_sweep.h"

#include "audit/log.h"
#include "base/log.h"
#include "store/blob_removal.h"
#include "store/version_retention.h"

namespace wenyuan::app {
namespace {

// In one transaction.
constexpr std::size_t kBatch = 50;

Status record(store::Transaction& tx, const store::DroppedVersion& version, UnixMillis now) {
  audit::Event event;
  event.action = "version.erase";
  event.object_id = version.document_id;
  event.details = {{"collection", version.collection_id},
                   {"version", version.version},
                   {"sha256", version.sha256},
                   {"chunks", version.chunks},
                   {"original_removed", version.blob_removed}};
  WY_RETURN_IF_ERROR(audit::append(tx, event, now));
  return Done{};
}

// False when there was nothing to do.
Result<bool> sweep_some(store::Database& database, const store::BlobStore& blobs, UnixMillis now) {
  WY_TRY(const bool due, database.read([&](store::Snapshot& snapshot) {
    return store::has_old_versions(snapshot, now);
  }));
  if (!due) return false;
  WY_TRY(const store::DroppedVersions dropped,
         database.write([&](store::Transaction& tx) -> Result<store::DroppedVersions> {
           WY_TRY(store::DroppedVersions some, store::drop_old_versions(tx, now, kBatch));
           for (const store::DroppedVersion& each : some.versions) {
             WY_RETURN_IF_ERROR(record(tx, each, now));
           }
           return some;
         }));
  WY_RETURN_IF_ERROR(store::remove_blobs(database, blobs, dropped.unnamed_blobs));
  log::info("store.versions_erased",
            {{"versions", static_cast<std::int64_t>(dropped.versions.size())}});
  return true;
}

Status sweep(store::Database& database, const store::BlobStore& blobs, ingest::Indexer& indexer,
             UnixMillis now, const std::stop_token& stop) {
  bool any = false;
  while (!stop.stop_requested()) {
    WY_TRY(const bool some, sweep_some(database, blobs, now));
    if (!some) break;
    any = true;
  }
  return any ? indexer.catch_up_all(stop) : Status(Done{});
}

}  // namespace

void sweep_versions(store::Database& database, const store::BlobStore& blobs,
                    ingest::Indexer& indexer, UnixMillis now, const std::stop_token& stop) {
  const Status swept = sweep(database, blobs, indexer, now, stop);
  if (!swept) log::warn("store.versions_later", {{"why", swept.error().message}});
}

}  // namespace wenyuan::app
