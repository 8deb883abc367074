#include "api/multipart.h"

#include <gtest/gtest.h>

#include <vector>

namespace wenyuan::http {
namespace {

struct Taken {
  Part part;
  std::string bytes;
  bool ended = false;
};

// Feeds the body in pieces of this size.
Result<std::vector<Taken>> take_apart(std::string_view body, std::size_t piece,
                                      std::string_view type = "multipart/form-data; boundary=XX",
                                      MultipartReader::Limits limits = {}) {
  std::vector<Taken> taken;
  MultipartReader::Receiver receiver{[&](const Part& part) -> Status {
                                       taken.push_back({part, {}, false});
                                       return Done{};
                                     },
                                     [&](std::string_view bytes) -> Status {
                                       taken.back().bytes += bytes;
                                       return Done{};
                                     },
                                     [&]() -> Status {
                                       taken.back().ended = true;
                                       return Done{};
                                     }};
  WY_TRY(auto reader, MultipartReader::create(type, limits, receiver));
  for (std::size_t at = 0; at < body.size(); at += piece) {
    WY_RETURN_IF_ERROR(reader.take(body.substr(at, piece)));
  }
  WY_RETURN_IF_ERROR(reader.finish());
  return taken;
}

constexpr std::string_view kTwoParts =
    "--XX\r\n"
    "Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n"
    "Content-Type: text/plain\r\n\r\n"
    "line\r\n--X not the end\r\n\r\n"
    "--XX\r\n"
    "content-disposition: form-data; name=metadata\r\n\r\n"
    "{}\r\n"
    "--XX--\r\nepilogue";

TEST(Multipart, GivesTheSamePartsHoweverTheBytesArrive) {
  for (std::size_t piece = 1; piece <= kTwoParts.size(); ++piece) {
    const auto taken = take_apart(kTwoParts, piece);
    ASSERT_TRUE(taken) << piece << ": " << taken.error().message;
    ASSERT_EQ(taken->size(), 2U);
    EXPECT_EQ((*taken)[0].part.name, "file");
    EXPECT_EQ((*taken)[0].part.file_name, "a.txt");
    EXPECT_EQ((*taken)[0].part.content_type, "text/plain");
    EXPECT_EQ((*taken)[0].bytes, "line\r\n--X not the end\r\n");
    EXPECT_EQ((*taken)[1].part.name, "metadata");
    EXPECT_EQ((*taken)[1].bytes, "{}");
    EXPECT_TRUE((*taken)[1].ended);
  }
}

std::string one_part(std::string_view header, std::string_view content = "x") {
  return "--XX\r\n" + std::string(header) + "\r\n\r\n" + std::string(content) + "\r\n--XX--";
}

std::string file_name_of(std::string_view parameters) {
  const auto taken = take_apart(
      one_part("Content-Disposition: form-data; name=\"file\"; " + std::string(parameters)), 7);
  return taken ? taken->at(0).part.file_name : "refused: " + taken.error().message;
}

TEST(Multipart, UnderstandsFileNames) {
  EXPECT_EQ(file_name_of("filename=\"报告 2026.pdf\""), "报告 2026.pdf");
  EXPECT_EQ(file_name_of("filename=plain.txt"), "plain.txt");
  EXPECT_EQ(file_name_of("filename=\"x.txt\"; filename*=UTF-8''%E6%96%87.txt"), "文.txt");
  EXPECT_EQ(file_name_of("filename=\"a; b=\\\"c\\\".txt\""), "a; b=\"c\".txt");
  EXPECT_EQ(file_name_of("filename=\"say %22hi%22.txt\""), "say \"hi\".txt");
  EXPECT_EQ(file_name_of("filename=\"../../etc/passwd\""), "passwd");
  EXPECT_EQ(file_name_of("filename=\"C:\\dir\\a.txt\""), "a.txt");
  EXPECT_EQ(file_name_of("filename*=latin1''x").substr(0, 7), "refused");
  EXPECT_EQ(file_name_of("filename=\"\xff\"").substr(0, 7), "refused");
  EXPECT_EQ(file_name_of("filename=\"open").substr(0, 7), "refused");
}

TEST(Multipart, TakesEmptyParts) {
  const auto taken = take_apart(one_part("Content-Disposition: form-data; name=a", ""), 3);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->at(0).bytes, "");
  EXPECT_TRUE(taken->at(0).ended);
}

TEST(Multipart, RefusesWhatIsBroken) {
  const std::string good = one_part("Content-Disposition: form-data; name=a");
  ASSERT_TRUE(take_apart(good, 5));
  for (const std::string& bad :
       {std::string(), good.substr(0, good.size() - 2), good.substr(0, good.size() / 2),
        std::string("no boundary at all"), one_part("Content-Disposition: form-data"),
        one_part("no colon here"), "--XXjunk" + good}) {
    const auto taken = take_apart(bad, 4);
    ASSERT_FALSE(taken) << bad;
    EXPECT_EQ(taken.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(take_apart(good, 5, "multipart/form-data"));
  EXPECT_FALSE(take_apart(good, 5, "multipart/form-data; boundary=" + std::string(71, 'x')));
}

TEST(Multipart, LimitsPartsAndTheirHeaders) {
  std::string many;
  for (int i = 0; i < 4; ++i) {
    many += "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n";
  }
  many += "--XX--";
  EXPECT_TRUE(take_apart(many, 50, "multipart/form-data; boundary=XX", {.parts_max = 4}));
  const auto refused = take_apart(many, 50, "multipart/form-data; boundary=XX", {.parts_max = 3});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::too_large);
  EXPECT_FALSE(take_apart(one_part("X-Long: " + std::string(9000, 'x')), 100));
  // Without any end of the header nothing must pile up.
  EXPECT_FALSE(take_apart("--XX\r\n" + std::string(100'000, 'a'), 1000));
}

}  // namespace
}  // namespace wenyuan::http
