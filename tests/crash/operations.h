// The things that a server does to its disk, one by one, for tests that let them be interrupted.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"
#include "tests/crash/node.h"

namespace wenyuan::crash {

// What operations of one run share: where they work, and names that are never used twice.
struct Scene {
  explicit Scene(std::uint64_t seed) : random(seed) {}

  std::mt19937_64 random;
  std::int64_t last_number = 0;
  std::string collection_id{};  // made by set_up()
  // What the last `prepare` has left for its `act`.
  std::string target{}, second{};
  store::BlobInfo blob{};
  std::vector<std::string> documents{};  // ready ones that later operations may take

  std::string fresh(const std::string& word) { return word + std::to_string(++last_number); }
  // Lines of words, different each time.
  std::string some_text();
};

struct Operation {
  std::string name;
  // Makes what `act` needs; may be null. Its changes are acknowledged like those of `act`.
  std::function<Status(Node&, Scene&)> prepare;
  // Changes what read_facts() sees in one transaction, or not at all.
  std::function<Status(Node&, Scene&)> act;
  // Its change has a record in the audit log.
  bool is_recorded = true;
  // It makes more calls the more there is: then tests begin with a new store now and then.
  bool grows = false;
};

// Each once, in a fixed order.
const std::vector<Operation>& operations();
const Operation& operation(const std::string& name);

Status set_up(Node& node, Scene& scene);

// Pieces that several operations are made of.
Result<std::string> upload(Node& node, Scene& scene, const std::string& external_id = "");
Status ingest(Node& node, Scene& scene, const std::string& document_id, std::int64_t version = 0);
Result<std::string> ready_document(Node& node, Scene& scene);

std::vector<Operation> people_operations();
std::vector<Operation> content_operations();
std::vector<Operation> derived_operations();
std::vector<Operation> key_operations();
std::vector<Operation> backup_operations();

}  // namespace wenyuan::crash
