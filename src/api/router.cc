#include "api/router.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::http {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](const std::string& part, const std::string& segment) {
                      return is_parameter(part) ? !segment.empty() : part == segment;
                    });
}

bool is_better(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::lexicographical_compare(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const std::string& x, const std::string& y) { return is_parameter(x) < is_parameter(y); });
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, std::size_t number) {
  Entry entry{std::string(method), {}, number};
  for (const std::string_view segment : split(pattern.substr(1), '/')) {
    entry.segments.emplace_back(segment);
  }
  const auto place = std::upper_bound(
      entries_.begin(), entries_.end(), entry,
      [](const Entry& a, const Entry& b) { return is_better(a.segments, b.segments); });
  entries_.insert(place, std::move(entry));
}

std::optional<Router::Found> Router::find(std::string_view method,
                                          const std::vector<std::string>& segments) const {
  for (const Entry& entry : entries_) {
    if (entry.method != method || !fits(entry.segments, segments)) continue;
    Found found{entry.number, {}};
    for (std::size_t at = 0; at < segments.size(); ++at) {
      const std::string& part = entry.segments[at];
      if (is_parameter(part)) {
        found.parameters.emplace_back(part.substr(1, part.size() - 2), segments[at]);
      }
    }
    return found;
  }
  return std::nullopt;
}

std::vector<std::string> Router::methods(const std::vector<std::string>& segments) const {
  std::vector<std::string> methods;
  for (const Entry& entry : entries_) {
    if (fits(entry.segments, segments)) methods.push_back(entry.method);
  }
  std::sort(methods.begin(), methods.end());
  methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
  return methods;
}

}  // namespace wenyuan::http
