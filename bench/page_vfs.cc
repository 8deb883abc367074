#include "bench/page_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <string>

#include "base/assert.h"
#include "base/id.h"
#include "store/cipher.h"

namespace wenyuan::bench {
namespace {

constexpr int kPage = 4096;
constexpr int kPlain = kPage - kReservedBytes;
constexpr sqlite3_int64 kLogHeader = 32;
constexpr sqlite3_int64 kFrameHeader = 24;

struct File {
  sqlite3_file base;
  bool is_log;
  bool is_database;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
const store::CipherKey kKey{1, 2, 3};

bool is_page(const File& file, int size, sqlite3_int64 at) {
  if (size != kPage) return false;
  if (file.is_log) return (at - kLogHeader) % (kFrameHeader + kPage) == kFrameHeader;
  return file.is_database && at > 0 && at % kPage == 0;
}

int read(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  File& own = *of(file);
  const int code = own.real()->pMethods->xRead(own.real(), into, size, at);
  if (code != SQLITE_OK || !is_page(own, size, at)) return code;
  auto* const bytes = static_cast<char*>(into);
  store::CipherNonce nonce;
  std::memcpy(nonce.data(), bytes + kPlain, nonce.size());
  std::string sealed(bytes, kPlain);
  sealed.append(bytes + kPlain + nonce.size(), store::kTagSize);
  const auto plain = store::unseal_at(kKey, nonce, sealed, {});
  if (!plain) return SQLITE_IOERR_READ;
  std::memcpy(bytes, plain->data(), kPlain);
  return SQLITE_OK;
}

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  File& own = *of(file);
  if (!is_page(own, size, at)) return own.real()->pMethods->xWrite(own.real(), from, size, at);
  store::CipherNonce nonce;
  random_bytes(nonce);
  const std::string sealed =
      store::seal_at(kKey, nonce, {static_cast<const char*>(from), kPlain}, {});
  std::string page = sealed.substr(0, kPlain);
  page.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  page += sealed.substr(kPlain);
  page.resize(kPage);
  return own.real()->pMethods->xWrite(own.real(), page.data(), size, at);
}

#define WY_PASS(name, parameters, arguments)     \
  int name parameters {                          \
    sqlite3_file* const real = of(file)->real(); \
    return real->pMethods->name arguments;       \
  }
WY_PASS(xTruncate, (sqlite3_file * file, sqlite3_int64 size), (real, size))
WY_PASS(xSync, (sqlite3_file * file, int flags), (real, flags))
WY_PASS(xFileSize, (sqlite3_file * file, sqlite3_int64* size), (real, size))
WY_PASS(xLock, (sqlite3_file * file, int level), (real, level))
WY_PASS(xUnlock, (sqlite3_file * file, int level), (real, level))
WY_PASS(xCheckReservedLock, (sqlite3_file * file, int* held), (real, held))
WY_PASS(xFileControl, (sqlite3_file * file, int what, void* data), (real, what, data))
WY_PASS(xSectorSize, (sqlite3_file * file), (real))
WY_PASS(xDeviceCharacteristics, (sqlite3_file * file), (real))
WY_PASS(xShmMap, (sqlite3_file * file, int region, int size, int extend, void volatile** map),
        (real, region, size, extend, map))
WY_PASS(xShmLock, (sqlite3_file * file, int offset, int count, int flags),
        (real, offset, count, flags))
WY_PASS(xShmUnmap, (sqlite3_file * file, int remove), (real, remove))
#undef WY_PASS

void xShmBarrier(sqlite3_file* file) { of(file)->real()->pMethods->xShmBarrier(of(file)->real()); }
int xClose(sqlite3_file* file) { return of(file)->real()->pMethods->xClose(of(file)->real()); }

const sqlite3_io_methods kMethods = {2,
                                     xClose,
                                     read,
                                     write,
                                     xTruncate,
                                     xSync,
                                     xFileSize,
                                     xLock,
                                     xUnlock,
                                     xCheckReservedLock,
                                     xFileControl,
                                     xSectorSize,
                                     xDeviceCharacteristics,
                                     xShmMap,
                                     xShmLock,
                                     xShmBarrier,
                                     xShmUnmap,
                                     nullptr,
                                     nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  sqlite3_vfs* const system = sqlite3_vfs_find("unix");
  File& own = *of(file);
  own.is_log = (flags & SQLITE_OPEN_WAL) != 0;
  own.is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
  own.base.pMethods = nullptr;
  const int code = system->xOpen(system, name, own.real(), flags, out_flags);
  if (code == SQLITE_OK) own.base.pMethods = &kMethods;
  return code;
}

}  // namespace

void register_page_vfs() {
  sqlite3_vfs* const system = sqlite3_vfs_find("unix");
  WY_ASSERT(system != nullptr);
  static sqlite3_vfs vfs = *system;
  vfs.zName = "pages";
  vfs.pNext = nullptr;
  vfs.szOsFile = static_cast<int>(sizeof(File)) + system->szOsFile;
  vfs.xOpen = open;
  WY_ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

}  // namespace wenyuan::bench
