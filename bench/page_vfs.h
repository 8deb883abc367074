// A file system for SQLite that encrypts pages, as far as it takes to measure what that costs.
#pragma once

namespace wenyuan::bench {

// Registers "pages": AES-256-GCM over each page of 4,096 bytes in the database (but for page 1) and
// in the write-ahead log, with nonce and tag in 32 reserved bytes. Not for use: files do not
// survive a crash, and pages can be put back.
void register_page_vfs();
constexpr int kReservedBytes = 32;

}  // namespace wenyuan::bench
