// Where the threads of a pool may run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

namespace wenyuan::compute {

// The processors that the calling thread may run on, the hyper-threads of one core beside each
// other; empty where the system does not say. `topology` is the kernel's folder
// /sys/devices/system/cpu (cpuN/topology/thread_siblings_list); without it each processor counts
// as a core.
std::vector<int> allowed_processors(
    const std::filesystem::path& topology = "/sys/devices/system/cpu");

// Disjoint runs of `processors`, one for each thread, whole and about equally long: a thread has a
// core of its own, and room to flee to when there are more cores than threads. Empty when there are
// more threads than processors: then the scheduler knows better.
std::vector<std::vector<int>> places(const std::vector<int>& processors, std::size_t thread_count);

// Keeps the calling thread on `processors`. False where the system refuses; it goes on as before.
bool pin_this_thread(const std::vector<int>& processors);

}  // namespace wenyuan::compute
