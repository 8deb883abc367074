// One SQLite handle with a cache of its prepared statements.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/statement.h"

struct sqlite3;

namespace wenyuan::store {

// So many frames in the write-ahead log (16 MiB) are moved into the file: rarer makes ingest
// faster, a longer log makes reading slower.
constexpr int kCheckpointFrames = 4000;

// Not thread-safe: used by one thread at a time. Outlives its statements.
class Connection {
 public:
  enum class Mode {
    create,  // reads and writes; the file is made when absent
    read,    // never changes the content; not_found when the file is absent
  };
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // The same text again costs a look-up. Two statements of one text can be in use at once.
  Result<Statement> prepare(std::string_view sql);
  // One or more statements without parameters; rows are dropped.
  Status execute(const std::string& sql);
  bool in_transaction() const;
  // The epoch of the view that is being read; nothing while there is none that cannot change.
  const std::optional<std::int64_t>& view_epoch() const { return view_epoch_; }
  void set_view_epoch(std::optional<std::int64_t> epoch) { view_epoch_ = epoch; }
  // Moves the whole write-ahead log into the database file and empties it.
  Status checkpoint();
  // The same as far as nobody needs the log: waits for no reader, and may leave all of it.
  Status checkpoint_some();
  // From now on each COMMIT that writes sets `frames` to what the log has, and none moves the log
  // into the file. Null: as before. It must live as long.
  void count_frames(int* frames);
  // Copies the database as the open transaction sees it into a file, which must not be there.
  // Writers go on.
  Status copy_to(const std::filesystem::path& file);

 private:
  friend class Statement;
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  explicit Connection(std::unique_ptr<sqlite3, Closer> handle) : handle_(std::move(handle)) {}

  Error error(int code) const;
  // `sql` is empty for a statement that is not kept.
  void give_back(sqlite3_stmt* statement, std::string_view sql);

  std::unique_ptr<sqlite3, Closer> handle_;
  // Idle statements by text. Entries are never removed, so views of the keys stay valid.
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>, TextHash, std::equal_to<>> idle_;
  std::optional<std::int64_t> view_epoch_;
};

}  // namespace wenyuan::store
