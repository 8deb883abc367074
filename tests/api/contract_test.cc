// schema/openapi.yaml and the routes must say the same.
#include <gtest/gtest.h>

#include <set>

#include "api/call.h"
#include "api/embedded_files.h"
#include "base/text.h"

namespace wenyuan::api {
namespace {

const JsonIn& contract() {
  static const JsonIn parsed = *parse_json(embedded_contract().front().content);
  return parsed;
}

std::string operation(std::string_view method, std::string_view path) {
  return to_lower_ascii(method) + " " + std::string(path);
}

TEST(Contract, NamesEveryRouteAndNoOther) {
  std::set<std::string> routes, documented;
  for (const Route& route : contract_routes()) {
    EXPECT_TRUE(routes.insert(operation(route.method, route.path)).second)
        << route.method << " " << route.path << " is there twice";
  }
  for (const auto& [path, item] : contract()["paths"].items()) {
    for (const auto& [method, unused] : item.items()) {
      if (method != "parameters") documented.insert(operation(method, path));
    }
  }
  EXPECT_EQ(routes, documented);
}

TEST(Contract, SaysWhichRoutesAreOpen) {
  for (const Route& route : contract_routes()) {
    const auto& described =
        contract()["paths"][std::string(route.path)][to_lower_ascii(route.method)];
    const bool open = described.contains("security") &&
                      (described["security"].empty() || described["security"][0].empty());
    EXPECT_EQ(open, route.access == Access::open) << route.method << " " << route.path;
  }
}

TEST(Contract, SaysWhichRoutesTakeABody) {
  for (const Route& route : contract_routes()) {
    const auto& described =
        contract()["paths"][std::string(route.path)][to_lower_ascii(route.method)];
    EXPECT_EQ(described.contains("requestBody"), route.body != Body::none)
        << route.method << " " << route.path;
  }
}

TEST(Contract, RefersOnlyToWhatItDefines) {
  const std::string text(embedded_contract().front().content);
  std::size_t at = 0;
  while ((at = text.find("\"#/", at)) != std::string::npos) {
    const std::string pointer = text.substr(at + 2, text.find('"', at + 1) - at - 2);
    EXPECT_TRUE(contract().contains(JsonIn::json_pointer(pointer))) << pointer;
    ++at;
  }
}

TEST(Contract, GivesEveryOperationItsOwnName) {
  std::set<std::string> names;
  for (const auto& [path, item] : contract()["paths"].items()) {
    for (const auto& [method, described] : item.items()) {
      if (method == "parameters") continue;
      const std::string name = described["operationId"];
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
}

// A change that succeeded and is in no log would be one that nobody can account for.
TEST(Routes, AreAllRecordedUnlessTheyRecordThemselves) {
  for (const Route& route : contract_routes()) {
    if (route.method == "GET" && route.access == Access::signed_in) {
      EXPECT_FALSE(route.action.empty()) << route.path;
    }
  }
}

TEST(Web, HasItsPages) {
  std::set<std::string_view> names;
  for (const EmbeddedFile& file : embedded_web()) {
    EXPECT_FALSE(file.content.empty()) << file.name;
    names.insert(file.name);
  }
  for (const char* page : {"index.html", "app.css", "app.js", "docs.html"}) {
    EXPECT_TRUE(names.contains(page)) << page;
  }
}

// The page may run under its own content security policy: no inline script, style or handler.
TEST(Web, HasNothingInline) {
  for (const EmbeddedFile& file : embedded_web()) {
    if (!file.name.ends_with(".html")) continue;
    for (const char* bad : {"<style", " style=", " onclick=", "javascript:", "<script>"}) {
      EXPECT_EQ(file.content.find(bad), std::string_view::npos) << file.name << ": " << bad;
    }
  }
}

}  // namespace
}  // namespace wenyuan::api
