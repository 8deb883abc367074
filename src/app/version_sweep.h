// Erases superseded versions that are past what their collections keep.
#pragma once

#include <stop_token>

#include "base/clock.h"
#include "ingest/indexer.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace wenyuan::app {

// Each with a record in the audit log; also out of the indexes, whose next seal takes them off the
// disk. An error is logged and leaves the rest for the next time.
void sweep_versions(store::Database& database, const store::BlobStore& blobs,
                    ingest::Indexer& indexer, UnixMillis now, const std::stop_token& stop);

}  // namespace wenyuan::app
