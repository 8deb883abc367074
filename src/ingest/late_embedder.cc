#include "ingest/late_embedder.h"

#include <algorithm>
#include <span>

#include "ingest/chunk_vectors.h"
#include "ingest/retry.h"
#include "store/content_store.h"
#include "store/late_vectors.h"

namespace wenyuan::ingest {
namespace {

// Each commit costs an fsync and an index segment, and so much is lost by a crash.
constexpr std::size_t kCommitChunkCount = 256;

}  // namespace

Status LateEmbedder::embed(const std::string& model, const std::vector<Chunk>& chunks,
                           std::int64_t total, const DocumentProcessor::Report& report,
                           const std::stop_token& stop) const {
  const std::size_t batch = std::max<std::size_t>(options_.embed_batch, 1);
  std::vector<store::ChunkVector> made;
  for (std::size_t begin = 0; begin < chunks.size(); begin += batch) {
    if (!report("embed", chunks[begin].ordinal, total)) {
      return Error{ErrorCode::not_found, "the job is gone"};
    }
    const auto part = std::span(chunks).subspan(begin, std::min(batch, chunks.size() - begin));
    WY_TRY(auto vectors, chunk_vectors(*parts_.engine, model, part.front().title, part, stop));
    for (std::size_t i = 0; i < part.size(); ++i) {
      made.push_back({part[i].id, std::move(vectors[i])});
    }
  }
  return retry(RetryOptions(), stop, [&] {
    return parts_.database->write([&](store::Transaction& tx) -> Status {
      return store::put_vectors(tx, chunks.front().document_id, model, made);
    });
  });
}

Result<bool> LateEmbedder::process(const std::string& document_id,
                                   const DocumentProcessor::Report& report,
                                   const std::function<bool()>& give_way,
                                   std::stop_token stop) const {
  const std::string model = parts_.indexer->model().name;
  if (model.empty()) return true;
  for (;;) {
    std::int64_t total = 0;
    WY_TRY(const auto chunks,
           parts_.database->read([&](store::Snapshot& snapshot) -> Result<std::vector<Chunk>> {
             WY_TRY(const Document document, store::document_for_ingest(snapshot, document_id));
             total = document.chunk_count;
             return store::unembedded_chunks(snapshot, document_id, model, kCommitChunkCount);
           }));
    if (chunks.empty()) return true;
    WY_RETURN_IF_ERROR(embed(model, chunks, total, report, stop));
    if (chunks.size() == kCommitChunkCount && give_way()) return false;
  }
}

}  // namespace wenyuan::ingest
