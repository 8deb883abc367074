#include "llm/memory_need.h"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

TEST(MemoryAvailable, IsWhatTheMachineSays) {
  const ScratchFolder root;
  write(root / "proc/meminfo", "MemTotal:  2000 kB\nMemAvailable:    1000 kB\n");
  EXPECT_EQ(memory_available(root.path()), 1000 * 1024);
}

TEST(MemoryAvailable, IsLimitedByEveryControlGroupAboveUs) {
  const ScratchFolder root;
  write(root / "proc/meminfo", "MemAvailable: 1000000 kB\n");
  write(root / "proc/self/cgroup", "0::/system.slice/wenyuan.service\n");
  write(root / "sys/fs/cgroup/system.slice/wenyuan.service/memory.max", "max\n");
  write(root / "sys/fs/cgroup/system.slice/wenyuan.service/memory.current", "10\n");
  write(root / "sys/fs/cgroup/system.slice/memory.max", "5000\n");
  write(root / "sys/fs/cgroup/system.slice/memory.current", "4000\n");
  write(root / "sys/fs/cgroup/system.slice/memory.stat", "anon 3\ninactive_file 500\n");
  EXPECT_EQ(memory_available(root.path()), 1500);
}

TEST(MemoryAvailable, KnowsTheOlderControlGroups) {
  const ScratchFolder root;
  write(root / "sys/fs/cgroup/memory/memory.limit_in_bytes", "9000\n");
  write(root / "sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n");
  EXPECT_EQ(memory_available(root.path()), 8000);
}

TEST(MemoryAvailable, IsUnlimitedWhereNothingIsKnown) {
  const ScratchFolder root;
  EXPECT_EQ(memory_available(root.path()), std::numeric_limits<std::int64_t>::max());
}

TEST(CheckMemory, NamesBothNumbers) {
  EXPECT_TRUE(check_memory("m", 100, 100));
  const Status checked = check_memory("big", std::int64_t{3} << 30, std::int64_t{1} << 30);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::unavailable);
  EXPECT_NE(checked.error().message.find("3072 MiB"), std::string::npos);
  EXPECT_NE(checked.error().message.find("1024 MiB"), std::string::npos);
}

TEST(MemoryNeed, GrowsWithTheTokens) {
  const ScratchFolder folder;
  write_tiny_llama(folder / "m.gguf");
  const auto file = Gguf::open(folder / "m.gguf");
  ASSERT_TRUE(file);
  // 2 layers, 2 key heads of 16 numbers, keys and values, 4 bytes as the weights have.
  EXPECT_EQ(memory_need(*file, 1000) - memory_need(*file, 0), 1000 * 2 * 2 * 16 * 2 * 4);
  EXPECT_GT(memory_need(*file, 0), static_cast<std::int64_t>(file->size_bytes()));
}

}  // namespace
}  // namespace wenyuan::llm
