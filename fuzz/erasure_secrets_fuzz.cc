// Files of erasure secrets as they may be found: opened, and brought together with another.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/file.h"
#include "store/erasure_secrets.h"
#include "store/secret_file.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::store;
namespace fs = std::filesystem;

constexpr SecretNumber kPlaces = 140;  // more than fit into an input
const std::string kStore(32, 'a');
const std::string kHeader = "wenyuan secrets\n" + std::string(16, '\xaa');

class Folder {
 public:
  Folder() : path_("/dev/shm/wenyuan_secrets_fuzz_" + std::to_string(::getpid())) {
    fs::create_directories(path_);
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path file(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

void put(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

using Places = std::array<CipherKey, kPlaces>;
Places places_of(const SecretFile& file) {
  Places places;
  WY_ASSERT(file.read(1, places));
  return places;
}

void check_open(const fs::path& path, std::string_view bytes) {
  put(path, bytes);
  const auto opened = ErasureSecrets::open(path, kStore, ErasureSecrets::Mode::write);
  WY_ASSERT(opened.has_value() == bytes.starts_with(kHeader));
  if (!opened) return;
  for (SecretNumber number = 1; number < kPlaces; number += 7) {
    const auto state = (*opened)->state(number);
    const auto secret = (*opened)->secret(number);
    WY_ASSERT(state && secret.has_value() == (*state == SecretState::there));
  }
  const auto taken = (*opened)->take();
  WY_ASSERT(taken && *taken * 32 >= static_cast<SecretNumber>(bytes.size()));
}

// Nothing that was destroyed comes back, nothing is lost, and once is enough.
void check_merge(const Folder& folder, std::string_view ours, std::string_view theirs,
                 Merge merge) {
  put(folder.file("into"), ours);
  put(folder.file("from"), theirs);
  const auto into = SecretFile::open(folder.file("into"), kStore, SecretFile::Mode::write);
  const auto from = SecretFile::open(folder.file("from"), kStore, SecretFile::Mode::read);
  WY_ASSERT(into && from);
  const Places had = places_of(*into);
  const Places given = places_of(*from);
  const bool merged = merge_secrets(*into, *from, merge).has_value();
  const Places now = places_of(*into);
  WY_ASSERT(places_of(*from) == given);
  for (std::size_t i = 0; i < had.size(); ++i) {
    const SecretState before = state_of(had[i]);
    const SecretState other = state_of(given[i]);
    if (before == SecretState::destroyed) WY_ASSERT(now[i] == had[i]);
    if (before == SecretState::there && other != SecretState::destroyed) {
      WY_ASSERT(now[i] == had[i]);
    }
    if (merge == Merge::careful && before == SecretState::there) WY_ASSERT(now[i] == had[i]);
    if (merged && before == SecretState::lost) WY_ASSERT(now[i] == given[i]);
    if (merged && other == SecretState::destroyed) {
      WY_ASSERT(state_of(now[i]) == SecretState::destroyed);
    }
  }
  if (!merged) return;
  WY_ASSERT(merge_secrets(*into, *from, merge));
  WY_ASSERT(places_of(*into) == now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  if (size < 2) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] % 4) {
    case 0: check_open(folder.file("one"), rest); break;
    case 1: check_open(folder.file("one"), kHeader + std::string(rest)); break;
    default: {
      const std::size_t parted = rest.size() * data[1] / 255;
      check_merge(folder, kHeader + std::string(rest.substr(0, parted)),
                  kHeader + std::string(rest.substr(parted)),
                  data[0] % 4 == 2 ? Merge::erasing : Merge::careful);
    }
  }
  return 0;
}
