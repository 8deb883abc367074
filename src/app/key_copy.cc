#include "app/key_copy.h"

#include <algorithm>
#include <system_error>

#include "store/key_ring.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;

// With every link followed, as far as the path is there.
fs::path real(const fs::path& path) {
  std::error_code failed;
  fs::path found = fs::weakly_canonical(fs::absolute(path), failed);
  if (failed) found = fs::absolute(path).lexically_normal();
  return found.has_filename() ? found : found.parent_path();
}

bool is_in(const fs::path& path, const fs::path& folder) {
  const fs::path inner = real(path);
  const fs::path outer = real(folder);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

}  // namespace

Status check_key_copy(const Config& config) {
  if (config.key_copy.empty()) return Done{};
  const auto refuse = [&](const char* what, const fs::path& folder) {
    return Error{ErrorCode::invalid_argument,
                 "key_copy (" + config.key_copy.string() + ") must not lie in the " + what + " (" +
                     folder.string() +
                     "): it is for the day when that is lost, and whoever has both has everything"};
  };
  if (is_in(config.key_copy, config.data)) return refuse("data directory", config.data);
  if (!config.keys.empty() && is_in(config.key_copy, config.keys)) {
    return refuse("folder of keys", config.keys);
  }
  if (!config.backup_to.empty() && is_in(config.key_copy, config.backup_to)) {
    return refuse("backup", config.backup_to);
  }
  return Done{};
}

void look_at_key_copy(const store::Database& database) {
  const auto secrets = database.keys().secrets();
  // What is wrong is in its own log line, and in its health.
  if (secrets && (*secrets)->has_copy()) static_cast<void>((*secrets)->ready());
}

std::function<Status()> key_copy_health(const store::Database& database) {
  const auto secrets = database.keys().secrets();
  if (!secrets || !(*secrets)->has_copy()) return {};
  return [copied = *secrets] { return copied->copy_health(); };
}

}  // namespace wenyuan::app
