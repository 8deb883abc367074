// Finds the route that a path belongs to.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wenyuan::http {

// Patterns are "/v1/documents/{id}/chunks"; {…} stands for one segment that is not empty. Where two
// fit, the one with the earlier literal segment wins, whatever the order they were added in.
class Router {
 public:
  // `number` is what find() gives back.
  void add(std::string_view method, std::string_view pattern, std::size_t number);

  struct Found {
    std::size_t number = 0;
    std::vector<std::pair<std::string, std::string>> parameters;
  };
  std::optional<Found> find(std::string_view method,
                            const std::vector<std::string>& segments) const;
  // Methods that this path has, sorted; empty when there is no such path.
  std::vector<std::string> methods(const std::vector<std::string>& segments) const;

 private:
  struct Entry {
    std::string method;
    std::vector<std::string> segments;
    std::size_t number;
  };
  std::vector<Entry> entries_;  // sorted so that the better pattern comes first
};

}  // namespace wenyuan::http
