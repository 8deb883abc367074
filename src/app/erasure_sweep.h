// Takes what was erased out of everything that is derived from the database.
#pragma once

#include <stop_token>

#include "base/clock.h"
#include "ingest/indexer.h"
#include "llm/engine_client.h"
#include "store/database.h"

namespace wenyuan::app {

// For all erasures so far that are not swept: their postings and vectors leave the indexes' files
// (whose keys are destroyed), the engine forgets the last prompts, the write-ahead log is emptied.
// Then they are swept. An error is logged and leaves them for the next time.
void sweep_erasures(store::Database& database, ingest::Indexer& indexer, llm::EngineClient& engine,
                    UnixMillis now, const std::stop_token& stop);

// What was erased is overwritten in the database; this empties the log that still has it. Readers
// in the way make it fail, and the next time succeed.
void empty_log(store::Database& database);

}  // namespace wenyuan::app
