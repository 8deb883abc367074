// Random secrets beside the database, one for each thing that is to be erasable.
//
// What is sealed under a key that such a secret is part of is gone when the secret is overwritten,
// in every copy of the database and of the files: as long as nobody kept a copy of this file.
//
// The file is an array of 32 bytes each. Place 0 holds "wenyuan secrets\n" and the store's id (16
// bytes); place n the secret with the number n, zeros when it was destroyed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "store/cipher.h"

namespace wenyuan::store {

using SecretNumber = std::int64_t;  // 1, 2, …

// Thread-safe.
class ErasureSecrets {
 public:
  enum class Mode {
    create,  // makes the file; conflict when it is there
    write,
    read,  // beside a running server
  };
  // `store_id` is 32 hex digits. not_found when there is no file, corrupt when it is another
  // store's.
  static Result<std::unique_ptr<ErasureSecrets>> open(const std::filesystem::path& file,
                                                      const std::string& store_id, Mode mode);

  // The number of one that nobody has had. On disk when it returns; most calls need not wait for
  // that, because secrets are made many at a time.
  Result<SecretNumber> take();
  // not_found when it was destroyed, corrupt when this file never had it.
  Result<CipherKey> secret(SecretNumber number) const;
  Result<bool> is_destroyed(SecretNumber number) const;
  // On disk when it returns. Done when they were destroyed before.
  Status destroy(std::span<const SecretNumber> numbers) const;

 private:
  ErasureSecrets(std::filesystem::path file, FileDescriptor fd)
      : file_(std::move(file)), fd_(std::move(fd)) {}
  Status make_more();

  const std::filesystem::path file_;
  const FileDescriptor fd_;
  std::mutex mutex_;
  SecretNumber next_ = 0;  // guarded by mutex_
  SecretNumber end_ = 0;   // guarded by mutex_
};

}  // namespace wenyuan::store
