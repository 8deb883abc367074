// What the parts of the shim share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/crash/shim/calls.h"

// libc's own.
int real_open(const char* path, int flags, unsigned mode);
int real_close(int fd);
void* real_map(std::size_t size, int fd);  // shared, to read and write

namespace wenyuan::crash {

Listener* listener();

// `path` as the call means it: relative to an open folder, or to the working one (AT_FDCWD).
std::string absolute(int folder, const char* path);
bool counts(const std::string& path);
bool counts(int fd);
std::int64_t number_of(int fd);  // 0: nobody follows it
void note_opened(int fd, const std::string& path, bool created);
void note_closed(int fd);

struct Fault {
  int error = 0;      // fail with this errno
  bool part = false;  // do only a part
};
// For a call that counts: whether it is the one.
Fault strike(std::uint32_t call);

}  // namespace wenyuan::crash
