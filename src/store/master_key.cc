#include "store/master_key.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/file.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::store {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kTextSizeMax = 4096;
constexpr std::string_view kIdInfo = "wenyuan master key id 1";

// Wipes what it is given.
Result<MasterKey> parse(std::string text, const std::string& where) {
  auto bytes = from_hex(std::string(trim(text)));
  wipe(text);
  CipherKey key{};
  if (!bytes || bytes->size() != key.size()) {
    return Error{ErrorCode::corrupt, where + " does not give a master key of 64 hex digits"};
  }
  std::copy(bytes->begin(), bytes->end(), key.begin());
  wipe(*bytes);
  MasterKey made(key);
  wipe(key);
  return made;
}

Result<MasterKey> read_key_file(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return errno_error("open the master key", file);
  if ((info.st_mode & 077U) != 0) {
    return Error{ErrorCode::forbidden,
                 file.string() +
                     " may be read by others; give it mode 0600, and rotate the key if "
                     "it may have been copied"};
  }
  WY_TRY(std::string text, read_file(file, kTextSizeMax));
  return parse(std::move(text), file.string());
}

Result<MasterKey> read_variable(const std::string& name) {
  char* const value = std::getenv(name.c_str());
  if (value == nullptr) {
    return Error{ErrorCode::not_found, "the environment has no master key " + name};
  }
  std::string text = value;
  // What a process was started with stays readable in /proc as long as it runs.
  wipe({reinterpret_cast<std::uint8_t*>(value), text.size()});
  ::unsetenv(name.c_str());
  return parse(std::move(text), name);
}

Result<MasterKey> read_credential(const std::string& name) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) {
    return Error{ErrorCode::not_found,
                 "there are no credentials: CREDENTIALS_DIRECTORY is not set (LoadCredential= of "
                 "the systemd unit)"};
  }
  // The service manager made the folder, and its rights are what protects it.
  const fs::path file = fs::path(directory) / name;
  WY_TRY(std::string text, read_file(file, kTextSizeMax));
  return parse(std::move(text), file.string());
}

Result<MasterKey> run_command(const std::string& command) {
  std::FILE* const pipe = ::popen(command.c_str(), "re");
  if (pipe == nullptr) return errno_error("start the command for the master key");
  std::string text;
  std::array<char, 512> piece{};
  while (text.size() <= kTextSizeMax) {
    const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe);
    if (count == 0) break;
    text.append(piece.data(), count);
  }
  const int status = ::pclose(pipe);
  if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    wipe(text);
    return Error{ErrorCode::unavailable, "the command for the master key failed"};
  }
  return parse(std::move(text), "the command for the master key");
}

}  // namespace

MasterKey::MasterKey(const CipherKey& bytes) : bytes_(bytes) {
  const CipherKey known = derive_key(view(bytes_), kIdInfo);
  id_ = to_hex(std::span(known).first(8));
}

std::string MasterKey::wrap(std::string_view key, std::string_view bound) const {
  return seal(bytes_, key, bound);
}

std::optional<CipherKey> MasterKey::unwrap(std::string_view wrapped, std::string_view bound) const {
  return unseal_key(bytes_, wrapped, bound);
}

std::string MasterKey::text() const { return to_hex(bytes_) + "\n"; }

Result<MasterKeySource> parse_master_key_source(const std::string& text) {
  using Kind = MasterKeySource::Kind;
  constexpr std::pair<std::string_view, Kind> kinds[] = {{"file:", Kind::file},
                                                         {"env:", Kind::environment},
                                                         {"credential:", Kind::credential},
                                                         {"command:", Kind::command}};
  for (const auto& [prefix, kind] : kinds) {
    if (!text.starts_with(prefix) || text.size() == prefix.size()) continue;
    MasterKeySource source{kind, text.substr(prefix.size())};
    if (kind == Kind::credential && source.where.find('/') != std::string::npos) break;
    return source;
  }
  return Error{ErrorCode::invalid_argument,
               "a master key comes from file:PATH, env:VARIABLE, credential:NAME or "
               "command:COMMAND"};
}

Result<MasterKey> read_master_key(const MasterKeySource& source) {
  switch (source.kind) {
    case MasterKeySource::Kind::file: return read_key_file(source.where);
    case MasterKeySource::Kind::environment: return read_variable(source.where);
    case MasterKeySource::Kind::credential: return read_credential(source.where);
    case MasterKeySource::Kind::command: return run_command(source.where);
  }
  return Error{ErrorCode::internal, "an unknown source of the master key"};
}

Result<MasterKey> make_master_key(const fs::path& file) {
  CipherKey bytes{};
  random_bytes(bytes);
  MasterKey key(bytes);
  wipe(bytes);
  std::string text = key.text();
  const Status written = write_file_durably(file, text, 0600);
  wipe(text);
  WY_RETURN_IF_ERROR(written);
  return key;
}

}  // namespace wenyuan::store
