#include "llm/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>

#include "tests/llm/gguf_bytes.h"

namespace wenyuan::llm {
namespace {

using testing::HasSubstr;

Result<Gguf> open_bytes(std::string_view bytes) {
  const TemporaryFile file("wenyuan_gguf_" + std::to_string(::getpid()), bytes);
  return Gguf::open(file.path());
}

// One of every kind of value, and two tensors.
std::string good_file() {
  GgufBytes file;
  file.header(2, 8);
  file.key("general.architecture", 8).text("llama");
  file.key("a.u32", 4).put(std::uint32_t{7});
  file.key("a.i8", 1).put(std::int8_t{-3});
  file.key("a.real", 6).put(1.5F);
  file.key("a.flag", 7).put(std::uint8_t{1});
  file.key("a.texts", 9).put(std::uint32_t{8}).put(std::uint64_t{2}).text("x").text("yz");
  file.key("a.numbers", 9).put(std::uint32_t{5}).put(std::uint64_t{2});
  file.put(std::int32_t{-1}).put(std::int32_t{2});
  file.key("a.u64", 10).put(std::numeric_limits<std::uint64_t>::max());
  file.tensor("first", {4, 2}, 0, 0);
  file.tensor("second", {32}, 2, 32);
  file.pad().zeros(32 + 18);
  return file.bytes;
}

TEST(Gguf, ReadsValuesAndTensors) {
  const auto file = open_bytes(good_file());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->architecture(), "llama");
  EXPECT_EQ(file->integer("a.u32"), 7);
  EXPECT_EQ(file->integer("a.i8"), -3);
  EXPECT_EQ(file->real("a.real"), 1.5);
  EXPECT_EQ(file->real("a.u32"), 7.0);
  EXPECT_EQ(file->flag("a.flag"), true);
  EXPECT_EQ(file->integer("a.u64"), std::nullopt);
  EXPECT_EQ(file->integer("a.real"), std::nullopt);
  EXPECT_EQ(file->text("missing"), std::nullopt);
  ASSERT_NE(file->texts("a.texts"), nullptr);
  EXPECT_EQ(*file->texts("a.texts"), (std::vector<std::string>{"x", "yz"}));
  EXPECT_EQ(file->integers("a.numbers"), (std::vector<std::int64_t>{-1, 2}));
  EXPECT_EQ(file->reals("a.numbers"), (std::vector<double>{-1, 2}));
  const TensorView* first = file->tensor("first");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->shape, (std::vector<std::uint64_t>{4, 2}));
  EXPECT_EQ(first->element_count(), 8U);
  EXPECT_EQ(first->bytes.size(), 32U);
  EXPECT_EQ(file->tensor("second")->bytes.size(), 18U);
  EXPECT_EQ(file->tensor("third"), nullptr);
}

TEST(Gguf, RefusesAGoodFileCutAnywhere) {
  const std::string good = good_file();
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(open_bytes(std::string_view(good).substr(0, size))) << "cut to " << size;
  }
  EXPECT_TRUE(open_bytes(good));
}

TEST(Gguf, SurvivesAnyByteOfAGoodFileBeingAnother) {
  const std::string good = good_file();
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char value : {'\0', '\x01', '\x7F', '\xFF'}) {
      std::string bad = good;
      bad[at] = value;
      const auto file = open_bytes(bad);
      if (file) continue;
      EXPECT_FALSE(file.error().message.empty());
    }
  }
}

TEST(Gguf, ReadsADifferentAlignment) {
  GgufBytes file;
  file.header(1, 1).key("general.alignment", 4).put(std::uint32_t{64});
  file.tensor("t", {1}, 0, 64).pad(64).zeros(68);
  const auto opened = open_bytes(file.bytes);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->tensor("t")->bytes.size(), 4U);
}

TEST(Gguf, SaysThatAFileIsNoGgufOfVersion3) {
  const auto code = [](const GgufBytes& file) { return open_bytes(file.bytes).error().code; };
  EXPECT_EQ(open_bytes("").error().code, ErrorCode::unsupported_media);
  EXPECT_EQ(open_bytes("GGU").error().code, ErrorCode::unsupported_media);
  EXPECT_EQ(open_bytes("%PDF-1.7 and more than that").error().code, ErrorCode::unsupported_media);
  EXPECT_EQ(code(GgufBytes().header(0, 0, 2)), ErrorCode::unsupported_media);
  EXPECT_EQ(code(GgufBytes().header(0, 0, 4)), ErrorCode::unsupported_media);
  EXPECT_EQ(code(GgufBytes().header(0, 0, 0x03000000)), ErrorCode::unsupported_media);
}

TEST(Gguf, SaysThatAFileIsMissing) {
  EXPECT_EQ(Gguf::open("/nonexistent/model.gguf").error().code, ErrorCode::not_found);
}

struct BadFile {
  const char* what;
  GgufBytes bytes;
  const char* message;
};

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

GgufBytes pair(std::uint32_t type) { return GgufBytes().header(0, 1).key("k", type); }
GgufBytes list(std::uint32_t type, std::uint64_t count) { return pair(9).put(type).put(count); }
GgufBytes tensor(const std::vector<std::uint64_t>& shape, std::uint32_t type = 0,
                 std::uint64_t offset = 0) {
  return GgufBytes().header(1, 0).tensor("t", shape, type, offset).pad().zeros(256);
}

std::vector<BadFile> bad_metadata() {
  return {
      {"2^64 - 1 tensors", GgufBytes().header(kHuge, 0), "tensors"},
      {"2^64 - 1 entries", GgufBytes().header(0, kHuge), "entries"},
      {"more entries than there are", GgufBytes().header(0, 3), "ends"},
      {"a key of 2^64 - 1 bytes", GgufBytes().header(0, 1).put(kHuge), "too long"},
      {"a key beyond the end", GgufBytes().header(0, 1).put(std::uint64_t{60000}), "ends"},
      {"a text of 2^63 bytes", pair(8).put(std::uint64_t{1} << 63), "too long"},
      {"a text beyond the end", pair(8).put(std::uint64_t{5}), "ends"},
      {"an unknown type of value", pair(13), "unknown value type 13"},
      {"an enormous type of value", pair(0xFFFFFFFF), "unknown value type"},
      {"a flag of 2", pair(7).put(std::uint8_t{2}), "neither 0 nor 1"},
      {"an array of 2^64 - 1", list(0, kHuge), "beyond the limit"},
      {"an array whose bytes overflow", list(10, (kHuge >> 3) + 2), "beyond the limit"},
      {"an array beyond the end", list(4, 1000), "ends inside an array"},
      {"an array of flags beyond the end", list(7, 1000), "ends inside an array"},
      {"an array of texts beyond the end", list(8, 1000), "ends inside an array"},
      {"an array with a flag of 3", list(7, 1).put(std::uint8_t{3}), "neither 0 nor 1"},
      {"an array of arrays", list(9, 1).put(std::uint32_t{9}), "array of arrays"},
      {"an array of an unknown type", list(99, 1).put(kHuge), "unknown array type 99"},
      {"a key twice", GgufBytes().header(0, 2).key("k", 0).put('\1').key("k", 0).put('\2'),
       "occurs twice"},
      {"an alignment of 0",
       GgufBytes().header(0, 1).key("general.alignment", 4).put(std::uint32_t{0}), "alignment"},
      {"an alignment of 24",
       GgufBytes().header(0, 1).key("general.alignment", 4).put(std::uint32_t{24}), "alignment"},
      {"an enormous alignment",
       GgufBytes().header(0, 1).key("general.alignment", 4).put(std::uint32_t{1} << 31),
       "alignment"},
      {"an alignment in words", GgufBytes().header(0, 1).key("general.alignment", 8).text("32"),
       "alignment"},
  };
}

std::vector<BadFile> bad_tensors() {
  GgufBytes twice;
  twice.header(2, 0).tensor("t", {1}, 0, 0).tensor("t", {1}, 0, 32).pad().zeros(64);
  GgufBytes cut = tensor({8});
  cut.bytes.resize(cut.bytes.size() - 256 + 31);
  return {
      {"no dimensions", tensor({}), "0 dimensions"},
      {"five dimensions", tensor({1, 1, 1, 1, 1}), "5 dimensions"},
      {"a size of 0", tensor({4, 0}), "impossible size"},
      {"a size of 2^64 - 1", tensor({kHuge}), "impossible size"},
      {"a product beyond 2^64", tensor({1ULL << 33, 1ULL << 33}), "impossible size"},
      {"a product that wraps to a small one", tensor({1ULL << 32, 1ULL << 32, 4}), "impossible"},
      {"bytes beyond 2^63", tensor({1ULL << 62}), "too large"},
      {"an unknown type", tensor({32}, 4), "unknown type 4"},
      {"an enormous type", tensor({32}, 0xFFFFFFFF), "unknown type"},
      {"half a block", tensor({48}, 2), "whole blocks of Q4_0"},
      {"rows that are no whole blocks", tensor({16, 2}, 8), "whole blocks of Q8_0"},
      {"an offset off the alignment", tensor({1}, 0, 4), "multiple of 32"},
      {"an offset beyond the end", tensor({1}, 0, 1024), "beyond the end"},
      {"an offset of nearly 2^64", tensor({16}, 0, kHuge - 31), "beyond the end"},
      {"bytes beyond the end", tensor({65}), "beyond the end"},
      {"one byte too few", cut, "beyond the end"},
      {"a name twice", twice, "occurs twice"},
      {"a name of 256 bytes",
       GgufBytes().header(1, 0).tensor(std::string(256, 'x'), {1}, 0, 0).pad().zeros(32),
       "too long"},
      {"more tensors than there are", GgufBytes().header(2, 0).tensor("t", {1}, 0, 0), "ends"},
      {"no data", GgufBytes().header(1, 0).tensor("t", {1}, 0, 0), "beyond the end"},
  };
}

TEST(Gguf, RefusesBadMetadataAndSaysWhy) {
  for (const BadFile& bad : bad_metadata()) {
    const auto file = open_bytes(bad.bytes.bytes);
    ASSERT_FALSE(file) << bad.what;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt) << bad.what;
    EXPECT_THAT(file.error().message, HasSubstr(bad.message)) << bad.what;
  }
}

TEST(Gguf, RefusesBadTensorsAndSaysWhy) {
  for (const BadFile& bad : bad_tensors()) {
    const auto file = open_bytes(bad.bytes.bytes);
    ASSERT_FALSE(file) << bad.what;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt) << bad.what;
    EXPECT_THAT(file.error().message, HasSubstr(bad.message)) << bad.what;
  }
}

TEST(Gguf, ShowsAHostileNameHarmlessly) {
  const auto file = open_bytes(
      GgufBytes().header(1, 0).tensor("a\n\x1B[2J\xFF", {0}, 0, 0).pad().zeros(32).bytes);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message.find('\n'), std::string::npos);
  EXPECT_EQ(file.error().message.find('\x1B'), std::string::npos);
  EXPECT_EQ(file.error().message.find('\xFF'), std::string::npos);
}

}  // namespace
}  // namespace wenyuan::llm
