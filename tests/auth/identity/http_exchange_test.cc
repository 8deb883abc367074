#include "auth/identity/http_exchange.h"

#include <gtest/gtest.h>

namespace wenyuan::auth {
namespace {

TEST(Origin, IsReadInOneWayOnly) {
  EXPECT_EQ(*origin_of("https://ID.Example/path?x#y"), "https://id.example:443");
  EXPECT_EQ(*origin_of("http://127.0.0.1:8081"), "http://127.0.0.1:8081");
  EXPECT_EQ(*origin_of("https://[::1]:9/"), "https://[::1]:9");
  EXPECT_EQ(*origin_of("https://id.example?x"), "https://id.example:443");
  for (const char* bad : {"",
                          "id.example",
                          "ftp://id.example",
                          "file:///etc/passwd",
                          "https://",
                          "https:///x",
                          "https://user@id.example",
                          "https://id.example@evil.example",
                          "https://id.example:0",
                          "https://id.example:",
                          "https://id.example:99999",
                          "https://id.example:80x",
                          "https://id.example\\@evil.example",
                          "https://id example",
                          "https://id.example\n",
                          "https://\xe2\x84\xaa.example",
                          "https://id%2eexample",
                          "https://[::1",
                          "https://[x]:1",
                          "https://id_example/"}) {
    EXPECT_FALSE(origin_of(bad)) << bad;
  }
}

TEST(EgressPolicy, PermitsItsProvidersAlone) {
  const auto policy = EgressPolicy::allow({"https://id.example/realm", "http://localhost:81/"});
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->permits("https://id.example/other"));
  EXPECT_TRUE(policy->permits("https://id.example:443/"));
  EXPECT_TRUE(policy->permits("http://localhost:81/x"));
  for (const char* other :
       {"http://id.example/", "https://id.example:444/", "https://id.example.evil.example/",
        "https://evil.example/?https://id.example", "http://localhost/", "http://169.254.169.254/",
        "https://id.example@evil.example/"}) {
    EXPECT_FALSE(policy->permits(other)) << other;
  }
}

TEST(EgressPolicy, AsksForHttpsBeyondThisMachine) {
  EXPECT_FALSE(EgressPolicy::allow({"http://id.example"}));
  EXPECT_TRUE(EgressPolicy::allow({"http://id.example"}, true));
  EXPECT_FALSE(EgressPolicy::allow({"nonsense"}));
}

TEST(Form, EscapesEverythingThatCouldEndAField) {
  EXPECT_EQ(form_encoded({{"code", "a&b=c d"}, {"x", "文+%"}}),
            "code=a%26b%3Dc%20d&x=%E6%96%87%2B%25");
}

}  // namespace
}  // namespace wenyuan::auth
