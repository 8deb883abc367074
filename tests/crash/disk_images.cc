#include <algorithm>
#include <fstream>
#include <optional>

#include "base/assert.h"
#include "tests/crash/disk_log.h"

namespace wenyuan::crash {
namespace fs = std::filesystem;
namespace {

using Kind = DiskAction::Kind;

constexpr std::int64_t kSector = 512;

bool is_of_names(const DiskAction& action) {
  return action.kind == Kind::link || action.kind == Kind::move || action.kind == Kind::unlink;
}

void put(std::string& content, std::int64_t at, std::string_view bytes) {
  const auto from = static_cast<std::size_t>(at);
  if (content.size() < from + bytes.size()) content.resize(from + bytes.size(), '\0');
  std::copy(bytes.begin(), bytes.end(), content.begin() + at);
}

void apply(const DiskAction& action, std::string& content) {
  if (action.kind == Kind::truncate) {
    content.resize(static_cast<std::size_t>(action.at), '\0');
  } else {
    put(content, action.at, action.bytes);
  }
}

// Of a write, only some sectors.
void apply_torn(const DiskAction& action, std::string& content, std::mt19937_64& random) {
  if (action.kind == Kind::truncate) return apply(action, content);
  const auto end = action.at + static_cast<std::int64_t>(action.bytes.size());
  for (std::int64_t at = action.at; at < end;) {
    const std::int64_t next = std::min(end, (at / kSector + 1) * kSector);
    const auto from = static_cast<std::size_t>(at - action.at);
    if (random() % 2 == 0) {
      put(content, at,
          std::string_view(action.bytes).substr(from, static_cast<std::size_t>(next - at)));
    }
    at = next;
  }
}

void apply_name(const DiskAction& action, std::map<std::int64_t, DiskLog::Node>& nodes) {
  if (action.kind == Kind::link) {
    nodes[action.node].is_folder = action.is_folder;
    nodes[action.folder].entries[action.name] = action.node;
  } else if (action.kind == Kind::unlink) {
    nodes[action.folder].entries.erase(action.name);
  } else {
    nodes[action.folder].entries.erase(action.name);
    nodes[action.to_folder].entries[action.to_name] = action.node;
  }
}

void write_tree(const std::map<std::int64_t, DiskLog::Node>& nodes, std::int64_t at,
                const fs::path& path) {
  for (const auto& [name, number] : nodes.at(at).entries) {
    const auto found = nodes.find(number);
    if (found == nodes.end()) continue;
    const fs::path own = path / name;
    if (found->second.is_folder) {
      fs::create_directory(own);
      fs::permissions(own, fs::perms::owner_all);
      write_tree(nodes, number, own);
    } else {
      std::ofstream out(own, std::ios::binary);
      out << found->second.bytes;
      WY_ASSERT(out.flush());
      fs::permissions(own, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
}

}  // namespace

std::string name(Survival survival) {
  switch (survival) {
    case Survival::nothing: return "nothing";
    case Survival::everything: return "everything";
    case Survival::first_ones: return "the first ones";
    case Survival::some: return "some";
    case Survival::some_sectors: return "some sectors";
  }
  return "";
}

DiskImages::DiskImages(const DiskLog& log) : actions_(log.actions()) {
  for (const auto& [number, node] : log.base()) files_[number].synced = node;
}

void DiskImages::advance(std::size_t count) {
  for (; at_ < count; ++at_) {
    const DiskAction& action = actions_[at_];
    if (action.kind == Kind::sync) {
      if (syncs_count_) sync(action.node);
    } else if (is_of_names(action)) {
      if (action.kind == Kind::link) files_[action.node].synced.is_folder = action.is_folder;
      open_names_.push_back(at_);
    } else {
      files_[action.node].open.push_back(at_);
    }
  }
}

// A name that moved between two folders is settled by a sync of either.
void DiskImages::sync(std::int64_t node) {
  File& file = files_[node];
  if (!file.synced.is_folder) {
    for (const std::size_t at : file.open) apply(actions_[at], file.synced.bytes);
    file.open.clear();
    return;
  }
  std::vector<std::size_t> rest;
  for (const std::size_t at : open_names_) {
    const DiskAction& action = actions_[at];
    if (action.folder != node && action.to_folder != node) {
      rest.push_back(at);
      continue;
    }
    if (action.kind != Kind::link) files_[action.folder].synced.entries.erase(action.name);
    if (action.kind == Kind::link) {
      files_[action.folder].synced.entries[action.name] = action.node;
    } else if (action.kind == Kind::move) {
      files_[action.to_folder].synced.entries[action.to_name] = action.node;
    }
  }
  open_names_ = std::move(rest);
}

std::map<std::int64_t, DiskLog::Node> DiskImages::outcome(Survival survival,
                                                          std::mt19937_64& random) const {
  std::map<std::int64_t, DiskLog::Node> nodes;
  std::vector<std::size_t> open = open_names_;
  for (const auto& [number, file] : files_) {
    nodes[number] = file.synced;
    open.insert(open.end(), file.open.begin(), file.open.end());
  }
  std::sort(open.begin(), open.end());
  if (survival == Survival::nothing) return nodes;
  if (survival == Survival::first_ones && !open.empty()) open.resize(random() % (open.size() + 1));
  const bool choose = survival == Survival::some || survival == Survival::some_sectors;
  // From nearly none to nearly all.
  const std::uint64_t share = 1 + random() % 15;
  for (const std::size_t at : open) {
    if (choose && random() % 16 >= share) continue;
    const DiskAction& action = actions_[at];
    if (is_of_names(action)) {
      apply_name(action, nodes);
    } else if (survival == Survival::some_sectors) {
      apply_torn(action, nodes[action.node].bytes, random);
    } else {
      apply(action, nodes[action.node].bytes);
    }
  }
  return nodes;
}

void DiskImages::write(const fs::path& folder, Survival survival, std::mt19937_64& random) const {
  write_tree(outcome(survival, random), 1, folder);
  if (random() % 4 == 0) {
    // What the memory of the last process was mapped from may be anything.
    std::string noise(32768, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().filename() != "wenyuan.db") continue;
      std::ofstream(entry.path().string() + "-shm", std::ios::binary) << noise;
      break;
    }
  }
}

}  // namespace wenyuan::crash
