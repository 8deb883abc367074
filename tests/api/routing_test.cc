#include <gtest/gtest.h>

#include "api/router.h"
#include "api/target.h"

namespace wenyuan::http {
namespace {

using Segments = std::vector<std::string>;

TEST(Router, PrefersLiteralSegmentsWhateverTheOrder) {
  Router router;
  router.add("GET", "/v1/policies/{id}", 1);
  router.add("POST", "/v1/policies/check", 2);
  router.add("GET", "/v1/policies/check", 3);
  EXPECT_EQ(router.find("GET", {"v1", "policies", "check"})->number, 3U);
  EXPECT_EQ(router.find("GET", {"v1", "policies", "pol_1"})->number, 1U);
  EXPECT_EQ(router.find("GET", {"v1", "policies", "pol_1"})->parameters.at(0).second, "pol_1");
  EXPECT_EQ(router.find("POST", {"v1", "policies", "check"})->number, 2U);
  EXPECT_FALSE(router.find("POST", {"v1", "policies", "pol_1"}));
  EXPECT_EQ(router.methods({"v1", "policies", "check"}), (Segments{"GET", "POST"}));
}

TEST(Router, FindsTheRootAndNothingElseThere) {
  Router router;
  router.add("GET", "/", 7);
  EXPECT_EQ(router.find("GET", parse_target("/")->segments)->number, 7U);
  EXPECT_FALSE(router.find("GET", parse_target("//")->segments));
  EXPECT_FALSE(router.find("GET", {"x"}));
}

TEST(Target, TakesPathAndQueryApart) {
  const auto target = parse_target("/a%2Fb/c+d?x=1&y=%26&y=2&flag&e=#fragment");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (Segments{"a/b", "c+d"}));
  EXPECT_EQ(target->query.size(), 5U);
  EXPECT_EQ(target->query[1].second, "&");
  EXPECT_EQ(target->query[3].first, "flag");
  EXPECT_EQ(target->query[4].second, "");
}

TEST(Target, RefusesWhatIsNotText) {
  for (const char* bad :
       {"", "x", "http://host/", "/%", "/%1", "/%gg", "/%00", "/%ff", "/?%0d", "/%ed%a0%80"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "/a";
  EXPECT_FALSE(parse_target(deep));
}

}  // namespace
}  // namespace wenyuan::http
