// wenyuan policy: policies as files, checked here, compared with and carried to a running server.
#include <iostream>
#include <memory>

#include "app/command.h"
#include "app/policy_files.h"
#include "app/remote.h"
#include "auth/cedar/formatter.h"
#include "auth/cedar/parser.h"
#include "auth/policy_language.h"
#include "base/file.h"
#include "base/text.h"

namespace wenyuan::app {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kTextSizeMax = std::size_t{16} << 20;

struct PolicyFlags {
  RemoteFlags remote;
  std::vector<std::string> paths;
  std::string schema, config;
  std::string folder;
  std::string principal, resource, action = "read";
  bool dry_run = false, prune = false, write = false;
};

// --- without a server

Result<auth::PolicyLanguage> language_of(const PolicyFlags& flags) {
  if (!flags.schema.empty()) {
    WY_TRY(const std::string text, read_file(flags.schema, kTextSizeMax));
    auto language = auth::PolicyLanguage::of_schema(text);
    if (!language) return within(flags.schema, language.error());
    return language;
  }
  ConfigFlags from;
  if (!flags.config.empty()) from.config_file = flags.config;
  WY_TRY(const Config config, load_config(from));
  return auth::PolicyLanguage(config.attribute_kinds);
}

Result<int> validate(const PolicyFlags& flags) {
  WY_TRY(const auth::PolicyLanguage language, language_of(flags));
  WY_TRY(const auto paths, policy_paths(flags.paths));
  std::size_t wrong = 0;
  for (const fs::path& path : paths) {
    WY_TRY(const std::string text, read_file(path, kTextSizeMax));
    const auth::PolicyText read = language.read(text);
    if (read.policy) continue;
    ++wrong;
    std::cerr << path.string() << ": " << read.error << "\n";
  }
  std::cout << paths.size() << (paths.size() == 1 ? " policy, " : " policies, ")
            << (wrong == 0 ? "all valid" : std::to_string(wrong) + " not valid") << "\n";
  return wrong == 0 ? kExitGood : kExitFailed;
}

// What is written in the place of a file's text: the short form has no canonical one.
Result<std::string> formatted(const std::string& text) {
  if (!auth::is_cedar(text)) return std::string(trim(text)) + "\n";
  WY_TRY(const auth::cedar::Policy policy, auth::cedar::parse_policy(text));
  return auth::cedar::format(policy);
}

// Outside of strings; a string does not go over the end of its line.
bool has_comment(std::string_view text) {
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (in_string && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      in_string = !in_string;
    } else if (!in_string && text.substr(at).starts_with("//")) {
      return true;
    }
  }
  return false;
}

Result<int> format(const PolicyFlags& flags) {
  WY_TRY(const auto paths, policy_paths(flags.paths));
  for (const fs::path& path : paths) {
    WY_TRY(const std::string text, read_file(path, kTextSizeMax));
    const auto after = formatted(text);
    if (!after) return within(path.string(), after.error());
    if (!flags.write) {
      std::cout << *after;
    } else if (has_comment(text)) {
      std::cerr << path.string() << ": has comments, which formatting would lose: left as it is\n";
    } else if (*after != text) {
      WY_RETURN_IF_ERROR(write_file_durably(path, *after, 0644));
      std::cout << path.string() << "\n";
    }
  }
  return kExitGood;
}

// --- with one

Result<int> show(const json& answer) {
  std::cout << answer.dump(2) << "\n";
  return kExitGood;
}

Result<int> export_to(const PolicyFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const json answer, remote.get("/v1/policies/export"));
  WY_RETURN_IF_ERROR(write_policy_files(flags.folder, answer["policies"]));
  std::cout << answer["policies"].size() << " policies in " << flags.folder << "\n";
  return kExitGood;
}

void show_access(const json& access) {
  for (const auto& [action, found] : access.items()) {
    if (found.contains("error")) {
      std::cout << action << ": not known, " << found["error"].get<std::string>() << "\n";
      continue;
    }
    for (const char* list : {"gains", "losses"}) {
      for (const json& user : found[list]) {
        const bool gains = std::string_view(list) == "gains";
        std::cout << (gains ? "  + " : "  - ") << user.value("username", "")
                  << (gains ? " gains " : " loses ") << action << " on " << user.value("count", 0)
                  << " labels\n";
      }
    }
    std::cout << action << ": " << found.value("users_affected", 0) << " users affected\n";
  }
}

void show_plan(const json& plan) {
  for (const json& one : plan["added"]) std::cout << "add     " << one.value("name", "") << "\n";
  for (const json& one : plan["changed"]) {
    std::cout << "change  " << one.value("name", "") << " (" << one.value("id", "") << "):";
    for (const json& member : one["members"]) std::cout << " " << member.get<std::string>();
    const std::size_t linked = one["links_added"].size();
    const std::size_t unlinked = one["links_removed"].size();
    if (linked > 0) std::cout << " +" << linked << " links";
    if (unlinked > 0) std::cout << " -" << unlinked << " links";
    std::cout << "\n";
  }
  for (const json& one : plan["removed"]) {
    std::cout << "remove  " << one.value("name", "") << " (" << one.value("id", "") << ")\n";
  }
  std::cout << plan["unchanged"].size() << " unchanged, " << plan["left"].size()
            << " on the server alone and left there\n";
}

// The server names policies by their place: say which file that is.
void show_problems(const api::ClientReply& reply, const std::vector<PolicyFile>& files) {
  constexpr std::string_view kHead = "/policies/";
  const json problem = json::parse(reply.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("errors")) return;
  for (const json& error : problem["errors"]) {
    const std::string pointer = error.value("pointer", "");
    std::string where = pointer;
    if (pointer.starts_with(kHead)) {
      const std::size_t at = std::strtoul(pointer.c_str() + kHead.size(), nullptr, 10);
      if (at < files.size()) where = files[at].path.string();
    }
    std::cerr << where << ": " << error.value("detail", "") << "\n";
  }
}

Result<int> import_from(const PolicyFlags& flags) {
  WY_TRY(const auto files, read_policy_files(flags.folder));
  json body = {{"policies", json::array()}};
  for (const PolicyFile& file : files) body["policies"].push_back(file.entry);
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  std::string path = "/v1/policies/import?dry_run=";
  path.append(flags.dry_run ? "true" : "false").append(flags.prune ? "&prune=true" : "");
  WY_TRY(const api::ClientReply reply,
         remote.http().send({.method = "POST", .path = path, .body = body.dump()}));
  if (reply.status != 200) {
    show_problems(reply, files);
    return problem_of(reply);
  }
  const json answer = json::parse(reply.body, nullptr, false);
  if (answer.is_discarded()) return Error{ErrorCode::internal, "the server's answer is not JSON"};
  if (flags.remote.json) return show(answer);
  show_plan(answer);
  if (flags.dry_run) {
    show_access(answer["access"]);
    std::cout << "Nothing was changed.\n";
  }
  return kExitGood;
}

// A user's id, or a user's name.
Result<std::string> user_id(const Remote& remote, const std::string& who) {
  if (who.starts_with("usr_")) return who;
  std::string cursor;
  do {
    std::string path = "/v1/users?limit=200";
    if (!cursor.empty()) path.append("&cursor=").append(percent_encoded(cursor));
    WY_TRY(const json page, remote.get(path));
    for (const json& user : page.at("data")) {
      if (user.value("username", "") == who) return user.value("id", "");
    }
    const json& next = page.at("next_cursor");
    cursor = next.is_string() ? next.get<std::string>() : "";
  } while (!cursor.empty());
  return Error{ErrorCode::not_found, "there is no user called " + who};
}

Result<int> ask(const PolicyFlags& flags, const std::string& question) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  json body = {{"action", flags.action}};
  if (!flags.resource.empty()) body["resource"] = flags.resource;
  if (!flags.principal.empty()) {
    WY_TRY(body["principal"], user_id(remote, flags.principal));
  }
  WY_TRY(const json answer, remote.post("/v1/policies/" + question, body));
  return show(answer);
}

Result<int> simulate(const PolicyFlags& flags) {
  WY_TRY(const auto paths, policy_paths(flags.paths));
  json changes = json::array();
  for (const fs::path& path : paths) {
    WY_TRY(const std::string text, read_file(path, kTextSizeMax));
    changes.push_back({{"op", "add"}, {"text", text}});
  }
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const json answer, remote.post("/v1/policies/simulate",
                                        json{{"action", flags.action}, {"changes", changes}}));
  if (flags.remote.json) return show(answer);
  show_access({{flags.action, answer}});
  return kExitGood;
}

Result<int> print_schema(const PolicyFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  WY_TRY(const api::ClientReply reply,
         remote.http().send({.method = "GET", .path = "/v1/policies/schema", .body = ""}));
  if (reply.status != 200) return problem_of(reply);
  std::cout << reply.body;
  return kExitGood;
}

// --- the command line

class Commands {
 public:
  Commands(CLI::App& app, int& exit_code) : app_(app), exit_code_(exit_code) {}

  template <class Work>
  std::pair<CLI::App*, std::shared_ptr<PolicyFlags>> add(const char* name, const char* what,
                                                         Work work) {
    auto flags = std::make_shared<PolicyFlags>();
    CLI::App* command = app_.add_subcommand(name, what);
    command->callback([flags, work, &exit_code = exit_code_] {
      const Result<int> code = work(*flags);
      exit_code = code ? *code : report(code.error());
    });
    return {command, flags};
  }

  void add_offline() {
    const auto [check, check_flags] =
        add("validate", "Check files of policies, without a server", validate);
    check->add_option("PATH", check_flags->paths, "Files and folders")->required();
    check->add_option("--schema", check_flags->schema, "What `wenyuan policy schema` printed");
    check->add_option("--config", check_flags->config, "The server's configuration")
        ->envname("WENYUAN_CONFIG");
    const auto [shape, shape_flags] =
        add("format", "Print policies in their canonical form", format);
    shape->add_option("PATH", shape_flags->paths, "Files and folders")->required();
    shape->add_flag("--write", shape_flags->write, "Write it into the files; comments forbid it");
  }

  void add_transfer() {
    const auto [out, out_flags] = add("export", "Write all policies into a folder", export_to);
    add_remote_flags(*out, out_flags->remote);
    out->add_option("DIR", out_flags->folder, "The folder")->required();
    const auto [in, in_flags] =
        add("import", "Make the server's policies what the folder says", import_from);
    add_remote_flags(*in, in_flags->remote);
    in->add_option("DIR", in_flags->folder, "The folder")->required();
    in->add_flag("--dry-run", in_flags->dry_run, "Only say what would change, and for whom");
    in->add_flag("--prune", in_flags->prune, "Remove the server's other policies");
    const auto [schema, schema_flags] =
        add("schema", "Print the schema that policies are checked against", print_schema);
    add_remote_flags(*schema, schema_flags->remote);
  }

  void add_questions() {
    const auto question = [&](const char* name, const char* what, bool user, bool resource) {
      const auto [command, flags] =
          add(name, what, [name](const PolicyFlags& given) { return ask(given, name); });
      add_remote_flags(*command, flags->remote);
      if (user) command->add_option("USER", flags->principal, "A user's name or id")->required();
      if (resource) {
        command->add_option("RESOURCE", flags->resource, "A document or a collection, by its id")
            ->required();
      }
      add_action(*command, *flags);
    };
    question("check", "May this user do this, and why?", true, true);
    question("who-can-see", "Who may do this?", false, true);
    question("what-can-see", "What may this user do this with?", true, false);
    const auto [try_out, flags] =
        add("simulate", "Who would gain and who would lose by these policies?", simulate);
    add_remote_flags(*try_out, flags->remote);
    try_out->add_option("PATH", flags->paths, "Files of policies to add")->required();
    add_action(*try_out, *flags);
  }

 private:
  static void add_action(CLI::App& command, PolicyFlags& flags) {
    command.add_option("--action", flags.action, "What to do")
        ->check(CLI::IsMember({"read", "write", "manage"}))
        ->capture_default_str();
  }

  CLI::App& app_;
  int& exit_code_;
};

}  // namespace

void add_policy_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("policy", "Policies: as files, and questions about them");
  command->require_subcommand(1);
  Commands commands(*command, exit_code);
  commands.add_offline();
  commands.add_transfer();
  commands.add_questions();
}

}  // namespace wenyuan::app
