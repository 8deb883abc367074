// Documents of a store into a pack, and out of one.
#pragma once

#include <string>
#include <vector>

#include "backup/pack.h"
#include "base/permit.h"
#include "base/result.h"
#include "store/blob_store.h"
#include "store/content_store.h"
#include "store/database.h"

namespace wenyuan::backup {

struct ForPack {
  PackDocument document;
  std::vector<std::string> originals;  // names of blobs, one for each version
};
// As the permit to read opens it; with the vectors of `model` when all chunks have them. not_found
// when it is gone or hidden.
Result<ForPack> read_for_pack(store::Snapshot& snapshot, const Permit& permit,
                              const std::string& document_id, const std::string& model);

struct FromPack {
  std::string collection_id;
  std::string user_id;  // who takes it in
  const PackDocument* document;
  std::vector<store::BlobInfo> originals;  // held, one for each version
  std::string embedding_model;             // empty: vectors are made anew
};
// With new ids. What is not text yet gets a job, like an upload; so does what the pack has no text
// of. An external_id that is there already gets the last version as its next. Takes a permit to
// write.
Result<store::Added> take_from_pack(store::Transaction& tx, const Permit& permit,
                                    const FromPack& taken, const store::AccessAttributes& access,
                                    UnixMillis now);

// Whether the vectors of a pack are those that this model would make.
bool same_model(const PackModel& pack, const PackModel& own);

}  // namespace wenyuan::backup
