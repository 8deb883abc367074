#include "llm/model_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "base/file.h"
#include "base/sha256.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

namespace fs = std::filesystem;

// A variable of the environment with another value as long as this lives.
class ChangedVariable {
 public:
  ChangedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;  // NOLINT: no other thread
    ::setenv(name, value.c_str(), 1);                              // NOLINT
  }
  ~ChangedVariable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);  // NOLINT
    } else {
      ::unsetenv(name_);  // NOLINT
    }
  }
  ChangedVariable(const ChangedVariable&) = delete;
  ChangedVariable& operator=(const ChangedVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

Manifest manifest_of(const ScratchFolder& folder, const std::string& name) {
  Manifest manifest;
  manifest.name = name;
  manifest.source = "PyPI some-package 1.0, some/file.gguf";
  manifest.sha256 = *sha256_hex_of_file(folder / (name + ".gguf"));
  manifest.size_bytes = static_cast<std::int64_t>(fs::file_size(folder / (name + ".gguf")));
  manifest.licence = "MIT";
  manifest.architecture = "bert";
  return manifest;
}

void put_manifest(const ScratchFolder& folder, const Manifest& manifest) {
  std::ofstream(folder / (manifest.name + ".manifest")) << encode_manifest(manifest);
}

std::vector<std::string> names_in(const ScratchFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

void ignore(std::string_view) {}

TEST(Manifest, IsReadBackAsItWasWritten) {
  Manifest manifest{"e", "PyPI p 1.0, p/e.bin", std::string(64, 'a'), 1234567890123, "MIT", "bert"};
  const auto again = decode_manifest(encode_manifest(manifest));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->name, manifest.name);
  EXPECT_EQ(again->source, manifest.source);
  EXPECT_EQ(again->sha256, manifest.sha256);
  EXPECT_EQ(again->size_bytes, manifest.size_bytes);
  EXPECT_EQ(again->licence, manifest.licence);
  EXPECT_EQ(again->architecture, manifest.architecture);
}

TEST(Manifest, TakesUnknownKeysAndBlankLinesAndRefusesOtherLines) {
  const auto manifest = decode_manifest("name=e\n\n  colour = blue\r\nsource = a = b\n");
  ASSERT_TRUE(manifest);
  EXPECT_EQ(manifest->name, "e");
  EXPECT_EQ(manifest->source, "a = b");
  EXPECT_EQ(decode_manifest("name e").error().code, ErrorCode::corrupt);
  EXPECT_THAT(decode_manifest("size_bytes = 12x").error().message,
              testing::HasSubstr("size_bytes"));
  EXPECT_FALSE(decode_manifest("size_bytes = 99999999999999999999"));
}

TEST(ModelStore, ListsGoodAndBrokenFilesByName) {
  const ScratchFolder folder;
  write_tiny_llama(folder / "writer.gguf");
  write_tiny_bert(folder / "embedder.gguf");
  std::ofstream(folder / "broken.gguf") << "GGUF, or so it says";
  put_manifest(folder, manifest_of(folder, "embedder"));
  std::ofstream(folder / "writer.manifest") << "this is no manifest";
  const auto models = ModelStore(folder.path()).list();
  ASSERT_TRUE(models) << models.error().message;
  ASSERT_EQ(models->size(), 3U);
  std::map<std::string, StoredModel> by_name;
  for (const StoredModel& model : *models) by_name[model.info.name] = model;
  EXPECT_EQ(by_name["embedder"].problem, "");
  ASSERT_TRUE(by_name["embedder"].manifest);
  EXPECT_EQ(by_name["embedder"].manifest->licence, "MIT");
  EXPECT_EQ(by_name["embedder"].info.sha256, by_name["embedder"].manifest->sha256);
  EXPECT_EQ(by_name["writer"].problem, "");
  EXPECT_FALSE(by_name["writer"].manifest);
  EXPECT_NE(by_name["broken"].problem, "");
  const auto is_before = [](const StoredModel& a, const StoredModel& b) {
    return a.info.name < b.info.name;
  };
  EXPECT_TRUE(std::is_sorted(models->begin(), models->end(), is_before));
}

TEST(ModelStore, HasNothingWhereThereIsNoDirectory) {
  const ModelStore store("/nonexistent/models");
  const auto models = store.list();
  ASSERT_TRUE(models);
  EXPECT_TRUE(models->empty());
  EXPECT_EQ(store.remove("e").error().code, ErrorCode::not_found);
}

TEST(ModelStore, ShowsOneModelOrSaysThatThereIsNone) {
  const ScratchFolder folder;
  write_tiny_bert(folder / "e.gguf");
  const ModelStore store(folder.path());
  const auto model = store.show("e");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->info.architecture, "bert");
  EXPECT_EQ(store.show("f").error().code, ErrorCode::not_found);
}

TEST(ModelStore, VerifiesAFileAgainstItsManifest) {
  const ScratchFolder folder;
  write_tiny_bert(folder / "e.gguf");
  const ModelStore store(folder.path());
  EXPECT_EQ(store.verify("e").error().code, ErrorCode::not_found);
  put_manifest(folder, manifest_of(folder, "e"));
  EXPECT_TRUE(store.verify("e"));
  {
    std::fstream file(folder / "e.gguf", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('x');
  }
  EXPECT_EQ(store.verify("e").error().code, ErrorCode::corrupt);
}

TEST(ModelStore, RemovesAModelWithItsManifest) {
  const ScratchFolder folder;
  write_tiny_bert(folder / "e.gguf");
  write_tiny_bert(folder / "other.gguf");
  put_manifest(folder, manifest_of(folder, "e"));
  const ModelStore store(folder.path());
  ASSERT_TRUE(store.remove("e"));
  EXPECT_EQ(names_in(folder), std::vector<std::string>{"other.gguf"});
  EXPECT_EQ(store.remove("e").error().code, ErrorCode::not_found);
}

TEST(ModelStore, NeverLeavesItsDirectory) {
  const ScratchFolder folder;
  fs::create_directory(folder / "models");
  write_tiny_bert(folder / "secret.gguf");
  write_tiny_bert(folder.path() / "models" / "inner.gguf");
  const ModelStore store(folder / "models");
  const std::vector<std::string> names = {
      "../secret", "models/../../secret",        "./inner", "", ".", "..",
      "a/b",       (folder / "secret").string(),
  };
  for (const std::string& name : names) {
    EXPECT_EQ(store.show(name).error().code, ErrorCode::not_found) << name;
    EXPECT_EQ(store.verify(name).error().code, ErrorCode::not_found) << name;
    EXPECT_EQ(store.remove(name).error().code, ErrorCode::not_found) << name;
    EXPECT_EQ(store.pull(name, ignore).error().code, ErrorCode::not_found) << name;
  }
  EXPECT_EQ(store.remove(std::string("inner\0x", 7)).error().code, ErrorCode::not_found);
  EXPECT_TRUE(fs::exists(folder / "secret.gguf"));
  EXPECT_TRUE(fs::exists(folder.path() / "models" / "inner.gguf"));
}

TEST(ModelStore, NamesTheCatalogueWhenAskedForAModelThatIsNotInIt) {
  const ScratchFolder folder;
  const Status status = ModelStore(folder.path()).pull("gpt-17", ignore);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::not_found);
  EXPECT_THAT(status.error().message, testing::HasSubstr("multilingual-e5-small"));
  EXPECT_TRUE(names_in(folder).empty());
}

TEST(ModelStore, SaysThatAModelCannotBeHadWithoutPython) {
  const ScratchFolder folder;
  const ScratchFolder empty;
  const ChangedVariable path("PATH", empty.path().string());
  std::vector<std::string> steps;
  const Status status =
      ModelStore(folder.path()).pull("smollm2-135m-instruct", [&](std::string_view step) {
        steps.emplace_back(step);
      });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
  EXPECT_THAT(status.error().message, testing::HasSubstr("cannot be had"));
  EXPECT_EQ(steps.size(), 1U);
  EXPECT_TRUE(names_in(folder).empty()) << "nothing half done stays behind";
}

TEST(ModelStore, SaysThatAModelCannotBeHadWithoutANetwork) {
  const ScratchFolder folder;
  const ScratchFolder empty;
  const ChangedVariable config("PIP_CONFIG_FILE", "/dev/null");
  const ChangedVariable no_index("PIP_NO_INDEX", "1");
  const ChangedVariable links("PIP_FIND_LINKS", empty.path().string());
  const Status status = ModelStore(folder.path()).pull("multilingual-e5-small", ignore);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unavailable);
  EXPECT_THAT(status.error().message, testing::HasSubstr("cannot be had"));
  EXPECT_TRUE(names_in(folder).empty());
}

TEST(ModelStore, PullsNothingWhenTheModelIsThereAsItsManifestSays) {
  const ScratchFolder folder;
  const ScratchFolder empty;
  write_tiny_bert(folder / "multilingual-e5-small.gguf");
  put_manifest(folder, manifest_of(folder, "multilingual-e5-small"));
  const ChangedVariable path("PATH", empty.path().string());
  EXPECT_TRUE(ModelStore(folder.path()).pull("multilingual-e5-small", ignore));
}

}  // namespace
}  // namespace wenyuan::llm
