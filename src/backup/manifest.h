// What one generation of a backup begins with: a whole copy of the database, and what proves it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audit/checkpoint_key.h"
#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"

namespace wenyuan::backup {

// Of the data directory, with keys that content is encrypted under.
constexpr const char* kKeyFolder = "keys";

struct Manifest {
  std::string store_id;
  std::string generation;  // its folder's name; later ones sort behind earlier ones
  UnixMillis created_at = 0;
  CommitNumber commit = 0;     // the last that base.db has
  std::int64_t base_size = 0;  // bytes
  std::string base_sha256;     // hex
  std::int64_t original_count = 0;
  std::string originals_sha256;  // of their sorted names, one a line
  std::int64_t audit_size = 0;   // records in the log
  std::string audit_root;        // base64
  std::string checkpoint;        // the newest signed note that the store has; may be empty
  std::string index_model;       // the file index.model; may be empty
  std::vector<std::string>
      apart;  // names of key files, and of the folder of keys: to be kept elsewhere
};

std::string sign_manifest(const Manifest& manifest, const audit::SigningKey& key);
// corrupt unless it is signed by this key and all of it can be.
Result<Manifest> open_manifest(std::string_view text, const audit::VerifyingKey& key);
// Says nothing of the signature.
Result<Manifest> parse_manifest(std::string_view text);

// "20261122T134500.123Z-" and 8 hex digits.
std::string new_generation(UnixMillis now);
bool is_generation(std::string_view name);
bool is_sha256(std::string_view hex);
// Hex.
std::string sha256_of(std::string_view bytes);

}  // namespace wenyuan::backup
