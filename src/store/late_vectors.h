// Vectors for chunks that were stored before their embedding model was there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/document.h"
#include "store/database.h"

namespace wenyuan::store {

// All functions speak of one model, the one that the indexes hold; its name is not empty. There is
// no permit: like ingest, this acts for the server on what was permitted at upload.

// Documents with chunks that have no vectors of this model. Those that have failed do not count.
Result<std::int64_t> unembedded_count(Snapshot& snapshot, const std::string& model);
// A job of the kind "embed", running, for one of them that has no open job; nothing when there is
// none. Documents without vectors come first.
Result<std::optional<Job>> take_embed_job(Transaction& tx, const std::string& model,
                                          UnixMillis now);
// True when take_embed_job() would give one.
Result<bool> has_embed_work(Snapshot& snapshot, const std::string& model);

// In order. Empty when the document has them all, and when it has no chunks.
Result<std::vector<Chunk>> unembedded_chunks(Snapshot& snapshot, const std::string& document_id,
                                             const std::string& model, std::size_t count_max);

struct ChunkVector {
  ChunkId chunk = 0;
  std::vector<float> vector;
};
// In order. Vectors of another model that the document still has go; chunks that are gone are
// passed over. What is stored here is searchable from this commit on, and survives a crash.
Status put_vectors(Transaction& tx, const std::string& document_id, const std::string& model,
                   const std::vector<ChunkVector>& vectors);

Status finish_embed_job(Transaction& tx, const Job& job, UnixMillis now);
// The document stays as it is, and is not tried again before retry_embedding().
Status fail_embed_job(Transaction& tx, const Job& job, const std::string& error, UnixMillis now);
// The job waits again, behind those of uploads; what it has done stays.
Status put_back_embed_job(Transaction& tx, const Job& job, UnixMillis now);

// At start: what failed may work now.
Status retry_embedding(Transaction& tx);
// When another model has taken this name: vectors under it are worth nothing any more.
Status forget_vectors(Transaction& tx, const std::string& model);

}  // namespace wenyuan::store
