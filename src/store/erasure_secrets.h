// Random secrets beside the database, one for each thing that is to be erasable.
//
// What is sealed under a key that such a secret is part of is gone when the secret is overwritten,
// in every copy of the database and of the files: as long as nobody kept a copy of this file
// (store/secret_file.h) but the one that is kept in step with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/cipher.h"
#include "store/secret_file.h"

namespace wenyuan::store {

// What the file is called, in the folder of keys and in that of their copy.
inline constexpr const char* kSecretsFileName = "erasure.secrets";

// corrupt: what is sealed under a secret that the file never had.
Error lost_secret();

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

  // From now on `folder` has the same secrets: new ones are on disk there before they are given
  // out, and destroyed ones before destroy() returns. The copy is made when it is absent; what only
  // it has is taken from it. conflict when something is destroyed in it that is here, or when
  // another server uses it; corrupt when it is another store's.
  Status keep_copy(const std::filesystem::path& folder);
  // When this file ends before `last`: what is missing counts as lost, so that no number up to
  // `last`, nor one soon after it, is given out a second time.
  Status skip_to(SecretNumber last);

  // The number of one that nobody has had. On disk when it returns; most calls need not wait for
  // that, because secrets are made many at a time. unavailable when the copy cannot be written.
  Result<SecretNumber> take();
  // not_found when it was destroyed, corrupt when this file never had it.
  Result<CipherKey> secret(SecretNumber number) const;
  Result<SecretState> state(SecretNumber number) const;
  Result<bool> is_destroyed(SecretNumber number) const;
  // unavailable when the copy cannot be written: to be asked before something is erased. A copy
  // that was away is taken up again when it is back.
  Status ready();
  // On disk when it returns. Done when they were destroyed before.
  Status destroy(std::span<const SecretNumber> numbers);
  // As ready(), when it was last asked or something was written; Done without a copy. Fast.
  Status copy_health() const;
  bool has_copy() const { return !copy_path_.empty(); }

 private:
  ErasureSecrets(SecretFile file, std::string store_id)
      : file_(std::move(file)), store_id_(std::move(store_id)) {}
  Status make_more();
  Status ready_locked();
  Status take_up_copy();
  Status note(const Status& outcome);

  const SecretFile file_;
  const std::string store_id_;
  std::filesystem::path copy_path_;  // set before others use this; empty: there is no copy
  mutable std::mutex mutex_;
  std::optional<SecretFile> copy_;     // guarded by mutex_; empty while it is away
  std::optional<Error> copy_trouble_;  // guarded by mutex_
  std::vector<CipherKey> unfinished_;  // made, but not yet in both files; guarded by mutex_
  SecretNumber next_ = 0;              // guarded by mutex_
  SecretNumber end_ = 0;               // guarded by mutex_
};

}  // namespace wenyuan::store
