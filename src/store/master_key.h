// The key that all others of a store are wrapped under, and where it comes from.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "store/cipher.h"

namespace wenyuan::store {

// Wiped when it goes.
class MasterKey {
 public:
  explicit MasterKey(const CipherKey& bytes);
  MasterKey(const MasterKey&) = default;
  MasterKey& operator=(const MasterKey&) = default;
  ~MasterKey() { store::wipe(bytes_); }

  // 16 hex digits that tell keys apart and nothing about them.
  const std::string& id() const { return id_; }
  std::string wrap(std::string_view key, std::string_view bound) const;
  // Nothing when it was wrapped under another key, or bound to something else.
  std::optional<CipherKey> unwrap(std::string_view wrapped, std::string_view bound) const;
  // 64 hex digits and a line end.
  std::string text() const;

 private:
  CipherKey bytes_;
  std::string id_;
};

struct MasterKeySource {
  enum class Kind { file, environment, credential, command };
  Kind kind = Kind::file;
  std::string where{};  // a path, or the name of a variable or credential, or a command line
};

// "file:PATH", "env:VARIABLE", "credential:NAME" (a file in $CREDENTIALS_DIRECTORY) or
// "command:COMMAND LINE" (for a key-management service or a token: it prints the key). All give 64
// hex digits. invalid_argument for anything else.
Result<MasterKeySource> parse_master_key_source(const std::string& text);

// not_found when there is no such file, variable or credential; forbidden for a file that others
// may read; corrupt for what is not a key. A variable is taken out of the environment, so that no
// child inherits it. The words of an error say where the key was looked for, never what was found.
Result<MasterKey> read_master_key(const MasterKeySource& source);

// A random one in `file` (0600), on disk when it returns.
Result<MasterKey> make_master_key(const std::filesystem::path& file);

}  // namespace wenyuan::store
