// Reads Cedar's own tests: sets of policies, schema, entities and requests with what must come out.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace wenyuan::auth::cedar::testing {

struct CorpusRequest {
  std::string description;
  std::string principal, action, resource;  // JSON: {"type", "id"}
  std::string context;                      // JSON
  bool validate_request = true;
  bool allowed = false;
  std::set<std::string> reasons, errors;
};

struct CorpusCase {
  std::string name;
  std::string policies;  // Cedar text
  std::string entities;  // JSON
  std::string schema;    // Cedar schema text
  bool should_validate = true;
  std::vector<CorpusRequest> requests;
};

// The generated sets, unpacked into a directory that goes with this object.
class Corpus {
 public:
  // Nothing when the archive is not on this machine.
  static std::optional<Corpus> unpack();
  ~Corpus();
  Corpus(Corpus&& other) noexcept;
  Corpus(const Corpus&) = delete;
  Corpus& operator=(const Corpus&) = delete;

  // In the order of their names; one at a time, as together they are large.
  void for_each(const std::function<void(const CorpusCase&)>& visit) const;

 private:
  explicit Corpus(std::filesystem::path root) : root_(std::move(root)) {}

  std::filesystem::path root_;
};

// The sets written by hand; empty when they are not on this machine.
std::vector<CorpusCase> hand_written_cases();

}  // namespace wenyuan::auth::cedar::testing
