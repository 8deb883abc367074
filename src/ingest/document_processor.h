// Makes one uploaded file into searchable chunks: extract, chunk, embed, store.
#pragma once

#include <functional>
#include <stop_token>

#include "base/document.h"
#include "base/result.h"
#include "ingest/job_runner.h"

namespace wenyuan::ingest {

// Thread-safe as long as each call has its own job.
class DocumentProcessor {
 public:
  // Called with the stage and how much of it is done. False: the job is gone, so stop.
  using Report = std::function<bool(std::string_view stage, std::int64_t done, std::int64_t total)>;

  DocumentProcessor(const JobRunner::Parts& parts, const JobRunner::Options& options)
      : parts_(parts), options_(options) {}

  // Done when the chunks are committed. cancelled when asked to stop; not_found when the document
  // or its job is gone; otherwise the document has failed, and the message says why.
  Status process(const Document& document, const Report& report, std::stop_token stop) const;

 private:
  Result<Extracted> extract(const Document& document, std::stop_token stop) const;
  // Without a model the chunks get no vectors.
  Result<std::vector<Chunk>> cut(const std::string& model, const Extracted& extracted,
                                 std::stop_token stop) const;
  Status embed(const std::string& model, const std::string& title, std::vector<Chunk>& chunks,
               const Report& report, const std::stop_token& stop) const;

  JobRunner::Parts parts_;
  JobRunner::Options options_;
};

}  // namespace wenyuan::ingest
