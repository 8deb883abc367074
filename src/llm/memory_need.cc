#include "llm/memory_need.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "llm/memory_estimate.h"

namespace wenyuan::llm {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kUnknown = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> leading_number(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc{} || value < 0) return std::nullopt;
  return value;
}

std::optional<std::int64_t> number_in(const fs::path& path) {
  const auto text = read_file(path, 4096);
  return text ? leading_number(*text) : std::nullopt;
}

std::int64_t machine_available(const fs::path& root) {
  const auto text = read_file(root / "proc/meminfo", 1 << 16);
  if (!text) return kUnknown;
  for (const std::string_view line : split(*text, '\n')) {
    constexpr std::string_view kName = "MemAvailable:";
    if (!line.starts_with(kName)) continue;
    const auto kilobytes = leading_number(line.substr(kName.size()));
    if (kilobytes) return *kilobytes * 1024;
  }
  return kUnknown;
}

// What is in use counts cached file pages too, which the kernel gives up when asked.
std::int64_t group_available(const fs::path& folder, const char* limit, const char* used,
                             std::string_view reclaimable) {
  const auto bytes_max = number_in(folder / limit);
  const auto bytes_used = number_in(folder / used);
  if (!bytes_max || !bytes_used) return kUnknown;  // "max", or no such group
  std::int64_t reclaim = 0;
  if (const auto stat = read_file(folder / "memory.stat", 1 << 16)) {
    for (const std::string_view line : split(*stat, '\n')) {
      if (line.starts_with(reclaimable)) {
        reclaim += leading_number(line.substr(reclaimable.size())).value_or(0);
      }
    }
  }
  return std::max<std::int64_t>(0, *bytes_max - *bytes_used + reclaim);
}

// The folder of our own group below the mount point, as /proc/self/cgroup names it.
std::string own_group(const fs::path& root) {
  const auto text = read_file(root / "proc/self/cgroup", 1 << 16);
  if (!text) return {};
  for (const std::string_view line : split(*text, '\n')) {
    if (line.starts_with("0::/")) return std::string(line.substr(4));
  }
  return {};
}

std::string in_megabytes(std::int64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

}  // namespace

std::int64_t sequence_memory_need(const Gguf& file, std::int64_t tokens,
                                  std::optional<compute::KeyValueType> cache) {
  return estimate_memory(file, tokens, 1, cache).cache;
}

std::int64_t memory_need(const Gguf& file, std::int64_t tokens,
                         std::optional<compute::KeyValueType> cache) {
  return estimate_memory(file, tokens, 1, cache).total();
}

std::int64_t memory_available(const fs::path& root) {
  const fs::path groups = root / "sys/fs/cgroup";
  std::int64_t available = machine_available(root);
  // Every group above ours limits us too.
  for (fs::path group = own_group(root);; group = group.parent_path()) {
    available = std::min(available, group_available(groups / group, "memory.max", "memory.current",
                                                    "inactive_file "));
    if (group.empty()) break;
  }
  return std::min(available, group_available(groups / "memory", "memory.limit_in_bytes",
                                             "memory.usage_in_bytes", "total_inactive_file "));
}

Status check_memory(const std::string& model, std::int64_t need, std::int64_t available) {
  if (need <= available) return Done{};
  return Error{ErrorCode::unavailable, "the model " + model + " needs about " + in_megabytes(need) +
                                           " of memory, and " + in_megabytes(available) +
                                           " are free"};
}

}  // namespace wenyuan::llm
