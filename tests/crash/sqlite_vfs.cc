#include "tests/crash/sqlite_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <new>
#include <string>

#include "base/assert.h"

namespace wenyuan::crash {
namespace {

std::atomic<DiskLog*>& log_slot() {
  static std::atomic<DiskLog*> slot{nullptr};
  return slot;
}

bool& opening() {
  thread_local bool flag = false;
  return flag;
}

// Names that SQLite removes, and folders that it syncs, come through the shim: the default VFS asks
// libc for them.

// SQLite's own object comes first; the default VFS's follows this one in memory.
struct RecordedFile {
  sqlite3_file base;
  std::int64_t number;  // 0: not followed
};

RecordedFile* own(sqlite3_file* file) { return reinterpret_cast<RecordedFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<sqlite3_file*>(own(file) + 1); }
sqlite3_vfs* real(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int close_file(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), into, size, at);
}
int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  const int code = real(file)->pMethods->xWrite(real(file), bytes, size, at);
  if (code == SQLITE_OK && own(file)->number != 0) {
    log_slot().load()->wrote(own(file)->number, at,
                             {static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
  }
  return code;
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  const int code = real(file)->pMethods->xTruncate(real(file), size);
  if (code == SQLITE_OK && own(file)->number != 0) {
    log_slot().load()->truncated(own(file)->number, size);
  }
  return code;
}
int sync_file(sqlite3_file* file, int flags) {
  const int code = real(file)->pMethods->xSync(real(file), flags);
  if (code == SQLITE_OK && own(file)->number != 0) log_slot().load()->synced(own(file)->number);
  return code;
}
int size_of_file(sqlite3_file* file, sqlite3_int64* size) {
  return real(file)->pMethods->xFileSize(real(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xLock(real(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real(file)->pMethods->xUnlock(real(file), level);
}
int check_lock(sqlite3_file* file, int* result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
int control_file(sqlite3_file* file, int what, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), what, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) {
  return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
int map_memory(sqlite3_file* file, int page, int size, int extend, void volatile** at) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, at);
}
int lock_memory(sqlite3_file* file, int offset, int count, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void order_memory(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int unmap_memory(sqlite3_file* file, int remove) {
  return real(file)->pMethods->xShmUnmap(real(file), remove);
}

// Of version 2: without memory-mapped files, which would be written past us.
constexpr sqlite3_io_methods kMethods = {.iVersion = 2,
                                         .xClose = close_file,
                                         .xRead = read_file,
                                         .xWrite = write_file,
                                         .xTruncate = truncate_file,
                                         .xSync = sync_file,
                                         .xFileSize = size_of_file,
                                         .xLock = lock_file,
                                         .xUnlock = unlock_file,
                                         .xCheckReservedLock = check_lock,
                                         .xFileControl = control_file,
                                         .xSectorSize = sector_size,
                                         .xDeviceCharacteristics = characteristics,
                                         .xShmMap = map_memory,
                                         .xShmLock = lock_memory,
                                         .xShmBarrier = order_memory,
                                         .xShmUnmap = unmap_memory,
                                         .xFetch = nullptr,
                                         .xUnfetch = nullptr};

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  std::memset(file, 0, sizeof(RecordedFile));
  DiskLog* const log = log_slot();
  const bool followed = log != nullptr && name != nullptr;
  const bool existed = followed && std::filesystem::exists(name);
  opening() = true;
  const int code = real(vfs)->xOpen(real(vfs), name, real(file), flags, out);
  opening() = false;
  if (code != SQLITE_OK) return code;
  file->pMethods = &kMethods;
  if (followed) own(file)->number = log->opened_by_sqlite(name, !existed);
  return code;
}

}  // namespace

void use_recording_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs* const below = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *below;
    made.szOsFile = static_cast<int>(sizeof(RecordedFile)) + below->szOsFile;
    made.zName = "recording";
    made.pNext = nullptr;
    made.pAppData = below;
    made.xOpen = open_file;
    return made;
  }();
  WY_ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

bool sqlite_is_opening() { return opening(); }

void set_vfs_log(DiskLog* log) { log_slot() = log; }

}  // namespace wenyuan::crash
