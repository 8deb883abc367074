// A place where a program can do nothing but read its input and write its output.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "ingest/process.h"

namespace wenyuan::ingest {

struct SandboxLimits {
  std::chrono::seconds time_max{120};
  std::int64_t memory_bytes_max = std::int64_t{2} << 30;
  std::int64_t output_bytes_max = std::int64_t{256} << 20;
};

// Thread-safe. Made of bubblewrap: own namespaces for everything (so no network, no other process,
// no other user), an empty root with the system's libraries and the program, all read-only; of
// resource limits; and of a list of allowed system calls.
class Sandbox {
 public:
  // unavailable when there is no bubblewrap. `enabled` false: the limits alone.
  static Result<Sandbox> open(bool enabled);

  // `input` becomes its standard input.
  Result<ProcessResult> run(const std::filesystem::path& program,
                            const std::vector<std::string>& arguments, int input,
                            const SandboxLimits& limits, std::stop_token stop) const;

 private:
  Sandbox() = default;
  std::vector<std::string> wrapper(const std::filesystem::path& program) const;

  std::filesystem::path bubblewrap_;  // empty: not enabled
  std::string seccomp_filter_;
};

}  // namespace wenyuan::ingest
