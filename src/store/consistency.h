// Checks the database against itself, for `wenyuan verify`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::store {

struct Consistency {
  std::int64_t documents = 0;
  std::int64_t chunks = 0;              // those of superseded versions too
  std::vector<std::string> blob_names;  // every blob that a row names, hex
  std::vector<std::string> problems;    // one sentence each
  // Ids of documents whose erasure secret is lost; of each only what is not sealed was looked at.
  std::vector<std::string> unreadable;
};

// SQLite's own integrity and foreign keys; chunk counts and ranges of every document; document
// counts of every label; that every chunk is as long as its place says, and every text whole. Reads
// only.
Result<Consistency> check_consistency(Snapshot& snapshot);

}  // namespace wenyuan::store
