// An SQLite VFS over the default one that tells a DiskLog what SQLite does to its files.
#pragma once

#include "tests/crash/disk_log.h"

namespace wenyuan::crash {

// Makes it the default VFS of this process, once. Databases opened before are not followed.
void use_recording_vfs();
// Null: nobody is told. Set while no database is open.
void set_vfs_log(DiskLog* log);
// Whether this thread is inside SQLite's opening of a file, of which it tells by itself.
bool sqlite_is_opening();

}  // namespace wenyuan::crash
