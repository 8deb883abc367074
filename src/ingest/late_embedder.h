// Gives vectors to the chunks of a document that is older than the embedding model.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "base/document.h"
#include "base/result.h"
#include "ingest/document_processor.h"
#include "ingest/job_runner.h"

namespace wenyuan::ingest {

// Thread-safe as long as each call has its own job.
class LateEmbedder {
 public:
  LateEmbedder(const JobRunner::Parts& parts, const JobRunner::Options& options)
      : parts_(parts), options_(options) {}

  // Commits some hundred chunks at a time; what is committed is searchable, and is not done again
  // after a crash. Between two commits it asks `give_way`, and stops with false when told to. True
  // when every chunk has its vector. Errors as of DocumentProcessor::process().
  Result<bool> process(const std::string& document_id, const DocumentProcessor::Report& report,
                       const std::function<bool()>& give_way, std::stop_token stop) const;

 private:
  Status embed(const std::string& model, const std::vector<Chunk>& chunks, std::int64_t total,
               const DocumentProcessor::Report& report, const std::stop_token& stop) const;

  JobRunner::Parts parts_;
  JobRunner::Options options_;
};

}  // namespace wenyuan::ingest
