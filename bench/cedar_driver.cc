// Makes random questions for a Cedar engine, and answers them, as lines of JSON.
//
//   cedar_driver generate SETS SEED   writes {"policies", "entities", "requests"}, 20 requests a
//   set cedar_driver decide               reads such lines and writes {"results"}, by Cedar's rules
#include <nlohmann/json.hpp>

#include <iostream>
#include <string>
#include <vector>

#include "auth/cedar/authorizer.h"
#include "auth/cedar/entities_json.h"
#include "auth/cedar/parser.h"
#include "tests/auth/cedar/random_cedar.h"

namespace {

using namespace wenyuan;               // NOLINT: a program of one file
using namespace wenyuan::auth::cedar;  // NOLINT
using nlohmann::json;

json uid_json(const EntityUid& uid) { return {{"type", uid.type}, {"id", uid.id}}; }

json request_json(const Request& request) {
  return {{"principal", uid_json(request.principal)},
          {"action", uid_json(request.action)},
          {"resource", uid_json(request.resource)},
          {"context", json::parse(to_json(Value(request.context)))}};
}

int generate(std::size_t sets, std::uint64_t seed) {
  constexpr std::size_t kRequestsPerSet = 20;
  for (std::size_t i = 0; i < sets; ++i) {
    wenyuan::auth::cedar::testing::RandomCedar random(seed + i);
    json set = {{"policies", random.policies(1 + random.below(8))},
                {"entities", json::parse(to_json(random.entities()))},
                {"requests", json::array()}};
    for (std::size_t j = 0; j < kRequestsPerSet; ++j) {
      set["requests"].push_back(request_json(random.request()));
    }
    std::cout << set << '\n';
  }
  return 0;
}

Result<Request> request_of(const json& written) {
  Request request;
  WY_TRY(request.principal, parse_entity_uid(written.at("principal").dump()));
  WY_TRY(request.action, parse_entity_uid(written.at("action").dump()));
  WY_TRY(request.resource, parse_entity_uid(written.at("resource").dump()));
  WY_TRY(request.context, parse_context(written.at("context").dump()));
  return request;
}

Result<json> answer(const json& set) {
  WY_TRY(const PolicySet policies, parse_policies(set.at("policies").get<std::string>()));
  WY_TRY(std::vector<Entity> listed, parse_entities(set.at("entities").dump()));
  WY_TRY(const Entities entities, Entities::make(std::move(listed)));
  json results = json::array();
  for (const json& written : set.at("requests")) {
    WY_TRY(const Request request, request_of(written));
    const Response response = authorize(policies, request, entities, ErrorRule::skip_policy);
    json errors = json::object();
    for (const PolicyError& error : response.errors) errors[error.policy_id] = error.message;
    results.push_back({{"decision", response.decision == Decision::allow ? "allow" : "deny"},
                       {"reasons", response.reasons},
                       {"errors", std::move(errors)}});
  }
  return json{{"results", std::move(results)}};
}

int decide() {
  for (std::string line; std::getline(std::cin, line);) {
    const auto answered = answer(json::parse(line));
    if (!answered) {
      std::cerr << answered.error().message << '\n';
      return 1;
    }
    std::cout << *answered << '\n';
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() == 3 && words[0] == "generate") {
    return generate(std::stoul(words[1]), std::stoull(words[2]));
  }
  if (words.size() == 1 && words[0] == "decide") return decide();
  std::cerr << "cedar_driver generate SETS SEED | cedar_driver decide\n";
  return 2;
}
