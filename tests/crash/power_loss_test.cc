// Power cuts at any moment of a real run, with every outcome that the disk may have.
//
// WENYUAN_POWER_LOSS_IMAGES sets how many images are made (300 here; the figure in bench/README.md
// is for 20,000), WENYUAN_POWER_LOSS_SEED the first seed. A failure names its seed, cut and kind.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "backup/replica.h"
#include "tests/crash/backups.h"
#include "tests/crash/recording.h"

namespace wenyuan::crash {
namespace {

namespace fs = std::filesystem;

constexpr int kOperations = 40;  // of one run
constexpr int kImagesOfOneRun = 150;
// After so many images the power fails again while the server starts.
constexpr int kAgainEvery = 6;
// And after so many its backup is looked at too.
constexpr int kBackupEvery = 4;

std::uint64_t number_from(const char* variable, std::uint64_t usual) {
  const char* const text = std::getenv(variable);  // NOLINT: no threads here
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

struct Cut {
  std::size_t count = 0;
  Survival survival = Survival::nothing;
  std::uint64_t seed = 0;
  bool with_backup = false;
};

std::vector<Cut> some_cuts(const Recording& run, int count, std::mt19937_64& random) {
  std::vector<Cut> cuts;
  for (int i = 0; i < count; ++i) {
    cuts.push_back({1 + random() % run.size(), static_cast<Survival>(random() % 5), random(),
                    i % kBackupEvery == 0});
  }
  std::sort(cuts.begin(), cuts.end(),
            [](const Cut& one, const Cut& other) { return one.count < other.count; });
  return cuts;
}

std::string compare_backup(Node& node, const fs::path& data) {
  const auto wanted = read_facts(node.database());
  if (!wanted) return wanted.error().message;
  const auto restored = restored_facts(data);
  if (!restored) return "the backup that goes on cannot be restored: " + restored.error().message;
  return difference(*wanted, *restored);
}

// What is wrong with the backup of a server that has started again.
std::string look_at_backup(Node& node, const fs::path& data, const Recording& run,
                           std::size_t count) {
  if (!run.has_backup(count)) return "";
  const auto restored = restored_facts(data);
  if (!restored) return "the backup cannot be restored: " + restored.error().message;
  std::string wrong = run.judge_backup(*restored, count);
  if (!wrong.empty()) return "of what was backed up\n" + wrong;
  // What was being restored, or followed, goes on without anybody's help; so does the backup.
  const fs::path begun = data.parent_path() / "restored", standby = data.parent_path() / "standby";
  const bool is_whole = fs::exists(begun / "wenyuan.db") && !backup::Replica::is_replica(begun);
  if (fs::exists(begun) && !is_whole) {
    const Status ended = restore(data, begun);
    if (!ended) return "what was being restored stays so: " + ended.error().message;
  }
  if (const Status shipped = node.ship(); !shipped) return "no backup: " + shipped.error().message;
  if (const Status followed = follow(data, standby); !followed) {
    return "nobody can follow: " + followed.error().message;
  }
  return compare_backup(node, data);
}

// What is wrong with a server that starts on this folder.
std::string look_at(const fs::path& data, const Recording& run, const Cut& cut) {
  const std::size_t count = cut.count;
  const auto node = Node::open(data);
  if (!node) return "it does not start: " + node.error().message;
  std::string wrong;
  for (const std::string& problem : (*node)->problems()) wrong += problem + "\n";
  const auto facts = read_facts((*node)->database());
  wrong += facts ? run.judge(*facts, count) : facts.error().message;
  const Status works = (*node)->works();
  if (!works) wrong += "it does not work: " + works.error().message;
  if (wrong.empty() && cut.with_backup) wrong = look_at_backup(**node, data, run, count);
  return wrong;
}

// The power fails a second time, while the server recovers from the first.
std::string fail_again(const fs::path& first, const Recording& run, const Cut& cut,
                       std::mt19937_64& random) {
  DiskLog log(first);
  {
    const Following following(log, first);
    const auto node = Node::open(first / "data");
    if (!node) return "it does not start: " + node.error().message;
  }
  const Scratch second;
  DiskImages images(log);
  images.advance(log.size() == 0 ? 0 : random() % log.size());
  images.write(second.path(), static_cast<Survival>(random() % 5), random);
  return look_at(second.data(), run, cut);
}

std::string try_cut(const DiskImages& images, const Recording& run, const Cut& cut, bool again) {
  std::mt19937_64 random(cut.seed);
  const Scratch image;
  images.write(image.path(), cut.survival, random);
  if (again) return fail_again(image.path(), run, cut, random);
  return look_at(image.data(), run, cut);
}

TEST(PowerLoss, LosesNothingAcknowledgedAndLeavesNothingByHalves) {
  const auto wanted = static_cast<int>(number_from("WENYUAN_POWER_LOSS_IMAGES", 300));
  std::uint64_t seed = number_from("WENYUAN_POWER_LOSS_SEED", 1);
  int failures = 0;
  for (int made = 0; made < wanted && failures < 5; ++seed) {
    const Recording run(seed, kOperations);
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
    std::mt19937_64 random(seed);
    DiskImages images(run.log());
    for (const Cut& cut : some_cuts(run, std::min(kImagesOfOneRun, wanted - made), random)) {
      images.advance(cut.count);
      const bool again = ++made % kAgainEvery == 0;
      const std::string wrong = try_cut(images, run, cut, again);
      EXPECT_EQ(wrong, "") << "seed " << seed << ", cut " << cut.count << " of " << run.size()
                           << ", " << name(cut.survival) << " survives"
                           << (again ? ", power fails again" : "");
      if (!wrong.empty() && ++failures == 5) break;
    }
  }
  std::cout << wanted << " images up to seed " << seed - 1 << "\n";
}

// That the test can see anything at all: on a disk that says that it has synced and has not, what
// was acknowledged is lost.
TEST(PowerLoss, IsNoticedOnADiskThatLies) {
  const Recording run(7, 20);
  ASSERT_FALSE(HasFatalFailure());
  std::mt19937_64 random(7);
  DiskImages images(run.log());
  images.ignore_syncs();
  int noticed = 0;
  for (const Cut& cut : some_cuts(run, 20, random)) {
    images.advance(cut.count);
    if (!try_cut(images, run, cut, false).empty()) ++noticed;
  }
  EXPECT_GE(noticed, 10);
}

}  // namespace
}  // namespace wenyuan::crash
