// Runs another program once, with limits, and takes what it writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace wenyuan::ingest {

struct ProcessRequest {
  std::vector<std::string> command;  // an absolute path and its arguments; no shell, no environment
  int input = -1;                    // becomes standard input
  int extra = -1;                    // becomes descriptor 3; -1: none
  std::chrono::milliseconds time_max{120'000};  // by the clock, and the same of processor time
  std::int64_t memory_bytes_max = 0;            // of address space; 0: no limit
  std::size_t output_bytes_max = std::size_t{256} << 20;
};

struct ProcessResult {
  int exit_code = 0;  // as a shell has it: 128 + signal when a signal ended it
  bool timed_out = false;
  bool output_too_large = false;
  std::string output;
  std::string errors;  // the first kilobytes of standard error
};

// Thread-safe. Waits for the end; kills the program when it runs out of time or writes too much, or
// when asked to stop (cancelled). It writes no files and leaves no core.
Result<ProcessResult> run_process(const ProcessRequest& request, std::stop_token stop);

}  // namespace wenyuan::ingest
