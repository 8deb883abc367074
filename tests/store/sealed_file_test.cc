// Sealed files open as what they were, or not at all.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "base/file.h"
#include "store/key_ring.h"
#include "tests/store/content_fixture.h"

namespace wenyuan::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 64 * 1024;

class SealedFileTest : public ContentFixture {
 protected:
  const SealedFiles& files() const { return database->keys().files(); }
  fs::path file() const { return home.path() / "sealed"; }

  void put(const std::string& content) {
    auto writer = files().create(file());
    ASSERT_TRUE(writer) << writer.error().message;
    // In odd pieces.
    for (std::size_t at = 0; at < content.size(); at += 5003) {
      ASSERT_TRUE((*writer)->write(std::string_view(content).substr(at, 5003)));
    }
    ASSERT_TRUE((*writer)->finish("bound"));
  }
  Result<std::string> get(const std::string& bound = "bound") {
    WY_TRY(const auto reader, files().open(file(), bound));
    return reader->read(0, static_cast<std::size_t>(reader->size()));
  }
  static std::string some_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
    return bytes;
  }
};

TEST_F(SealedFileTest, GiveBackWhatWasWrittenAtEverySize) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kPiece - 1, kPiece, kPiece + 1,
                                 3 * kPiece, 3 * kPiece + 77}) {
    const std::string content = some_bytes(size);
    put(content);
    const auto read = get();
    ASSERT_TRUE(read) << size << ": " << read.error().message;
    EXPECT_EQ(*read, content) << size;
  }
}

TEST_F(SealedFileTest, GiveAnyRange) {
  const std::string content = some_bytes(3 * kPiece + 77);
  put(content);
  const auto reader = *files().open(file(), "bound");
  EXPECT_EQ(reader->size(), static_cast<std::int64_t>(content.size()));
  for (const auto& [at, count] : std::vector<std::pair<std::size_t, std::size_t>>{
           {0, 10}, {kPiece - 3, 6}, {kPiece, kPiece}, {5, 3 * kPiece}, {3 * kPiece + 70, 100}}) {
    EXPECT_EQ(*reader->read(static_cast<std::int64_t>(at), count), content.substr(at, count));
  }
  EXPECT_EQ(*reader->read(static_cast<std::int64_t>(content.size()), 5), "");
  EXPECT_EQ(*reader->read(1 << 30, 5), "");
}

TEST_F(SealedFileTest, OpenForNothingElse) {
  put("content");
  EXPECT_EQ(get("other").error().code, ErrorCode::corrupt);
  EXPECT_EQ(get("").error().code, ErrorCode::corrupt);
  fs::remove(file());
  EXPECT_EQ(get().error().code, ErrorCode::not_found);
}

TEST_F(SealedFileTest, AreNoticedWhenChangedAnywhere) {
  put(some_bytes(2 * kPiece + 9));
  const std::string good = *read_file(file());
  for (std::size_t at = 0; at < good.size(); at += at < 200 ? 1 : 3001) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    ASSERT_TRUE(write_file_durably(file(), bad));
    EXPECT_FALSE(get()) << at;
  }
}

TEST_F(SealedFileTest, AreNoticedWhenCutOffOrPutTogetherAnew) {
  put(some_bytes(3 * kPiece));
  const std::string good = *read_file(file());
  const std::size_t piece = kPiece + 16;
  const std::size_t header = good.size() - 3 * piece;
  const auto refused = [&](const std::string& bytes) {
    EXPECT_TRUE(write_file_durably(file(), bytes));
    return !get().has_value();
  };
  EXPECT_TRUE(refused(good.substr(0, good.size() - 1)));
  EXPECT_TRUE(refused(good.substr(0, good.size() - piece)));
  EXPECT_TRUE(refused(good.substr(0, header)));
  EXPECT_TRUE(refused(good.substr(0, 10)));
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused(good + "x"));
  EXPECT_TRUE(refused(good + good.substr(header, piece)));
  std::string swapped = good;
  swapped.replace(header, piece, good, header + piece, piece);
  swapped.replace(header + piece, piece, good, header, piece);
  EXPECT_TRUE(refused(swapped));
  EXPECT_FALSE(refused(good));
}

TEST_F(SealedFileTest, LeaveNothingWhenTheyAreNotFinished) {
  {
    auto writer = files().create(file());
    ASSERT_TRUE((*writer)->write("half"));
    EXPECT_TRUE(fs::exists(file()));
  }
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(SealedFileTest, AreWorthNothingInACopyOnceDestroyed) {
  put("content");
  const fs::path copy = home.path() / "copy";
  fs::copy(file(), copy);
  ASSERT_TRUE(files().destroy(file(), "bound"));
  EXPECT_FALSE(fs::exists(file()));
  ASSERT_TRUE(files().destroy(file(), "bound"));
  EXPECT_EQ(files().open(copy, "bound").error().code, ErrorCode::not_found);
}

TEST_F(SealedFileTest, TakeTheKeyAlongWhenTheyWereCutOff) {
  put("content");
  const fs::path copy = home.path() / "copy";
  fs::copy(file(), copy);
  fs::resize_file(file(), fs::file_size(file()) - 1);
  ASSERT_TRUE(files().destroy(file(), "bound"));
  EXPECT_EQ(files().open(copy, "bound").error().code, ErrorCode::not_found);
}

TEST_F(SealedFileTest, StayWhenTheirKeyCannotBeDestroyedNow) {
  put("content");
  const fs::path target = home.path() / "target";
  fs::rename(file(), target);
  put("other");
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};  // so that nothing can be opened
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Status destroyed = files().destroy(target, "bound");
  const Status replaced = files().replace(file(), target, "bound");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_FALSE(destroyed);
  EXPECT_FALSE(replaced);
  EXPECT_EQ(*(*files().open(target, "bound"))->read(0, 10), "content");
  EXPECT_TRUE(files().destroy(target, "bound"));
}

TEST_F(SealedFileTest, GoWhenTheyAreSoDamagedThatNobodyKnowsTheirKey) {
  put("content");
  ASSERT_TRUE(write_file_durably(file(), "something else"));
  EXPECT_TRUE(files().destroy(file(), "bound"));
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(SealedFileTest, TakeTheKeyOfWhatTheyReplace) {
  put("old");
  const fs::path copy = home.path() / "copy";
  const fs::path target = home.path() / "target";
  fs::rename(file(), target);
  fs::copy(target, copy);
  put("new");
  ASSERT_TRUE(files().replace(file(), target, "bound"));
  EXPECT_EQ(*(*files().open(target, "bound"))->read(0, 10), "new");
  EXPECT_FALSE(files().open(copy, "bound"));
}

}  // namespace
}  // namespace wenyuan::store
