// Real documents that nobody here wrote, when they are there.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "ingest/chunker.h"
#include "ingest/extractor.h"
#include "tests/paths.h"

namespace wenyuan::ingest {
namespace {

namespace fs = std::filesystem;

const fs::path kCorpus = project_dir() / "../shared/data/documents";

class CorpusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kCorpus / "files")) GTEST_SKIP() << "no documents at " << kCorpus;
    Extractor::Options options;
    options.program = bin_dir() / "wenyuan-extract";
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    options.sandbox = false;
    options.limits.memory_bytes_max = 0;
#endif
    auto extractor = Extractor::open(options);
    if (!extractor) GTEST_SKIP() << extractor.error().message;
    extractor_.emplace(*std::move(extractor));
  }

  Result<Extracted> extract(const fs::path& file) const {
    const std::map<std::string, std::string> types = {{".md", "text/markdown"},
                                                      {".csv", "text/csv"}};
    const auto type = types.find(file.extension().string());
    return extractor_->extract(file, type == types.end() ? "" : type->second, {});
  }

  std::optional<Extractor> extractor_;
};

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<std::int64_t>> estimate(std::span<const std::string> texts) {
  std::vector<std::int64_t> counts;
  for (const std::string& text : texts) counts.push_back(estimated_tokens(text));
  return counts;
}

void expect_sound_chunks(const Extracted& extracted) {
  const ChunkOptions options;
  const auto all = chunks(extracted, options, estimate);
  ASSERT_TRUE(all.has_value());
  ASSERT_FALSE(all->empty());
  std::int64_t end = 0;
  std::size_t byte = 0;
  for (const Chunk& chunk : *all) {
    const Location& location = chunk.location;
    ASSERT_GE(location.char_start, end);
    byte += byte_offset(std::string_view(extracted.text).substr(byte),
                        static_cast<std::size_t>(location.char_start - end));
    ASSERT_EQ(std::string_view(extracted.text).substr(byte, chunk.text.size()), chunk.text);
    ASSERT_LE(estimated_tokens(chunk.text), options.tokens_max);
    ASSERT_EQ(extracted.page_count > 0, location.page > 0);
    byte += chunk.text.size();
    end = location.char_end;
  }
}

TEST_F(CorpusTest, EveryFileGivesTextOrAClearError) {
  int read = 0;
  for (const char* folder : {"pdf", "docx", "html", "text"}) {
    for (const fs::path& file : files_in(kCorpus / "files" / folder)) {
      SCOPED_TRACE(file.filename().string());
      const auto extracted = extract(file);
      if (!extracted) {
        EXPECT_EQ(extracted.error().code, ErrorCode::unsupported_media)
            << extracted.error().message;
        continue;
      }
      ++read;
      expect_sound_chunks(*extracted);
    }
  }
  EXPECT_GE(read, 95);
}

TEST_F(CorpusTest, NoHostileFileBringsItDown) {
  for (const fs::path& file : files_in(kCorpus / "files" / "hostile")) {
    SCOPED_TRACE(file.filename().string());
    const auto extracted = extract(file);
    if (extracted) {
      expect_sound_chunks(*extracted);
    } else {
      EXPECT_NE(extracted.error().code, ErrorCode::unavailable) << extracted.error().message;
      EXPECT_FALSE(extracted.error().message.empty());
    }
  }
}

TEST_F(CorpusTest, OtherKindsAreRefusedByName) {
  for (const char* folder : {"xlsx", "pptx", "odf", "epub", "rtf", "doc", "xls", "ppt", "msg"}) {
    for (const fs::path& file : files_in(kCorpus / "files" / folder)) {
      const auto extracted = extract(file);
      ASSERT_FALSE(extracted.has_value()) << file;
      EXPECT_EQ(extracted.error().code, ErrorCode::unsupported_media) << file;
    }
  }
}

// Words of at least three letters, and CJK characters.
std::multiset<std::string> words_of(std::string_view text) {
  std::multiset<std::string> words;
  std::string word;
  for (std::size_t at = 0; at <= text.size();) {
    const char32_t c = at < text.size() ? next_code_point(text, at) : (++at, U' ');
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter) {
      append_utf8(word, c | 0x20U);
      continue;
    }
    if (word.size() >= 3) words.insert(word);
    word.clear();
    if (is_cjk(c) && c > 0x3040 && c < 0xFF00)
      append_utf8(word, c), words.insert(word), word.clear();
  }
  return words;
}

double recall(const std::multiset<std::string>& wanted, const std::multiset<std::string>& found) {
  std::vector<std::string> common;
  std::set_intersection(wanted.begin(), wanted.end(), found.begin(), found.end(),
                        std::back_inserter(common));
  return static_cast<double>(common.size()) /
         static_cast<double>(std::max<std::size_t>(wanted.size(), 1));
}

TEST_F(CorpusTest, FindsTheWordsThatOthersFound) {
  for (const char* name :
       {"dl__2305.03393v1-pg9.pdf", "dl__amt_handbook_sample.pdf", "dl__code_and_formula.pdf",
        "dl__multi_page.pdf", "dl__normal_4pages.pdf", "dl__picture_classification.pdf",
        "dl__redp5110_sampled.pdf", "dl__docx_code_blocks.docx", "dl__docx_lists.docx",
        "dl__docx_rich_cells.docx", "dl__lorem_ipsum.docx", "dl__textbox.docx",
        "dl__unit_test_headers_numbered.docx", "dl__html_code_snippets.html",
        "dl__kvp_data_example.html", "dl__duck.md", "dl__wiki.md"}) {
    SCOPED_TRACE(name);
    const fs::path file(name);
    const std::string kind = file.extension().string().substr(1);
    const auto extracted = extract(kCorpus / "files" / (kind == "md" ? "text" : kind) / file);
    ASSERT_TRUE(extracted.has_value());
    fs::path truth = kCorpus / "groundtruth" / (file.string() + ".md");
    if (!fs::exists(truth)) truth = kCorpus / "groundtruth" / (file.stem().string() + ".md");
    auto expected = read_file(truth);
    ASSERT_TRUE(expected.has_value());
    std::string text = *expected;
    for (std::size_t at = text.find("<!--"); at != std::string::npos; at = text.find("<!--", at)) {
      text.erase(at, text.find("-->", at) + 3 - at);
    }
    EXPECT_GE(recall(words_of(text), words_of(extracted->text)), 0.95);
  }
}

}  // namespace
}  // namespace wenyuan::ingest
