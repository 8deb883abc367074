#include "api/admission.h"

#include "api/target.h"

namespace wenyuan::http {
namespace {

bool has_control_character(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return true;
  }
  return false;
}

}  // namespace

std::string too_large_text(const AdmittedRoute& route) {
  return "The body is over the limit of " + std::to_string(route.body_bytes_max) + " bytes";
}

void Admission::add(std::string_view method, std::string_view pattern, std::size_t body_bytes_max,
                    Handler handler) {
  router_.add(method, pattern, routes_.size());
  routes_.push_back({std::string(pattern), body_bytes_max, std::move(handler)});
}

Refusal Admission::examine(std::string_view text, Request& request, Admitted& admitted) const {
  request.path = std::string(text.substr(0, text.find('?')));
  request.target = std::string(text);
  for (const auto& [name, value] : request.headers) {
    if (has_control_character(value)) return {400, "A header holds a control character", ""};
  }
  for (const char* once : {"Authorization", "Content-Type", "Content-Length", "Host"}) {
    if (request.headers.count(once) > 1) return {400, std::string(once) + " is given twice", ""};
  }
  auto target = parse_target(text);
  if (!target) return {400, target.error().message, ""};
  request.query = std::move(target->query);
  if (Refusal refusal = find_route(target->segments, request, admitted); refusal.status != 0) {
    return refusal;
  }
  return examine_body(request, admitted);
}

Refusal Admission::find_route(const std::vector<std::string>& segments, Request& request,
                              Admitted& admitted) const {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  auto found = router_.find(method, segments);
  if (!found) {
    std::string allow;
    for (const std::string& other : router_.methods(segments)) {
      allow += (allow.empty() ? "" : ", ") + other;
    }
    if (allow.empty()) return {404, "There is no such path", ""};
    return {405, "This path answers " + allow, allow};
  }
  admitted.route = &routes_[found->number];
  request.route = admitted.route->pattern;
  request.parameters = std::move(found->parameters);
  return {};
}

Refusal Admission::examine_body(Request& request, Admitted& admitted) {
  bool chunked = false;
  if (const std::string* coding = request.headers.find("Transfer-Encoding")) {
    if (!same_name(*coding, "chunked")) return {400, "Only chunked transfer is understood", ""};
    chunked = true;
  }
  if (const std::string* text = request.headers.find("Content-Length")) {
    if (text->empty() || text->size() > 18 ||
        text->find_first_not_of("0123456789") != std::string::npos) {
      return {400, "Content-Length is not a number", ""};
    }
    request.content_length = std::stoull(*text);
  }
  admitted.has_body = chunked || request.content_length.value_or(0) > 0;
  if (!admitted.has_body) return {};
  if (request.method == "GET" || request.method == "HEAD") {
    return {400, "A " + request.method + " request has no body", ""};
  }
  if (const std::string* coding = request.headers.find("Content-Encoding");
      coding != nullptr && !same_name(*coding, "identity")) {
    return {415, "Compressed bodies are not understood", ""};
  }
  if (request.content_length.value_or(0) > admitted.route->body_bytes_max) {
    return {413, too_large_text(*admitted.route), ""};
  }
  return {};
}

}  // namespace wenyuan::http
