// Sealed files that somebody has written, or has changed: what opens and reads is what was sealed.
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/sealed_files.h"
#include "fuzz/fuzzed_store.h"
#include "store/key_ring.h"

namespace {

using namespace wenyuan;
namespace fs = std::filesystem;

constexpr std::string_view kBound = "original x";

// One of three sizes: nothing, a part of a piece, and a little more than two pieces.
class Sealed {
 public:
  explicit Sealed(const FuzzedStore& store) : store_(store) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{131'073}}) {
      std::string plain;
      while (plain.size() < size) plain += static_cast<char>('a' + plain.size() % 26);
      auto writer = files().create(path());
      WY_ASSERT(writer.has_value());
      WY_ASSERT((*writer)->write(plain) && (*writer)->finish(kBound));
      plain_.push_back(plain);
      sealed_.push_back(*read_file(path()));
    }
  }
  const SealedFiles& files() const { return store_.database().keys().files(); }
  fs::path path() const { return store_.folder() / "file"; }
  const std::string& plain(std::size_t which) const { return plain_[which % plain_.size()]; }
  const std::string& sealed(std::size_t which) const { return sealed_[which % sealed_.size()]; }

  void put(std::string_view bytes) const {
    std::ofstream(path(), std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

 private:
  const FuzzedStore& store_;
  std::vector<std::string> plain_;
  std::vector<std::string> sealed_;
};

// Nobody but the store can make one that opens.
void check_foreign(const Sealed& sealed, std::string_view bytes) {
  sealed.put(bytes);
  const auto opened = sealed.files().open(sealed.path(), kBound);
  WY_ASSERT(!opened);
}

// `changes`: four bytes each, place (three) and what is put in there by exclusive or.
void check_changed(const Sealed& sealed, std::size_t which, std::string_view changes) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(changes[at]); };
  std::string bytes = sealed.sealed(which);
  std::size_t at = 0;
  for (; at + 4 <= changes.size(); at += 4) {
    const std::size_t place = byte(at) + 256U * byte(at + 1) + 65'536U * byte(at + 2);
    bytes[place % bytes.size()] =
        static_cast<char>(static_cast<std::uint8_t>(bytes[place % bytes.size()]) ^ byte(at + 3));
  }
  // What is left over cuts it off, or makes it longer.
  if (changes.size() % 4 == 1) bytes.resize(bytes.size() - bytes.size() * byte(at) / 256);
  if (changes.size() % 4 == 2) bytes.append(static_cast<std::size_t>(byte(at)) + 1, 'x');
  const bool same = bytes == sealed.sealed(which);
  sealed.put(bytes);
  const auto opened = sealed.files().open(sealed.path(), kBound);
  WY_ASSERT(opened || !same);
  if (!opened) return;
  const std::string& plain = sealed.plain(which);
  WY_ASSERT(static_cast<std::size_t>((*opened)->size()) == plain.size());
  const auto whole = (*opened)->read(0, plain.size() + 10);
  WY_ASSERT(whole.has_value() == same || plain.empty());
  WY_ASSERT(!whole || *whole == plain);
  // A range may be untouched where another place was changed.
  const auto part = (*opened)->read(static_cast<std::int64_t>(plain.size() / 2), 50);
  WY_ASSERT(!part || *part == std::string_view(plain).substr(plain.size() / 2, 50));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const FuzzedStore store("sealed_file_fuzz");
  static const Sealed sealed(store);
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  // The long one seldom: it takes a hundred times as long.
  switch (data[0] % 8) {
    case 0: check_foreign(sealed, "wysealed" + std::string(rest)); break;
    case 1: check_foreign(sealed, rest); break;
    case 2: check_changed(sealed, data[0] < 32 ? 2 : 0, rest); break;
    case 3: check_changed(sealed, 0, rest); break;
    default: check_changed(sealed, 1, rest); break;
  }
  return 0;
}
