#include "tests/crash/disk_log.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "base/assert.h"
#include "tests/crash/sqlite_vfs.h"

namespace wenyuan::crash {
namespace fs = std::filesystem;
namespace {

using Kind = DiskAction::Kind;

// SQLite's memory between processes: nothing in it outlives them.
bool is_shared_memory(const std::string& path) { return path.ends_with("-shm"); }

std::string content_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

DiskLog::DiskLog(fs::path root) : root_(std::move(root)) { add_base(root_); }

std::int64_t DiskLog::add_base(const fs::path& path) {
  const std::int64_t node = ++last_node_;
  Node& made = base_[node];
  made.is_folder = fs::is_directory(path);
  if (!made.is_folder) {
    made.bytes = content_of(path);
    return node;
  }
  for (const auto& entry : fs::directory_iterator(path)) {
    if (is_shared_memory(entry.path().string())) continue;
    if (!entry.is_directory() && !entry.is_regular_file()) continue;
    base_[node].entries[entry.path().filename().string()] = add_base(entry.path());
  }
  folders_[node] = base_[node].entries;
  return node;
}

std::size_t DiskLog::size() const {
  const std::lock_guard lock(mutex_);
  return actions_.size();
}

std::vector<std::string> DiskLog::parts_of(const std::string& path) const {
  std::vector<std::string> parts;
  for (const fs::path& part : fs::path(path).lexically_normal().lexically_relative(root_)) {
    if (part != "." && !part.empty()) parts.push_back(part.string());
  }
  return parts;
}

DiskLog::Place DiskLog::place_of(const std::string& path) const {
  std::vector<std::string> parts = parts_of(path);
  if (parts.empty() || parts.front() == "..") return {};
  Place place{1, parts.back()};
  parts.pop_back();
  for (const std::string& part : parts) {
    const auto folder = folders_.find(place.folder);
    if (folder == folders_.end()) return {};
    const auto next = folder->second.find(part);
    if (next == folder->second.end()) return {};
    place.folder = next->second;
  }
  return folders_.contains(place.folder) ? place : Place{};
}

std::int64_t DiskLog::find(const std::string& path) const {
  if (parts_of(path).empty()) return 1;
  const Place place = place_of(path);
  if (place.folder == 0) return 0;
  const auto& entries = folders_.at(place.folder);
  const auto found = entries.find(place.name);
  return found == entries.end() ? 0 : found->second;
}

void DiskLog::name(std::int64_t node, const Place& place, bool is_folder) {
  folders_[place.folder][place.name] = node;
  actions_.push_back({.kind = Kind::link,
                      .node = node,
                      .folder = place.folder,
                      .name = place.name,
                      .is_folder = is_folder});
}

std::int64_t DiskLog::make(const std::string& path, bool is_folder) {
  const Place place = place_of(path);
  if (place.folder == 0) return 0;
  const std::int64_t node = ++last_node_;
  name(node, place, is_folder);
  if (is_folder) folders_[node];
  return node;
}

std::int64_t DiskLog::opened(const std::string& path, bool created) {
  if (sqlite_is_opening() || is_shared_memory(path)) return 0;
  const std::lock_guard lock(mutex_);
  return created ? make(path, false) : find(path);
}

std::int64_t DiskLog::opened_by_sqlite(const std::string& path, bool created) {
  const std::lock_guard lock(mutex_);
  return created ? make(path, false) : find(path);
}

void DiskLog::wrote(std::int64_t file, std::int64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  actions_.push_back(
      {.kind = Kind::write, .node = file, .at = offset, .bytes = std::string(bytes)});
}

void DiskLog::truncated(std::int64_t file, std::int64_t size) {
  const std::lock_guard lock(mutex_);
  actions_.push_back({.kind = Kind::truncate, .node = file, .at = size});
}

void DiskLog::synced(std::int64_t file) {
  const std::lock_guard lock(mutex_);
  actions_.push_back({.kind = Kind::sync, .node = file});
}

void DiskLog::renamed(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const Place old_place = place_of(from);
  const Place new_place = place_of(to);
  const std::int64_t node = find(from);
  WY_ASSERT(old_place.folder != 0 && new_place.folder != 0 && node != 0);
  folders_[old_place.folder].erase(old_place.name);
  folders_[new_place.folder][new_place.name] = node;
  actions_.push_back({.kind = Kind::move,
                      .node = node,
                      .folder = old_place.folder,
                      .to_folder = new_place.folder,
                      .name = old_place.name,
                      .to_name = new_place.name});
}

void DiskLog::linked(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const Place place = place_of(to);
  const std::int64_t node = find(from);
  WY_ASSERT(place.folder != 0 && node != 0);
  name(node, place, false);
}

void DiskLog::removed(const std::string& path) {
  if (is_shared_memory(path)) return;
  const std::lock_guard lock(mutex_);
  const Place place = place_of(path);
  if (place.folder == 0) return;
  folders_[place.folder].erase(place.name);
  actions_.push_back({.kind = Kind::unlink, .folder = place.folder, .name = place.name});
}

void DiskLog::made_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  make(path, true);
}

}  // namespace wenyuan::crash
