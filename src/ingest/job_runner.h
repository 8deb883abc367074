// Works off jobs: extract, chunk, embed, store, index.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "ingest/extractor.h"
#include "ingest/indexer.h"
#include "llm/engine.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace wenyuan::ingest {

// Thread-safe. A job that was running when the process died runs again; a failed file says why and
// never blocks others. When nothing is queued, documents whose chunks lack vectors of the indexer's
// model get them.
class JobRunner {
 public:
  struct Options {
    int worker_count = 2;
    int attempts_max = 3;
    std::size_t embed_batch = 16;  // chunks a call
    // False while no job is to be begun (the disk is nearly full). Absent: always true.
    std::function<bool()> may_begin{};
  };
  struct Parts {  // all outlive the runner
    store::Database* database;
    const store::BlobStore* blobs;
    const Extractor* extractor;
    llm::Engine* engine;
    Indexer* indexer;
    const Clock* clock;
  };

  JobRunner(const Parts& parts, const Options& options);
  ~JobRunner();  // stops: unfinished jobs stay queued

  Status start();  // queues again what a crash left running
  void wake();     // a job was added, or there is another model
  void stop();

  // Called (from a worker) whenever a job has moved on; for the events stream.
  void on_progress(std::function<void(const Job&)> listener);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wenyuan::ingest
