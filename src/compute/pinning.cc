#include "compute/pinning.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>

namespace wenyuan::compute {
namespace {

// The lowest number among the hyper-threads of the core that `processor` belongs to.
int core_of(const std::filesystem::path& topology, int processor) {
  std::ifstream list(topology / ("cpu" + std::to_string(processor)) /
                     "topology/thread_siblings_list");
  int first = processor;
  return list >> first ? first : processor;
}

}  // namespace

std::vector<int> allowed_processors(const std::filesystem::path& topology) {
  std::vector<int> found;
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  // Machines with more than CPU_SETSIZE processors are refused here, and not pinned.
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return found;
  std::vector<std::pair<int, int>> cores;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) cores.emplace_back(core_of(topology, i), i);
  }
  std::sort(cores.begin(), cores.end());
  for (const auto& [core, processor] : cores) found.push_back(processor);
#endif
  return found;
}

std::vector<std::vector<int>> places(const std::vector<int>& processors, std::size_t thread_count) {
  if (thread_count == 0 || thread_count > processors.size()) return {};
  std::vector<std::vector<int>> result;
  const auto bound = [&](std::size_t i) {
    return processors.begin() + static_cast<std::ptrdiff_t>(i * processors.size() / thread_count);
  };
  for (std::size_t i = 0; i < thread_count; ++i) result.emplace_back(bound(i), bound(i + 1));
  return result;
}

bool pin_this_thread(const std::vector<int>& processors) {
#if defined(__linux__)
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int processor : processors) {
    if (processor < 0 || processor >= CPU_SETSIZE) return false;
    CPU_SET(static_cast<std::size_t>(processor), &set);
  }
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
#else
  return processors.empty();
#endif
}

}  // namespace wenyuan::compute
