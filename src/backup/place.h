// Where backups lie: named objects in a directory or in a bucket of an object store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wenyuan::backup {

// What shipping and restoring rely on, and every place keeps:
//
// - An object is there whole or not at all, and nobody sees half of a newer one.
// - It is durable when the call that wrote it returns; so whatever names another object (a manifest
//   its base, a segment its originals) is written after it. A directory syncs the file, renames it
//   and syncs the folder; an object store answers a PUT when the bytes are safe, and every later
//   read and listing has them.
// - Of two that make one name with put_new() at most one succeeds. A directory links the file to a
//   name that must be free; an object store is asked with If-None-Match.
//
// Names are "a/b/c": letters, digits, '.', '_' and '-', and no part begins with a point. Errors:
// not_found for what is not there, unavailable while the place cannot be reached, forbidden when it
// refuses; their words never hold a secret. Thread-safe.
class Place {
 public:
  struct Object {
    std::string name;
    std::int64_t size = 0;  // bytes
  };
  struct Received {
    std::string sha256;  // hex
    std::int64_t size = 0;
  };
  virtual ~Place() = default;

  // For messages: "/mnt/backup", "s3://bucket/prefix".
  virtual const std::string& where() const = 0;
  std::string where(const std::string& name) const { return where() + "/" + name; }

  virtual Status put(const std::string& name, std::string_view bytes) = 0;
  // conflict when other bytes are there; the same bytes are as good as written.
  virtual Status put_new(const std::string& name, std::string_view bytes) = 0;
  // conflict when the file does not hold the bytes with this hash.
  virtual Status put_file(const std::string& name, const std::filesystem::path& file,
                          const std::string& sha256) = 0;
  // A large object that is made here: a path for a file of about `size` bytes, which is to be
  // filled and then given to add_made(); that takes it away from there, also when it fails.
  virtual Result<std::filesystem::path> make_room(const std::string& name, std::int64_t size) = 0;
  virtual Status add_made(const std::string& name, const std::filesystem::path& file,
                          const std::string& sha256) = 0;

  // too_large above `size_max` bytes.
  virtual Result<std::string> get(const std::string& name, std::size_t size_max) = 0;
  // Its first `size` bytes, or all when there are fewer.
  virtual Result<std::string> get_beginning(const std::string& name, std::size_t size) = 0;
  // Into a file, which is there whole, durably, or not at all; its folder must be there.
  virtual Result<Received> get_file(const std::string& name, const std::filesystem::path& to) = 0;
  virtual Result<bool> has(const std::string& name) = 0;

  // All whose names begin with `folder`, which ends in '/', and sort behind `after`; sorted.
  virtual Result<std::vector<Object>> list(const std::string& folder, const std::string& after) = 0;
  // The names of the folders right in it, sorted. Without objects there is no folder.
  virtual Result<std::vector<std::string>> folders(const std::string& folder) = 0;
  // Done also when it is not there.
  virtual Status remove(const std::string& name) = 0;

  // Whether faults that may pass are waited out for some seconds; true at first. A server that is
  // told to stop has no time for it.
  virtual void be_patient(bool patient) = 0;
};

// As above; and not longer than 512 bytes.
bool is_object_name(std::string_view name);

}  // namespace wenyuan::backup
