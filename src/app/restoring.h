// From a backup to a data directory that a server can be started on.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/replica.h"
#include "base/result.h"

namespace wenyuan::app {

struct RestoreWish {
  std::unique_ptr<backup::Place> from;
  backup::Replica::Options options;
  backup::Target target;
  std::string keys;              // directory with the key files; empty: they are there already
  std::string key_copy;          // what a server's key_copy names; empty: none
  bool without_missing = false;  // go on when originals are not in the backup
  bool take_over = false;        // the server that wrote the backup is gone for good
};

struct Restored {
  backup::Progress progress;
  backup::Manifest manifest;
  backup::Replica::Finished checked;
  std::vector<std::string> keys_missing;  // names of files that the server needs
  std::filesystem::path key_folder;       // where the keys are now
  bool keys_were_there = false;           // outside of the data, and used as they were
};

// Restores, checks, puts the keys where the server will look for them unless they are there, ends
// old sessions and writes into the audit log what was done. With problems in `checked` the
// directory is not to be used.
Result<Restored> restore(RestoreWish wish);

}  // namespace wenyuan::app
