// Remembers everything that a program does to a folder, and makes from it what the disk could hold
// after a power cut.
//
// Only what was synced is certain: the bytes of a file by a sync of the file, a name by a sync of
// its folder. The rest may be there or not, in any order, a write by single sectors of 512 bytes.
// File systems promise more; nothing here relies on it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/shim/calls.h"

namespace wenyuan::crash {

// One thing that was done. Nodes are files and folders; 1 is the root.
struct DiskAction {
  enum class Kind { link, move, unlink, write, truncate, sync };
  Kind kind;
  std::int64_t node = 0;
  std::int64_t folder = 0, to_folder = 0;
  std::string name{}, to_name{};
  bool is_folder = false;  // of link
  std::int64_t at = 0;     // of write: where; of truncate: the new size
  std::string bytes{};
};

// Thread-safe. What SQLite does to its files comes through the VFS (sqlite_vfs.h), the rest through
// the shim.
class DiskLog final : public Listener {
 public:
  // What `root` holds now counts as synced.
  explicit DiskLog(std::filesystem::path root);

  std::size_t size() const;
  const std::vector<DiskAction>& actions() const { return actions_; }

  std::int64_t opened(const std::string& path, bool created) override;
  void wrote(std::int64_t file, std::int64_t offset, std::string_view bytes) override;
  void truncated(std::int64_t file, std::int64_t size) override;
  void synced(std::int64_t file) override;
  void renamed(const std::string& from, const std::string& to) override;
  void linked(const std::string& from, const std::string& to) override;
  void removed(const std::string& path) override;
  void made_folder(const std::string& path) override;

  // The same for files of SQLite, which opened() leaves alone.
  std::int64_t opened_by_sqlite(const std::string& path, bool created);

  struct Node {
    bool is_folder = false;
    std::string bytes{};
    std::map<std::string, std::int64_t> entries{};
  };
  // What was there at the beginning, by number.
  const std::map<std::int64_t, Node>& base() const { return base_; }

 private:
  struct Place {
    std::int64_t folder = 0;  // 0: not below the root
    std::string name;
  };
  std::int64_t add_base(const std::filesystem::path& path);
  std::vector<std::string> parts_of(const std::string& path) const;
  Place place_of(const std::string& path) const;
  std::int64_t find(const std::string& path) const;  // 0: no such thing
  std::int64_t make(const std::string& path, bool is_folder);
  void name(std::int64_t node, const Place& place, bool is_folder);

  const std::filesystem::path root_;
  mutable std::mutex mutex_;
  std::int64_t last_node_ = 0;
  std::map<std::int64_t, Node> base_;
  // As the program sees them; guarded by mutex_.
  std::map<std::int64_t, std::map<std::string, std::int64_t>> folders_;
  std::vector<DiskAction> actions_;  // guarded by mutex_
};

// What of the actions that no sync has made certain is on the disk.
enum class Survival { nothing, everything, first_ones, some, some_sectors };
std::string name(Survival survival);

// Follows the log and makes images. Not thread-safe.
class DiskImages {
 public:
  explicit DiskImages(const DiskLog& log);
  // Follows the log up to action `count`, which never falls.
  void advance(std::size_t count);
  // Syncs do nothing from now on: a disk that lies.
  void ignore_syncs() { syncs_count_ = false; }
  // Writes an image into the folder, which must be empty.
  void write(const std::filesystem::path& folder, Survival survival, std::mt19937_64& random) const;

 private:
  struct File {
    DiskLog::Node synced;
    std::vector<std::size_t> open;  // writes and truncations that no sync has reached
  };
  void sync(std::int64_t node);
  std::map<std::int64_t, DiskLog::Node> outcome(Survival survival, std::mt19937_64& random) const;

  const std::vector<DiskAction>& actions_;
  std::size_t at_ = 0;
  bool syncs_count_ = true;
  std::map<std::int64_t, File> files_;
  std::vector<std::size_t> open_names_;  // links, moves and unlinks that no sync has reached
};

}  // namespace wenyuan::crash
