#include "api/json.h"

#include <gtest/gtest.h>

#include "api/problem.h"

namespace wenyuan::api {
namespace {

TEST(Json, IsStrict) {
  EXPECT_TRUE(parse_json("{\"a\":[1,2.5,\"文\",null,true]}"));
  for (const char* bad : {"", "{", "{'a':1}", "{\"a\":1,}", "[1,2", "{\"a\":01}", "NaN", "\"\\x\"",
                          "{\"a\":1} x", "\"\xff\"", "\"\\ud800\"", "// c\n1"}) {
    const auto parsed = parse_json(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_FALSE(parse_json("1e999"));
}

TEST(Json, NeverQuotesWhatItRefuses) {
  const auto parsed = parse_json("{\"password\":\"secret\" oops}");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message.find("secret"), std::string::npos);
  EXPECT_EQ(parsed.error().message.find("oops"), std::string::npos);
}

TEST(Json, LimitsItsDepthButNotBracketsInTexts) {
  const std::string deep = std::string(64, '[') + std::string(64, ']');
  EXPECT_TRUE(parse_json(deep));
  EXPECT_FALSE(parse_json("[" + deep + "]"));
  EXPECT_FALSE(parse_json(std::string(1'000'000, '[')));
  EXPECT_TRUE(parse_json("\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\""));
}

TEST(Json, WritesObjectsOfOneMember) {
  EXPECT_EQ(to_text({{"text", "x"}}), "{\"text\":\"x\"}");
  EXPECT_EQ(to_text({{"text", "\xff"}}), "{\"text\":\"\xef\xbf\xbd\"}");
}

struct Read {
  JsonIn json;
  FieldErrors errors;
  explicit Read(const char* text) : json(*parse_json(text)) {}
  ObjectReader reader() { return ObjectReader(json, "", errors); }
};

TEST(ObjectReader, NamesEverythingThatIsWrongAtOnce) {
  Read read(R"({"name":5,"limit":101,"flag":"yes","list":["a",1],"object":[],"score":"x"})");
  ObjectReader reader = read.reader();
  reader.text("name", {});
  reader.maybe_integer("limit", 1, 100);
  reader.maybe_flag("flag");
  reader.maybe_texts("list", 10, {});
  reader.maybe_object("object");
  reader.maybe_number("score", 0, 1);
  reader.text("missing", {});
  ASSERT_EQ(read.errors.size(), 7U);
  EXPECT_EQ(read.errors[0].pointer, "/name");
  EXPECT_EQ(read.errors[6].pointer, "/missing");
  EXPECT_EQ(status(read.errors).error().code, ErrorCode::invalid_argument);
}

TEST(ObjectReader, DoesNotMistakeTypes) {
  Read read(R"({"float":1.0,"big":18446744073709551615,"text":"5","bool":1,"null":null})");
  ObjectReader reader = read.reader();
  EXPECT_FALSE(reader.maybe_integer("float", 0, 10));
  EXPECT_FALSE(reader.maybe_integer("big", 0, INT64_MAX));
  EXPECT_FALSE(reader.maybe_integer("text", 0, 10));
  EXPECT_FALSE(reader.maybe_flag("bool"));
  EXPECT_EQ(read.errors.size(), 4U);
  EXPECT_FALSE(reader.maybe_text("null", {}));
  EXPECT_EQ(read.errors.size(), 4U);
}

TEST(ObjectReader, ReadsAttributes) {
  Read read(R"({"a":{"department":"finance","clearance":3,"active":true,"tags":["x","y"]},
                "b":{"Bad Name":1},"c":{"x":1.5},"d":{"x":{"y":1}},"e":{"x":18446744073709551615}})");
  ObjectReader reader = read.reader();
  const auto attributes = reader.maybe_attributes("a");
  ASSERT_TRUE(attributes);
  EXPECT_EQ(to_text(to_json(*attributes)),
            R"({"active":true,"clearance":3,"department":"finance","tags":["x","y"]})");
  for (const char* name : {"b", "c", "d", "e"}) EXPECT_FALSE(reader.maybe_attributes(name)) << name;
  EXPECT_EQ(read.errors.size(), 4U);
}

TEST(ObjectReader, ComplainsAboutBodiesThatAreNoObjects) {
  Read read("[1]");
  ObjectReader reader = read.reader();
  reader.text("name", {});
  ASSERT_EQ(read.errors.size(), 1U);
  EXPECT_EQ(read.errors[0].detail, "must be an object");
}

TEST(Problem, SaysNothingAboutWhatMayNotBeKnown) {
  const Problem absent = to_problem({ErrorCode::not_found, "no document doc_1"}, {}, false);
  const Problem hidden = to_problem({ErrorCode::not_found, "hidden by policy"}, {}, false);
  EXPECT_EQ(to_text(to_json(absent, "req_1", ErrorStyle::problem)),
            to_text(to_json(hidden, "req_1", ErrorStyle::problem)));
}

TEST(Problem, HasTheDocumentedForm) {
  const Problem problem = to_problem({ErrorCode::invalid_argument, "/name: is missing"},
                                     {{"/name", "is missing"}}, false);
  const auto response = to_response(problem, "req_1", ErrorStyle::problem);
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(*response.headers.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"urn:wenyuan:problem:invalid_argument","title":"Bad Request","status":400,)"
            R"("detail":"/name: is missing","code":"invalid_argument","request_id":"req_1",)"
            R"("errors":[{"pointer":"/name","detail":"is missing"}]})");
}

TEST(Problem, MapsCodesToStatus) {
  const auto status_of = [](ErrorCode code) { return to_problem({code, "x"}, {}, false).status; };
  EXPECT_EQ(status_of(ErrorCode::unauthenticated), 401);
  EXPECT_EQ(status_of(ErrorCode::forbidden), 403);
  EXPECT_EQ(status_of(ErrorCode::conflict), 409);
  EXPECT_EQ(to_problem({ErrorCode::conflict, "x"}, {}, true).status, 412);
  EXPECT_EQ(status_of(ErrorCode::too_large), 413);
  EXPECT_EQ(status_of(ErrorCode::unsupported_media), 415);
  EXPECT_EQ(status_of(ErrorCode::rate_limited), 429);
  const auto busy =
      to_response(to_problem({ErrorCode::unavailable, "x"}, {}, false), "r", ErrorStyle::problem);
  EXPECT_EQ(busy.status, 503);
  EXPECT_NE(busy.headers.find("Retry-After"), nullptr);
  const auto stranger = to_response(to_problem({ErrorCode::unauthenticated, "x"}, {}, false), "r",
                                    ErrorStyle::problem);
  EXPECT_NE(stranger.headers.find("WWW-Authenticate"), nullptr);
}

TEST(Problem, SpeaksAsOpenAiDoesWhereThatIsExpected) {
  const Problem problem =
      to_problem({ErrorCode::invalid_argument, "x"}, {{"/model", "is missing"}}, false);
  EXPECT_EQ(to_text(to_json(problem, "req_1", ErrorStyle::openai)),
            R"({"error":{"message":"x","type":"invalid_request_error","param":"model",)"
            R"("code":"invalid_argument"}})");
}

}  // namespace
}  // namespace wenyuan::api
