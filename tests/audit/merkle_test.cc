#include "audit/merkle.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <random>

#include "audit/base64.h"
#include "base/text.h"
#include "tests/audit/merkle_vectors.h"

namespace wenyuan::audit {
namespace {

// The definitions of RFC 6962, section 2.1, word for word.
Hash mth(std::span<const Hash> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return node_hash(mth(leaves.first(k)), mth(leaves.subspan(k)));
}

std::vector<Hash> path(std::size_t m, std::span<const Hash> leaves) {
  if (leaves.size() <= 1) return {};
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  std::vector<Hash> made = m < k ? path(m, leaves.first(k)) : path(m - k, leaves.subspan(k));
  made.push_back(m < k ? mth(leaves.subspan(k)) : mth(leaves.first(k)));
  return made;
}

std::vector<Hash> subproof(std::size_t m, std::span<const Hash> leaves, bool whole) {
  if (m == leaves.size()) return whole ? std::vector<Hash>() : std::vector<Hash>{mth(leaves)};
  std::size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  std::vector<Hash> made =
      m <= k ? subproof(m, leaves.first(k), whole) : subproof(m - k, leaves.subspan(k), false);
  made.push_back(m <= k ? mth(leaves.subspan(k)) : mth(leaves.first(k)));
  return made;
}

std::vector<Hash> leaves_of(std::size_t count) {
  std::vector<Hash> leaves;
  for (std::size_t at = 0; at < count; ++at) leaves.push_back(leaf_hash(std::to_string(at)));
  return leaves;
}

// Complete subtrees by brute force, counting how often it is asked.
ReadNode nodes_of(const std::vector<Hash>& leaves, int* reads = nullptr) {
  return [&leaves, reads](int level, std::uint64_t index) -> Result<Hash> {
    if (reads != nullptr) ++*reads;
    const std::size_t size = std::size_t{1} << level;
    return mth(std::span(leaves).subspan(index * size, size));
  };
}

// From the tests of Certificate Transparency, which every implementation shares.
TEST(Merkle, GivesTheRootsThatCertificateTransparencyKnows) {
  const std::string inputs[] = {"",
                                std::string("\x00", 1),
                                "\x10",
                                "\x20\x21",
                                "\x30\x31",
                                "\x40\x41\x42\x43",
                                "\x50\x51\x52\x53\x54\x55\x56\x57",
                                "\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"};
  const char* roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  EXPECT_EQ(to_hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  MerkleBuilder builder;
  EXPECT_EQ(builder.root(), empty_root());
  for (std::size_t at = 0; at < 8; ++at) {
    builder.add(leaf_hash(inputs[at]));
    EXPECT_EQ(to_hex(builder.root()), roots[at]) << at + 1;
  }
}

TEST(Merkle, GivesWhatTheDefinitionGives) {
  const std::vector<Hash> leaves = leaves_of(67);
  const ReadNode read = nodes_of(leaves);
  MerkleBuilder builder;
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    const std::span all = std::span(leaves).first(size);
    builder.add(leaves[size - 1]);
    const Hash root = mth(all);
    EXPECT_EQ(builder.root(), root);
    EXPECT_EQ(*merkle_root(read, size), root);
    for (std::size_t leaf = 0; leaf < size; ++leaf) {
      const auto proof = merkle_inclusion(read, leaf, size);
      EXPECT_EQ(*proof, path(leaf, all));
      EXPECT_TRUE(proves_inclusion(leaves[leaf], leaf, size, *proof, root));
    }
    for (std::size_t first = 1; first <= size; ++first) {
      const auto proof = merkle_consistency(read, first, size);
      EXPECT_EQ(*proof, subproof(first, all, true));
      EXPECT_TRUE(proves_consistency(first, size, mth(all.first(first)), root, *proof));
    }
  }
}

TEST(Merkle, RejectsEveryOtherLeafSizeRootAndProof) {
  const std::vector<Hash> leaves = leaves_of(33);
  const ReadNode read = nodes_of(leaves);
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t size = 2 + random() % 32;
    const std::uint64_t leaf = random() % size;
    const Hash root = *merkle_root(read, size);
    const std::vector<Hash> proof = *merkle_inclusion(read, leaf, size);
    for (std::uint64_t other = 0; other < 40; ++other) {
      if (other == leaf) continue;
      EXPECT_FALSE(proves_inclusion(leaves[leaf], other, size, proof, root));
    }
    std::vector<Hash> bad = proof;
    bad[random() % bad.size()][random() % 32] ^= static_cast<std::uint8_t>(1U << (random() % 8));
    EXPECT_FALSE(proves_inclusion(leaves[leaf], leaf, size, bad, root));
    bad = proof;
    bad.pop_back();
    EXPECT_FALSE(proves_inclusion(leaves[leaf], leaf, size, bad, root));
    bad = proof;
    bad.push_back(root);
    EXPECT_FALSE(proves_inclusion(leaves[leaf], leaf, size, bad, root));
    const std::uint64_t first = 1 + random() % (size - 1);
    const Hash first_root = *merkle_root(read, first);
    bad = *merkle_consistency(read, first, size);
    EXPECT_FALSE(proves_consistency(first, size, root, first_root, bad));
    bad[random() % bad.size()][0] ^= 1;
    EXPECT_FALSE(proves_consistency(first, size, first_root, root, bad));
  }
}

TEST(Merkle, ReadsFewNodes) {
  const std::vector<Hash> leaves = leaves_of(1000);
  for (const std::uint64_t size : {1000U, 999U, 513U, 512U}) {
    for (std::uint64_t leaf = 0; leaf < size; leaf += 7) {
      int reads = 0;
      ASSERT_TRUE(merkle_inclusion(nodes_of(leaves, &reads), leaf, size));
      EXPECT_LE(reads, 20) << leaf << " of " << size;
    }
  }
}

TEST(Merkle, HasNoProofsOfWhatIsNotThere) {
  const std::vector<Hash> leaves = leaves_of(4);
  EXPECT_FALSE(merkle_inclusion(nodes_of(leaves), 4, 4));
  EXPECT_FALSE(merkle_inclusion(nodes_of(leaves), 0, 0));
  EXPECT_FALSE(merkle_consistency(nodes_of(leaves), 0, 4));
  EXPECT_FALSE(merkle_consistency(nodes_of(leaves), 4, 3));
  EXPECT_FALSE(merkle_root(nodes_of(leaves), std::uint64_t{1} << 63));
}

TEST(Merkle, JudgesTheProofsOfTransparencyDev) {
  const std::string folder = merkle_vectors();
  if (folder.empty()) GTEST_SKIP() << "no proofs in ../shared/data/merkle";
  int accepted = 0, rejected = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const std::string path_text = entry.path().string();
    const bool inclusion = path_text.find("/inclusion/") != std::string::npos;
    if (!inclusion && path_text.find("/consistency/") == std::string::npos) continue;
    std::ifstream file(entry.path());
    const auto vector = nlohmann::json::parse(file);
    const bool proves = inclusion ? judge_inclusion(vector) : judge_consistency(vector);
    EXPECT_EQ(proves, !vector["wantErr"].get<bool>()) << path_text;
    ++(proves ? accepted : rejected);
  }
  EXPECT_EQ(accepted, 12);
  EXPECT_EQ(rejected, 184);
}

}  // namespace
}  // namespace wenyuan::audit
