// The checkpoints that the first release wrote: audit-checkpoints.txt, one signed line each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "audit/checkpoint_key.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::audit {

struct OldCheckpoint {
  std::int64_t record_count = 0;
  std::string head;  // chain hash of the last record, hex
  UnixMillis time = 0;
};

// All complete lines; corrupt names the first that is not one of ours or not signed by this key. A
// last line without its end is what a power cut left of an append, and is not counted. No file:
// none.
Result<std::vector<OldCheckpoint>> read_old_checkpoints(const std::filesystem::path& file,
                                                        const VerifyingKey& key);

}  // namespace wenyuan::audit
