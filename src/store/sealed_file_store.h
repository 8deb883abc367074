// Sealed files under the store's keys (docs/formats/sealed-file.md).
#pragma once

#include <memory>
#include <string>

#include "base/sealed_files.h"
#include "store/erasure_secrets.h"

namespace wenyuan::store {

class KeyRing;

// Every file has a random key of its own, wrapped under a key that is derived from the store's and
// from an erasure secret. Its bytes are sealed in pieces of 64 KiB: each says which piece it is and
// whether it is the last, so that none can be changed, moved, left out or cut off.
class SealedFileStore final : public SealedFiles {
 public:
  // `keys` must outlive it.
  explicit SealedFileStore(const KeyRing& keys) : keys_(keys) {}

  Result<std::unique_ptr<SealedWriter>> create(const std::filesystem::path& path) const override;
  Result<std::unique_ptr<SealedReader>> open(const std::filesystem::path& path,
                                             std::string_view bound) const override;
  Status replace(const std::filesystem::path& from, const std::filesystem::path& to,
                 std::string_view bound) const override;
  Status destroy(const std::filesystem::path& path, std::string_view bound) const override;

 private:
  // 0 when there is no file, its key was destroyed before, or it does not tell its key.
  Result<SecretNumber> secret_of(const std::filesystem::path& path, std::string_view bound) const;
  Status destroy_secret(SecretNumber secret) const;
  // Asked before a file goes whose secret is to go with it.
  Status ready_to_destroy(SecretNumber secret) const;

  const KeyRing& keys_;
};

}  // namespace wenyuan::store
