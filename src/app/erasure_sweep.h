// Takes what was erased out of everything that is derived from the database.
#pragma once

#include <stop_token>

#include "base/clock.h"
#include "ingest/indexer.h"
#include "llm/engine_client.h"
#include "llm/engine_supervisor.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace wenyuan::app {

struct SweepParts {
  store::Database& database;
  const store::BlobStore& blobs;
  ingest::Indexer& indexer;
  llm::EngineClient& engine;
  const llm::EngineSupervisor& supervisor;
};

// For all erasures so far that are not swept: their postings and vectors leave the indexes' files
// (whose keys are destroyed), the engine forgets the last prompts, the write-ahead log is emptied;
// what was left of originals and of erasure secrets goes. Then they are swept. What cannot be done
// is logged, and leaves those that it concerns for the next time.
void sweep_erasures(const SweepParts& parts, UnixMillis now, const std::stop_token& stop);

// What was erased is overwritten in the database; this empties the log that still has it. Readers
// in the way make it fail, and the next time succeed.
void empty_log(store::Database& database);

}  // namespace wenyuan::app
