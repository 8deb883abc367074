#include <gmock/gmock.h>

#include "documents.h"
#include "ingest/extract/zip_archive.h"

namespace wenyuan::ingest {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Docx, KeepsItsStructure) {
  const Extracted contract = extracted_file("contract.docx", "text/plain");
  EXPECT_EQ(contract.title, "设备采购合同");
  EXPECT_THAT(contract.media_type, HasSubstr("wordprocessingml"));
  EXPECT_THAT(outline(contract),
              ElementsAre("H1:设备采购合同", "H1:第一条 付款期限",
                          "P:买方应在收到发票后三十日内付款。", "H1:第二条 交货", "H2:货物清单：",
                          "T:名称 | 数量 | 单价\n水泵 | 4 | 1200\n阀门 | 16 | 85",
                          "L:1. Delivery ex works", "L:1.a) by road", "L:1.b) by rail",
                          "L:2. Packing in crates", "P:Boxed note", "P:以合同签订日为准。"));
}

TEST(Docx, ShowsNeitherDeletedNorHiddenText) {
  const Extracted contract = extracted_file("contract.docx");
  EXPECT_THAT(contract.text, Not(HasSubstr("六十")));
  EXPECT_THAT(contract.text, Not(HasSubstr("隐藏")));
}

TEST(Docx, RefusesArchivesThatAreBuiltToDoHarm) {
  EXPECT_EQ(refusal(document("bomb.docx")).code, ErrorCode::too_large);
  EXPECT_EQ(refusal(document("slip.docx")).code, ErrorCode::corrupt);
  EXPECT_EQ(refusal(document("entities.docx")).code, ErrorCode::corrupt);
}

TEST(Docx, RefusesWhatIsCutOff) {
  const std::string whole = document("contract.docx");
  for (std::size_t size = 4; size < whole.size(); size += 61) {
    const auto result = extract(std::string_view(whole).substr(0, size), "");
    ASSERT_FALSE(result.has_value()) << size;
  }
}

TEST(ZipArchive, KeepsItsLimits) {
  const std::string bytes = document("contract.docx");
  ZipLimits few;
  few.entry_count_max = 2;
  EXPECT_EQ(ZipArchive::open(bytes, few).error().code, ErrorCode::too_large);
  ZipLimits small;
  small.total_size_max = 1000;
  EXPECT_EQ(ZipArchive::open(bytes, small).error().code, ErrorCode::too_large);
  ZipLimits entry;
  entry.entry_size_max = 100;
  auto archive = ZipArchive::open(bytes, entry);
  ASSERT_TRUE(archive.has_value());
  EXPECT_EQ(archive->read("word/document.xml").error().code, ErrorCode::too_large);
  EXPECT_EQ(archive->read("word/nothing.xml").error().code, ErrorCode::not_found);
}

TEST(ZipArchive, BelievesNoDeclaredSize) {
  // The declared size of the bomb's text, in its local header and in the directory, made small.
  std::string bytes = document("bomb.docx");
  const std::string_view name = "word/document.xml";
  const auto set_size = [&](std::size_t at) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = i == 1 ? '\x10' : '\0';
  };
  for (std::size_t at = bytes.find("PK\x01\x02"); at != std::string::npos;
       at = bytes.find("PK\x01\x02", at + 1)) {
    if (bytes.compare(at + 46, name.size(), name) == 0) set_size(at + 24);
  }
  const std::size_t local = bytes.find(name) - 30;
  set_size(local + 22);
  EXPECT_FALSE(extract(bytes, "").has_value());
}

}  // namespace
}  // namespace wenyuan::ingest
