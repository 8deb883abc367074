#include "api/same_origin.h"

#include <gtest/gtest.h>

#include "api/browser_cookie.h"
#include "api/qr_code.h"

namespace wenyuan::api {
namespace {

http::Request request(const std::string& method,
                      std::vector<std::pair<std::string, std::string>> headers,
                      bool secure = true) {
  http::Request made;
  made.method = method;
  made.secure = secure;
  made.headers.add("Host", "kb.example:8443");
  for (auto& [name, value] : headers) made.headers.add(name, value);
  return made;
}

TEST(SameOrigin, TakesOurPageAndPrograms) {
  for (const auto& headers : std::vector<std::vector<std::pair<std::string, std::string>>>{
           {},
           {{"Origin", "https://kb.example:8443"}},
           {{"Origin", "https://KB.example:8443"}},
           {{"Sec-Fetch-Site", "same-origin"}},
           {{"Sec-Fetch-Site", "same-origin"}, {"Origin", "https://kb.example:8443"}}}) {
    EXPECT_FALSE(is_from_elsewhere(request("POST", headers)));
    EXPECT_EQ(is_from_our_page(request("POST", headers)), !headers.empty());
  }
  EXPECT_FALSE(is_from_elsewhere(request("GET", {{"Sec-Fetch-Site", "none"}})));
}

TEST(SameOrigin, RefusesEverybodyElse) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"Origin", "https://evil.example"},
           {"Origin", "https://kb.example:8443.evil.example"},
           {"Origin", "https://evil.example/https://kb.example:8443"},
           {"Origin", "https://kb.example"},
           {"Origin", "http://kb.example:8443"},
           {"Origin", "null"},
           {"Origin", ""},
           {"Sec-Fetch-Site", "cross-site"},
           {"Sec-Fetch-Site", "same-site"},
           {"Sec-Fetch-Site", "none"},
           {"Sec-Fetch-Site", "Same-Origin"},
           {"Sec-Fetch-Site", ""}}) {
    EXPECT_TRUE(is_from_elsewhere(request("POST", {{name, value}}))) << name << ": " << value;
    EXPECT_FALSE(is_from_our_page(request("POST", {{name, value}}))) << name << ": " << value;
  }
  http::Request nameless;
  nameless.method = "POST";
  nameless.headers.add("Origin", "https://");
  EXPECT_TRUE(is_from_elsewhere(nameless));
}

TEST(SameOrigin, LeavesTheSchemeOpenWhereAProxyMayEndTls) {
  EXPECT_FALSE(is_from_elsewhere(request("POST", {{"Origin", "http://kb.example:8443"}}, false)));
  EXPECT_FALSE(is_from_elsewhere(request("POST", {{"Origin", "https://kb.example:8443"}}, false)));
}

TEST(BrowserCookie, IsBoundToTheHostWhereTheBrowserCameByHttps) {
  EXPECT_EQ(set_session_cookie(request("POST", {}), "wyb_x"),
            "__Host-wenyuan_session=wyb_x; Path=/; HttpOnly; SameSite=Strict; Secure");
  EXPECT_EQ(set_session_cookie(request("POST", {}, false), "wyb_x"),
            "wenyuan_session=wyb_x; Path=/; HttpOnly; SameSite=Strict");
  EXPECT_EQ(set_session_cookie(request("POST", {{"Origin", "https://kb.example"}}, false), "wyb_x"),
            "__Host-wenyuan_session=wyb_x; Path=/; HttpOnly; SameSite=Strict; Secure");
  EXPECT_EQ(end_session_cookie(request("POST", {})),
            "__Host-wenyuan_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure");
}

TEST(BrowserCookie, IsFoundByItsExactName) {
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "a=b; __Host-wenyuan_session=wyb_x; c=d"}})),
            "wyb_x");
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "x__Host-wenyuan_session=wyb_x"}})), "");
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "wenyuan_session=wyb_x"}})), "")
      << "anybody on the network could have set it";
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "wenyuan_session=wyb_x"}}, false)), "wyb_x");
  EXPECT_EQ(session_cookie(request("GET", {{"Cookie", "wenyuan_session"}}, false)), "");
  const std::pair<std::string, std::string> plain{"Cookie", "wenyuan_session=wyb_x"};
  EXPECT_EQ(session_cookie(request("POST", {plain, {"Origin", "https://kb.example:8443"}}, false)),
            "")
      << "the browser came by https, to a proxy";
  EXPECT_EQ(session_cookie(request("POST", {plain, {"Origin", "https://evil.example"}}, false)),
            "wyb_x")
      << "which is then refused for where it comes from";
}

TEST(QrCode, IsAPictureWithAQuietZone) {
  const auto svg = qr_svg("otpauth://totp/Wenyuan:ann?secret=ABC");
  ASSERT_TRUE(svg);
  EXPECT_TRUE(svg->starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 37 37\""));
  // The top of two of the three corners.
  EXPECT_NE(svg->find("M4 4h7v1H4z"), std::string::npos);
  EXPECT_NE(svg->find("M26 4h7v1H26z"), std::string::npos);
  EXPECT_FALSE(qr_svg(std::string(4000, 'x')));
  EXPECT_FALSE(qr_svg(std::string("a\0b", 3)));
  EXPECT_FALSE(qr_svg(""));
}

}  // namespace
}  // namespace wenyuan::api
