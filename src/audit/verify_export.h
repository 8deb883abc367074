// Checks an export with nothing but a public key: no database, no server.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>

#include "audit/checkpoint_key.h"
#include "audit/checkpoint_note.h"
#include "base/result.h"

namespace wenyuan::audit {

struct ExportVerification {
  std::int64_t record_count = 0;
  std::int64_t retired_count = 0;  // of them: gone because their time was over
  std::int64_t first = 0, last = 0;
  bool filtered = false;  // what is there is proven; that nothing was left out is not
  Checkpoint checkpoint;  // what it was proven against
};

// Takes an export line by line.
class ExportVerifier {
 public:
  // `note` is a checkpoint kept elsewhere; needed for exports without a head. Empty: the head's.
  // The key outlives the verifier.
  ExportVerifier(const VerifyingKey& key, std::string note);
  ~ExportVerifier();

  // corrupt names the record that was changed, is missing or was put in.
  Status take(std::string_view line);
  // After the last line: corrupt when the end is cut off.
  Result<ExportVerification> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Result<ExportVerification> verify_export(std::istream& input, const VerifyingKey& key,
                                         const std::string& note = {});

}  // namespace wenyuan::audit
