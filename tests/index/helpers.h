// What the tests of the index share: a folder of their own, permits, and made-up chunks.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/id.h"
#include "index/compartments.h"
#include "store/database.h"
#include "store/key_ring.h"
#include "tests/fakes/permit_maker.h"

namespace wenyuan::index {

constexpr std::size_t kVectorSize = 16;

// Removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / new_id("wy_index_test")) {
    std::filesystem::create_directory(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class IndexTest : public ::testing::Test {
 protected:
  IndexTest() {
    options_.directory = folder_.path() / "index";
    options_.store_id = "store";
    options_.memory = folder_.path() / "memory";
    open_store();
    options_.model = {"model", kVectorSize};
    options_.epoch = &epoch_;
  }

  // The keys of generations.
  void open_store() {
    auto opened = store::Database::open({.directory = folder_.path() / "store"});
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    store_ = *std::move(opened);
    options_.files = &store_->keys().files();
  }

  static std::unique_ptr<Compartments> open(const Compartments::Options& options) {
    auto opened = Compartments::open(options);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return *std::move(opened);
  }
  // Closes what is open first: only one may use the folder.
  void reopen() {
    index_.reset();
    index_ = open(options_);
  }

  Permit permit(std::vector<LabelId> labels) const {
    return auth::PolicyEngine::make("usr_1", Action::read, epoch_.load(), std::move(labels));
  }
  void apply(LabelId label, const Batch& batch) {
    const Status applied = index_->apply(label, batch);
    ASSERT_TRUE(applied.has_value()) << applied.error().message;
  }
  void seal(LabelId label) {
    const Status sealed = index_->seal(label);
    ASSERT_TRUE(sealed.has_value()) << sealed.error().message;
  }

  std::vector<Hit> keyword(const std::vector<LabelId>& labels, std::string_view query,
                           std::size_t count_max = 100) const {
    auto hits = index_->keyword(permit(labels), {labels, nullptr}, query, count_max);
    EXPECT_TRUE(hits.has_value()) << hits.error().message;
    return hits ? *std::move(hits) : std::vector<Hit>();
  }
  std::vector<Hit> semantic(const std::vector<LabelId>& labels, const std::vector<float>& query,
                            std::size_t count_max = 100) const {
    auto hits = index_->semantic(permit(labels), {labels, nullptr}, query, count_max);
    EXPECT_TRUE(hits.has_value()) << hits.error().message;
    return hits ? *std::move(hits) : std::vector<Hit>();
  }

  TemporaryFolder folder_;
  std::atomic<Epoch> epoch_{1};
  std::unique_ptr<store::Database> store_;
  Compartments::Options options_;
  std::unique_ptr<Compartments> index_;
};

inline std::vector<float> some_vector(std::mt19937& random) {
  // Few different ones, so that equal scores happen.
  std::uniform_int_distribution<int> value(-1, 1);
  std::vector<float> vector(kVectorSize);
  float length = 0;
  for (float& x : vector) {
    x = static_cast<float>(value(random));
    length += x * x;
  }
  for (float& x : vector) x /= std::sqrt(std::max(length, 1.0F));
  return vector;
}

inline std::string some_text(std::mt19937& random, int words_max = 30) {
  static constexpr const char* kWords[] = {
      "river",   "rivers", "bank",     "the",   "of",       "contract", "contracts", "signed",
      "running", "runs",   "2024",     "3.5",   "机器学习", "学习",     "合同",      "合同法",
      "数据库",  "c++",    "don't",    "naïve", "memory",   "model",    "models",    "and",
      "U.S.",    "量",     "database", "東京",  "café",     "x"};
  std::string text;
  const int count = std::uniform_int_distribution<int>(0, words_max)(random);
  // Squared, so that some words are rare.
  std::uniform_real_distribution<double> where(0, 1);
  for (int i = 0; i < count; ++i) {
    const double at = where(random);
    text += kWords[static_cast<std::size_t>(at * at * std::size(kWords))];
    text += i % 7 == 6 ? ". " : " ";
  }
  return text;
}

inline IndexedChunk some_chunk(ChunkId id, std::mt19937& random) {
  IndexedChunk chunk{id, some_text(random, 4), some_text(random, 3), some_text(random), {}};
  if (std::uniform_int_distribution<int>(0, 9)(random) > 0) chunk.vector = some_vector(random);
  return chunk;
}

inline std::vector<std::pair<ChunkId, double>> pairs(const std::vector<Hit>& hits) {
  std::vector<std::pair<ChunkId, double>> out;
  for (const Hit& hit : hits) out.emplace_back(hit.chunk, hit.score);
  return out;
}

inline std::vector<ChunkId> ids(const std::vector<Hit>& hits) {
  std::vector<ChunkId> out;
  for (const Hit& hit : hits) out.push_back(hit.chunk);
  return out;
}

}  // namespace wenyuan::index
