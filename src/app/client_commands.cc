// wenyuan search and ask: a question to a running server, the answer on the terminal.
#include <cstdio>
#include <iostream>

#include "app/command.h"
#include "app/ingest_command.h"
#include "app/remote.h"

namespace wenyuan::app {
namespace {

using nlohmann::json;

struct QueryFlags {
  RemoteFlags remote;
  std::string text;
  std::vector<std::string> collections;
  std::string as_of;
  std::string mode = "hybrid";
  int limit = 5;
};

Result<json> collection_ids(const Remote& remote, const std::vector<std::string>& names) {
  json ids = json::array();
  for (const std::string& name : names) {
    WY_TRY(const std::string id, find_collection(remote, name));
    if (id.empty()) return Error{ErrorCode::not_found, "there is no collection called " + name};
    ids.push_back(id);
  }
  return ids;
}

// "page 3" or the heading path.
std::string place(const json& location) {
  std::string text;
  for (const json& heading : location.value("heading_path", json::array())) {
    text += (text.empty() ? "" : " > ") + heading.get<std::string>();
  }
  const auto at = location.find("page");
  const int page = at != location.end() && at->is_number_integer() ? at->get<int>() : 0;
  if (page > 0) text += (text.empty() ? "page " : ", page ") + std::to_string(page);
  return text;
}

Status search(const QueryFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  json body = {{"query", flags.text}, {"mode", flags.mode}, {"limit", flags.limit}};
  if (!flags.as_of.empty()) body["as_of"] = flags.as_of;
  if (!flags.collections.empty()) {
    WY_TRY(body["collection_ids"], collection_ids(remote, flags.collections));
  }
  WY_TRY(const json answer, remote.post("/v1/search", body));
  if (flags.remote.json) {
    std::cout << answer.dump(2) << "\n";
    return Done{};
  }
  if (answer["results"].empty()) std::cout << "Nothing found.\n";
  int number = 0;
  for (const json& hit : answer["results"]) {
    std::cout << ++number << ". " << hit.value("title", "") << "  ("
              << place(hit.value("location", json::object())) << ")\n"
              << hit.value("text", "") << "\n\n";
  }
  return Done{};
}

Status ask(const QueryFlags& flags) {
  WY_TRY(const Remote remote, Remote::open(flags.remote));
  json body = {{"question", flags.text}};
  if (!flags.as_of.empty()) body["as_of"] = flags.as_of;
  if (!flags.collections.empty()) {
    WY_TRY(body["collection_ids"], collection_ids(remote, flags.collections));
  }
  WY_TRY(const json answer, remote.post("/v1/ask", body));
  if (flags.remote.json) {
    std::cout << answer.dump(2) << "\n";
    return Done{};
  }
  std::cout << answer.value("answer", "") << "\n";
  for (const json& citation : answer["citations"]) {
    std::cout << "\n[" << citation.value("marker", 0) << "] " << citation.value("title", "")
              << "  (" << place(citation.value("location", json::object())) << ")\n    \""
              << citation.value("quote", "") << "\"\n";
  }
  return Done{};
}

using Work = Status (*)(const QueryFlags&);

void add_query(CLI::App& app, int& exit_code, const std::string& name, const std::string& what,
               const std::string& argument, Work work) {
  auto flags = std::make_shared<QueryFlags>();
  CLI::App* command = app.add_subcommand(name, what);
  add_remote_flags(*command, flags->remote);
  command->add_option(argument, flags->text, "The words")->required();
  command->add_option("--collection", flags->collections, "Only in this collection (repeatable)");
  command->add_option("--as-of", flags->as_of,
                      "What was visible at this time, like 2026-01-31T00:00:00Z");
  if (name == "search") {
    command->add_option("--mode", flags->mode, "How to search")
        ->check(CLI::IsMember({"hybrid", "semantic", "keyword"}))
        ->capture_default_str();
    command->add_option("--limit", flags->limit, "Hits at most")
        ->check(CLI::Range(1, 100))
        ->capture_default_str();
  }
  command->callback([flags, work, &exit_code] {
    const Status status = work(*flags);
    exit_code = status ? kExitGood : report(status.error());
  });
}

}  // namespace

int report(const Error& error) {
  std::cerr << "wenyuan: " << error.message << "\n";
  return error.code == ErrorCode::invalid_argument ? kExitUsage : kExitFailed;
}

void add_client_commands(CLI::App& app, int& exit_code) {
  add_ingest_command(app, exit_code);
  add_query(app, exit_code, "search", "Search the documents that you may read", "QUERY", search);
  add_query(app, exit_code, "ask", "Ask a question; the answer quotes its sources", "QUESTION",
            ask);
}

}  // namespace wenyuan::app
