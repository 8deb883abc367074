// The array of erasure secrets in a file.
//
// 32 bytes each. Place 0 holds "wenyuan secrets\n" and the store's id (16 bytes); place n the
// secret with the number n: zeros when it was destroyed, ff when this file never had it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "store/cipher.h"

namespace wenyuan::store {

using SecretNumber = std::int64_t;  // 1, 2, …

enum class SecretState {
  lost,  // not in this file, which is older than whatever the secret is for
  there,
  destroyed,
};

constexpr std::size_t kSecretSize = sizeof(CipherKey);

// Move-only. Reading and overwriting are thread-safe, what makes the file longer is not.
class SecretFile {
 public:
  enum class Mode { write, read };
  // not_found when there is none, corrupt when it is no such file or another store's. `store_id`
  // is 32 hex digits.
  static Result<SecretFile> open(const std::filesystem::path& path, const std::string& store_id,
                                 Mode mode);
  // A new one with what is in `from` (null: nothing), on disk when it returns. conflict when it is
  // there.
  static Result<SecretFile> make(const std::filesystem::path& path, const std::string& store_id,
                                 const SecretFile* from);

  const std::filesystem::path& path() const { return path_; }
  // The first number that no part of is in the file.
  Result<SecretNumber> end() const;
  // Places from `first` on, as they are: see state_of(). What the file does not have is ff.
  Status read(SecretNumber first, std::span<CipherKey> places) const;

  // Not on disk before sync().
  Status write(SecretNumber first, std::span<const CipherKey> places) const;
  // Zeros in place of each; one that is beyond the end stays there.
  Status destroy(std::span<const SecretNumber> numbers) const;
  Status sync() const;

  // Done when what is written now comes to lie on the disk, in the file that the path leads to.
  Status probe() const;
  // conflict when somebody else does, as long as this file is open.
  Status lock() const;

 private:
  SecretFile(std::filesystem::path path, FileDescriptor fd, std::string header)
      : path_(std::move(path)), fd_(std::move(fd)), header_(std::move(header)) {}

  std::filesystem::path path_;
  FileDescriptor fd_;
  std::string header_;
};

SecretState state_of(const CipherKey& place);
// A place for a secret that this file never had.
CipherKey lost_place();

enum class Merge {
  erasing,  // what is destroyed in one is destroyed in the other
  careful,  // conflict when something is destroyed that the other has
};
// Gives `into` what it lacks of `from`: secrets that it never had, and, when `merge` allows it,
// destructions. conflict when they have different secrets with one number. On disk when it returns.
Status merge_secrets(const SecretFile& into, const SecretFile& from, Merge merge);

// For a store that nobody has open: makes `file`, or gives it what it lacks, of `copy`, erasures
// too.
Status bring_secrets(const std::filesystem::path& file, const std::filesystem::path& copy,
                     const std::string& store_id);

}  // namespace wenyuan::store
