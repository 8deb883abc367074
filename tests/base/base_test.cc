#include <gtest/gtest.h>

#include <cmath>

#include "base/attributes.h"
#include "base/bounded_queue.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/half.h"
#include "base/id.h"
#include "base/layout.h"
#include "base/metrics.h"
#include "base/sentences.h"
#include "base/text.h"

namespace wenyuan {
namespace {

TEST(Result, CarriesTheErrorUpWithItsContext) {
  const auto inner = [] { return Result<int>(ErrorCode::corrupt, "page 3"); };
  const auto outer = [&]() -> Status {
    WY_TRY([[maybe_unused]] const int value, inner());
    return Done{};
  };
  const Status status = outer();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(within("import", status.error()).message, "import: page 3");
}

TEST(Result, AskingTheWrongSideStopsTheProcess) {
  EXPECT_DEATH(
      {
        Result<int> result(ErrorCode::internal, "no");
        [[maybe_unused]] const int value = *result;
      },
      "assertion failed");
}

TEST(Clock, WritesAndReadsRfc3339) {
  EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(1'795'318'873'042), "2026-11-22T03:41:13.042Z");
  EXPECT_EQ(parse_rfc3339("2026-11-22T03:41:13.042Z"), 1'795'318'873'042);
  EXPECT_EQ(parse_rfc3339("2026-11-22T11:41:13.042+08:00"), 1'795'318'873'042);
  EXPECT_FALSE(parse_rfc3339("2026-02-30T00:00:00Z"));
  EXPECT_FALSE(parse_rfc3339("2026-11-22"));
  EXPECT_FALSE(parse_rfc3339("2026-11-22T03:41:13.042Zx"));
}

TEST(Utf8, RefusesWhatUnicodeCallsIllFormed) {
  EXPECT_TRUE(is_utf8("plain, 中文, 😀"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_utf8("abc\xE4\xB8"));       // cut off
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\xEF\xBF\xBDz");
}

TEST(Utf8, CountsAndFindsCodePoints) {
  const std::string text = "a中😀b";
  EXPECT_EQ(code_point_count(text), 4U);
  EXPECT_EQ(byte_offset(text, 2), 4U);
  EXPECT_EQ(byte_offset(text, 9), text.size());
  std::size_t at = 1;
  EXPECT_EQ(next_code_point(text, at), U'中');
  EXPECT_EQ(next_code_point(text, at), U'😀');
  std::string back;
  append_utf8(back, U'😀');
  EXPECT_EQ(back, "😀");
}

TEST(Encodings, MatchRfc4648) {
  const auto bytes = [](std::string_view text) {
    return std::vector<std::uint8_t>(text.begin(), text.end());
  };
  EXPECT_EQ(to_base64(bytes("")), "");
  EXPECT_EQ(to_base64(bytes("f")), "Zg==");
  EXPECT_EQ(to_base64(bytes("fo")), "Zm8=");
  EXPECT_EQ(to_base64(bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(to_base64url(bytes("fo")), "Zm8");
  EXPECT_EQ(to_hex(bytes("\x01\xAB")), "01ab");
  EXPECT_EQ(from_hex("01ab"), bytes("\x01\xAB"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Attributes, KeepTheirTypesThroughTheStoredForm) {
  const Attributes attributes = {{"clearance", std::int64_t{-3}},
                                 {"department", std::string("研发 \"R\\D\"\n\x01")},
                                 {"external", false},
                                 {"projects", std::vector<std::string>{"a", "b"}}};
  const std::string text = encode_attributes(attributes);
  const auto back = decode_attributes(text);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, attributes);
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_FALSE(decode_attributes(text.substr(0, cut)).has_value());
  }
}

TEST(Attributes, AreReadInTheirStoredFormAlone) {
  EXPECT_TRUE(decode_attributes("{\"a\":1,\"b\":\"x\\u0001\"}").has_value());
  const std::string_view others[] = {"{\"a\":1,\"a\":2}",  // the same name twice
                                     "{\"b\":1,\"a\":2}",  // another order
                                     "{\"a\":01}",         // another number
                                     "{\"a\":-0}",
                                     "{\"a\":99999999999999999999}",
                                     "{\"a\":\"\\u0041\"}",  // an escape that is not needed
                                     "{\"a\":\"\\u000A\"}",  // a longer one
                                     "{\"a\":\"\\u001F\"}",  // capital letters
                                     "{\"a\":\"\\ud800\"}",  // half a pair
                                     "{\"a\":\"\xFF\"}",     // not UTF-8
                                     "{\"a\":\"\x01\"}",  // a control character without an escape
                                     "{ \"a\":1}",        // spaces
                                     "{\"a\":1} ",
                                     "{\"a\":[\"x\",]}",
                                     "{\"a\":[1]}",
                                     "{\"a\":null}",
                                     "{\"a\":tru}",
                                     "{\"a\":\"\\u00",
                                     "{\"a\":\"\\",
                                     "{,}",
                                     "{}{}",
                                     ""};
  for (const std::string_view text : others) {
    const auto read = decode_attributes(text);
    EXPECT_FALSE(read.has_value()) << text;
    if (!read) {
      EXPECT_EQ(read.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(Attributes, RefuseBadNamesAndLongTexts) {
  EXPECT_FALSE(check_attributes({{"Department", std::string("x")}}).has_value());
  EXPECT_FALSE(check_attributes({{"a", std::string(2000, 'x')}}).has_value());
  EXPECT_TRUE(check_attributes({{"a_1", std::string("x")}}).has_value());
}

TEST(Bytes, ReadBackWhatWasWrittenAndNothingBeyond) {
  ByteWriter writer;
  writer.put(std::uint32_t{7});
  writer.put(std::string_view("text"));
  writer.put(std::span<const float>(std::vector<float>{1.5F, -2}));
  const std::string bytes = writer.bytes();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.number<std::uint32_t>(), 7U);
  EXPECT_EQ(reader.text(), "text");
  EXPECT_EQ(reader.floats(), (std::vector<float>{1.5F, -2}));
  EXPECT_TRUE(reader.at_end());
  EXPECT_FALSE(reader.number<std::uint8_t>());
  EXPECT_FALSE(reader.at_end());
}

TEST(Half, EveryFiniteValueSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = half_to_float(half);
    if (std::isnan(value)) continue;
    EXPECT_EQ(float_to_half(value), half) << bits;
  }
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
  EXPECT_EQ(float_to_half(65519.0F), 0x7BFF);
  EXPECT_EQ(float_to_half(2049.0F), 0x6800);  // halfway between 2048 and 2050: to even
}

TEST(Layout, JoinsTheBoxesOfALineAndKeepsLinesAndPagesApart) {
  const std::vector<TextBox> boxes = {{0, 3, {1, 0.1F, 0.10F, 0.2F, 0.12F}},
                                      {4, 7, {1, 0.3F, 0.10F, 0.4F, 0.12F}},
                                      {8, 9, {1, 0.1F, 0.14F, 0.2F, 0.16F}},
                                      {10, 12, {2, 0.1F, 0.14F, 0.2F, 0.16F}}};
  const auto back = decode_layout(encode_layout(boxes));
  ASSERT_TRUE(back.has_value());
  const auto lines = boxes_of(*back, 0, 12);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_NEAR(lines[0].x1, 0.4F, 1e-4);
  EXPECT_EQ(lines[2].page, 2);
  EXPECT_EQ(boxes_of(*back, 4, 7).size(), 1U);
  EXPECT_TRUE(boxes_of(*back, 20, 30).empty());
  EXPECT_FALSE(decode_layout("xx").has_value());
}

std::vector<std::string> split_sentences(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t end_before = 0;
  for (const auto& [begin, end] : sentences(text)) {
    EXPECT_EQ(begin, end_before);
    end_before = end;
    parts.emplace_back(trim(std::string_view(text).substr(begin, end - begin)));
  }
  EXPECT_EQ(end_before, text.size());
  return parts;
}

using Strings = std::vector<std::string>;

TEST(Sentences, EndAtEnglishStopsButNotAtAbbreviationsOrNumbers) {
  EXPECT_EQ(
      split_sentences("Dr. Smith paid 3.5 million. \"Really?\" he asked. See Fig. 3 of J. Doe."),
      (Strings{"Dr. Smith paid 3.5 million.", "\"Really?\"", "he asked.",
               "See Fig. 3 of J. Doe."}));
  EXPECT_EQ(split_sentences("The U.S. Army came. It left"),
            (Strings{"The U.S. Army came.", "It left"}));
}

TEST(Sentences, EndAtChineseStopsWithTheirClosingQuotes) {
  EXPECT_EQ(split_sentences("他说：“好。”我走了！第2条；完"),
            (Strings{"他说：“好。”", "我走了！", "第2条；", "完"}));
}

TEST(Sentences, EndAtABlankLineButNotAtALineBreak) {
  EXPECT_EQ(split_sentences("A heading\n\nSome text\ngoes on. Then more"),
            (Strings{"A heading", "Some text\ngoes on.", "Then more"}));
}

TEST(Ids, AreLongAndDifferent) {
  const std::string id = new_id("doc");
  EXPECT_EQ(id.size(), 30U);
  EXPECT_NE(id, new_id("doc"));
}

TEST(BoundedQueue, RefusesWhenFullAndDrainsAfterClose) {
  BoundedQueue<int> queue(2);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_TRUE(queue.try_push(2));
  EXPECT_FALSE(queue.try_push(3));
  queue.close();
  EXPECT_FALSE(queue.try_push(4));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(File, IsReplacedWholeOrNotAtAll) {
  const auto folder = std::filesystem::temp_directory_path() / new_id("wenyuan_test");
  std::filesystem::create_directory(folder);
  const auto path = folder / "a.txt";
  ASSERT_TRUE(write_file_durably(path, "one").has_value());
  ASSERT_TRUE(write_file_durably(path, "two").has_value());
  EXPECT_EQ(*read_file(path), "two");
  EXPECT_EQ(read_file(path, 2).error().code, ErrorCode::too_large);
  EXPECT_EQ(read_file(folder / "none").error().code, ErrorCode::not_found);
  const auto mapped = MappedFile::open(path);
  ASSERT_TRUE(mapped.has_value());
  EXPECT_EQ(mapped->bytes().size(), 3U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  std::filesystem::remove_all(folder);
}

TEST(Metrics, AreWrittenAsPrometheusReadsThem) {
  metrics::counter("wenyuan_test_total", "Things.", {{"kind", "a\"b"}}).add(3);
  metrics::histogram("wenyuan_test_seconds", "Time.").observe(0.02);
  const std::string text = metrics::prometheus_text();
  EXPECT_NE(text.find("# TYPE wenyuan_test_total counter\nwenyuan_test_total{kind=\"a\\\"b\"} 3\n"),
            std::string::npos);
  EXPECT_NE(text.find("wenyuan_test_seconds_bucket{le=\"0.025\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("wenyuan_test_seconds_count 1\n"), std::string::npos);
}

}  // namespace
}  // namespace wenyuan
