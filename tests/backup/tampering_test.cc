#include "tests/backup/backup_fixture.h"

namespace wenyuan::backup {
namespace {

class Tampering : public BackupFixture {
 protected:
  void SetUp() override {
    BackupFixture::SetUp();
    put("one");
    start();
    for (const char* const content : {"two", "three", "four"}) {
      put(content);
      ship();
    }
    ASSERT_TRUE(fs::exists(segment(3)));
  }

  std::string complaint() { return restore(target.path() / std::to_string(++tries)); }
  void write_over(const fs::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string read(const fs::path& file) { return *read_file(file); }

  int tries = 0;
};

TEST_F(Tampering, WithAnyByteOfASegmentIsFound) {
  const std::string good = read(segment(2));
  for (std::size_t at = 0; at < good.size(); at += 1 + good.size() / 11) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    write_over(segment(2), bad);
    EXPECT_NE(complaint(), "") << at;
  }
}

TEST_F(Tampering, ByCuttingASegmentOffIsFound) {
  const std::string good = read(segment(3));
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{40}, good.size() / 2, good.size() - 1}) {
    write_over(segment(3), good.substr(0, size));
    EXPECT_NE(complaint(), "") << size;
  }
  write_over(segment(3), good + "x");
  EXPECT_NE(complaint(), "");
}

TEST_F(Tampering, ByTakingASegmentAwayIsFound) {
  fs::remove(segment(2));
  EXPECT_THAT(complaint(), testing::HasSubstr("is missing, and there are later ones"));
}

TEST_F(Tampering, BySwappingSegmentsIsFound) {
  const std::string two = read(segment(2));
  write_over(segment(2), read(segment(3)));
  write_over(segment(3), two);
  EXPECT_THAT(complaint(), testing::HasSubstr("stands in another's place"));
}

TEST_F(Tampering, WithASegmentOfAnotherGenerationIsFound) {
  const std::string foreign = read(segment(1));
  clock.advance(std::chrono::milliseconds(5));
  ASSERT_TRUE(shipper->begin());
  put("five");
  ship();
  write_over(segment(1), foreign);
  EXPECT_THAT(complaint(), testing::HasSubstr("stands in another's place"));
}

TEST_F(Tampering, WithAnotherKeyIsFound) {
  store::TemporaryDirectory other;
  const auto key = audit::SigningKey::open(other.path() / "k", other.path() / "k.pub");
  ASSERT_TRUE(key);
  auto opened = Segment::open(read(segment(1)), checkpointer->key());
  ASSERT_TRUE(opened);
  SegmentHead head = opened->head();
  const EncodedSegment forged = encode_segment(head, {{1, 1, 1, std::string(4100, 'x')}}, *key);
  write_over(segment(1), forged.bytes);
  EXPECT_THAT(complaint(), testing::HasSubstr("not signed by this key"));
}

TEST_F(Tampering, WithTheBaseOrTheManifestIsFound) {
  const std::string generation = shipper->state().generation;
  const std::string base = read(backup.path() / base_name(generation));
  std::string bad = base;
  bad[bad.size() / 2] = static_cast<char>(bad[bad.size() / 2] ^ 1);
  write_over(backup.path() / base_name(generation), bad);
  EXPECT_THAT(complaint(), testing::HasSubstr("is not what the manifest names"));
  write_over(backup.path() / base_name(generation), base);
  const std::string manifest = read(backup.path() / manifest_name(generation));
  for (std::size_t at = 0; at < manifest.size(); at += 1 + manifest.size() / 11) {
    bad = manifest;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_over(backup.path() / manifest_name(generation), bad);
    EXPECT_NE(complaint(), "") << at;
  }
  write_over(backup.path() / manifest_name(generation), manifest);
  EXPECT_EQ(complaint(), "");
}

}  // namespace
}  // namespace wenyuan::backup
