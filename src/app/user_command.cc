// wenyuan user: users and their keys on a running server.
#include <iostream>

#include "app/command.h"
#include "app/remote.h"
#include "base/text.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

constexpr std::int64_t kKeySeconds = 365 * 86'400;

struct UserFlags {
  RemoteFlags remote;
  std::string username;
  std::string display_name;
  std::vector<std::string> attributes;  // name=value
  std::vector<std::string> roles;
  bool with_key = false;
};

// "clearance=2" is a number, "department=legal" a text, "external=true" a flag.
Result<json> attributes_of(const std::vector<std::string>& pairs) {
  json attributes = json::object();
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{ErrorCode::invalid_argument, "an attribute is NAME=VALUE, not " + pair};
    }
    const std::string value = pair.substr(equals + 1);
    const json parsed = json::parse(value, nullptr, false);
    const bool typed = parsed.is_number_integer() || parsed.is_boolean();
    attributes[pair.substr(0, equals)] = typed ? parsed : json(value);
  }
  return attributes;
}

Status add(const UserFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const json attributes, attributes_of(flags.attributes));
  json body = {{"username", flags.username},
               {"display_name", flags.display_name.empty() ? flags.username : flags.display_name},
               {"attributes", attributes},
               {"roles", flags.roles}};
  WY_TRY(json user, remote.post("/v1/users", body));
  if (flags.with_key) {
    WY_TRY(const json key, remote.post("/v1/api-keys", json{{"name", "first key"},
                                                            {"scopes", {"*"}},
                                                            {"expires_in", kKeySeconds},
                                                            {"user_id", user["id"]}}));
    user["key"] = key["key"];
  }
  if (flags.remote.json) {
    std::cout << user.dump(2) << "\n";
    return Done{};
  }
  std::cout << "user " << user.value("username", "") << "  " << user.value("id", "") << "\n";
  if (flags.with_key) std::cout << "key (shown once): " << user.value("key", "") << "\n";
  return Done{};
}

Status list(const UserFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  json users = json::array();
  std::string cursor;
  do {
    WY_TRY(const json page,
           remote.get("/v1/users?limit=200" +
                      (cursor.empty() ? "" : "&cursor=" + percent_encoded(cursor))));
    for (const json& user : page.at("data")) users.push_back(user);
    const json& next = page.at("next_cursor");
    cursor = next.is_string() ? next.get<std::string>() : "";
  } while (!cursor.empty());
  if (flags.remote.json) {
    std::cout << users.dump(2) << "\n";
    return Done{};
  }
  for (const json& user : users) {
    std::cout << user.value("id", "") << "  " << user.value("username", "") << "  "
              << user.value("attributes", json::object()).dump() << "\n";
  }
  return Done{};
}

void finish(int& exit_code, const Status& status) {
  exit_code = status ? kExitGood : report(status.error());
}

}  // namespace

void add_user_command(CLI::App& app, int& exit_code) {
  CLI::App* user = app.add_subcommand("user", "Users of a running server");
  user->require_subcommand(1);

  auto flags = std::make_shared<UserFlags>();
  CLI::App* adding = user->add_subcommand("add", "Add a user");
  add_remote_flags(*adding, flags->remote);
  adding->add_option("NAME", flags->username, "Name to sign in with")->required();
  adding->add_option("--display-name", flags->display_name, "Name to show");
  adding->add_option("--attribute", flags->attributes, "NAME=VALUE for access rules (repeatable)");
  adding->add_option("--role", flags->roles, "admin, auditor, model_admin, data_scientist, owner, editor, reader, or one of your own");
  adding->add_flag("--with-key", flags->with_key, "Make an API key, too, and show it");
  adding->callback([flags, &exit_code] { finish(exit_code, add(*flags)); });

  CLI::App* listing = user->add_subcommand("list", "List the users");
  add_remote_flags(*listing, flags->remote);
  listing->callback([flags, &exit_code] { finish(exit_code, list(*flags)); });
}

}  // namespace wenyuan::app
