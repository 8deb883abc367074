#include "llm/model_registry.h"

#include <gtest/gtest.h>

#include <fstream>

#include "llm/model_store.h"
#include "tests/llm/tiny_models.h"

namespace wenyuan::llm {
namespace {

namespace fs = std::filesystem;

TEST(ModelRegistry, ListsModelsByNameWithTheirKind) {
  const ScratchFolder folder;
  write_tiny_llama(folder / "writer.gguf");
  write_tiny_bert(folder / "embedder.gguf");
  std::ofstream(folder / "notes.txt") << "no model";
  ModelRegistry registry(folder.path());
  const auto list = registry.list();
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->models.size(), 2U);
  EXPECT_TRUE(list->broken.empty());
  EXPECT_EQ(list->models[0].name, "embedder");
  EXPECT_EQ(list->models[0].kind, ModelKind::embedder);
  EXPECT_EQ(list->models[0].vector_size, 32);
  EXPECT_EQ(list->models[1].name, "writer");
  EXPECT_EQ(list->models[1].kind, ModelKind::generator);
  EXPECT_EQ(list->models[1].context_length, 256);
  EXPECT_EQ(list->models[1].size_bytes,
            static_cast<std::int64_t>(fs::file_size(folder / "writer.gguf")));
}

TEST(ModelRegistry, ListsWhatItCannotUseWithTheReason) {
  const ScratchFolder folder;
  write_tiny_llama(folder / "good.gguf");
  fs::copy_file(folder / "good.gguf", folder / "short.gguf");
  fs::resize_file(folder / "short.gguf", 1000);
  std::ofstream(folder / "text.gguf") << "hello, I am no model";
  std::ofstream(folder / "empty.gguf");
  fs::create_directory(folder / "folder.gguf");
  ModelRegistry registry(folder.path());
  const auto list = registry.list();
  ASSERT_TRUE(list);
  EXPECT_EQ(list->models.size(), 1U);
  ASSERT_EQ(list->broken.size(), 4U);
  for (const BrokenModel& model : list->broken) EXPECT_FALSE(model.error.message.empty());
  const auto opened = registry.open("short");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST(ModelRegistry, KeepsAModelOpenUntilItsFileChanges) {
  const ScratchFolder folder;
  write_tiny_llama(folder / "m.gguf");
  ModelRegistry registry(folder.path());
  const auto first = registry.open("m");
  const auto again = registry.open("m");
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->get(), again->get());
  write_tiny_llama(folder / "m.gguf", {.context = 512});
  const auto changed = registry.open("m");
  ASSERT_TRUE(changed);
  EXPECT_NE(first->get(), changed->get());
  EXPECT_EQ((*changed)->info.context_length, 512);
  // Whoever still uses the old file can go on.
  EXPECT_EQ((*first)->file->integer("llama.context_length"), 256);
}

TEST(ModelRegistry, SaysNotFoundForAModelThatIsNotThere) {
  const ScratchFolder folder;
  ModelRegistry registry(folder.path());
  EXPECT_EQ(registry.open("none").error().code, ErrorCode::not_found);
  EXPECT_EQ(registry.open("../none").error().code, ErrorCode::invalid_argument);
  write_tiny_bert(folder / "e.gguf");
  ASSERT_TRUE(registry.open("e"));
  fs::remove(folder / "e.gguf");
  EXPECT_EQ(registry.open("e").error().code, ErrorCode::not_found);
}

TEST(ModelRegistry, SaysSoWhenThereIsNoDirectory) {
  ModelRegistry registry("/nonexistent/models");
  EXPECT_EQ(registry.list().error().code, ErrorCode::unavailable);
}

TEST(ModelRegistry, ReadsThePrefixesOfAnEmbedder) {
  const ScratchFolder folder;
  write_tiny_bert(folder / "e.gguf");
  ModelRegistry registry(folder.path());
  const auto model = registry.open("e");
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ((*model)->query_prefix, "query: ");
  EXPECT_EQ((*model)->passage_prefix, "passage: ");
}

TEST(ModelRegistry, TakesTheHashFromAManifestThatFitsTheFile) {
  const ScratchFolder folder;
  write_tiny_bert(folder / "e.gguf");
  Manifest manifest;
  manifest.name = "e";
  manifest.sha256 = std::string(64, 'a');
  manifest.size_bytes = static_cast<std::int64_t>(fs::file_size(folder / "e.gguf"));
  ModelRegistry registry(folder.path());
  EXPECT_EQ(registry.list()->models[0].sha256, "");
  std::ofstream(folder / "e.manifest") << encode_manifest(manifest);
  EXPECT_EQ(registry.list()->models[0].sha256, manifest.sha256);
  manifest.size_bytes += 1;
  std::ofstream(folder / "e.manifest") << encode_manifest(manifest);
  EXPECT_EQ(registry.list()->models[0].sha256, "");
}

}  // namespace
}  // namespace wenyuan::llm
