#include "auth/identity/signature_base.h"

#include <optional>

#include "base/text.h"

namespace wenyuan::auth {
namespace {

Error missing(const std::string& name) {
  return {ErrorCode::invalid_argument, "the request does not have what is signed: " + name};
}

std::string path_of(const SignedRequest& request) {
  const std::string path = request.target.substr(0, request.target.find('?'));
  return path.empty() ? "/" : path;
}

// With its question mark, which stands there even when there is no query (section 2.2.7).
std::string query_of(const SignedRequest& request) {
  const std::size_t mark = request.target.find('?');
  return mark == std::string::npos ? "?" : request.target.substr(mark);
}

// Small letters, and without the port that the scheme means anyway (section 2.2.3).
std::string authority_of(const SignedRequest& request) {
  std::string authority = to_lower_ascii(trim(request.authority));
  const std::string_view usual = request.scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(usual)) authority.resize(authority.size() - usual.size());
  return authority;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string form_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
    if (low >= 0) {
      plain += static_cast<char>(high * 16 + low);
      at += 2;
    } else {
      plain += text[at] == '+' ? ' ' : text[at];
    }
  }
  return plain;
}

// The percent-encode set of application/x-www-form-urlencoded, with %20 for a space.
std::string form_encoded(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '.' || c == '_' || c == '*') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

// Section 2.2.8. A name that is there twice cannot be signed alone.
std::optional<std::string> query_parameter(const SignedRequest& request, const std::string& name) {
  std::optional<std::string> found;
  const std::string query = query_of(request);
  for (const std::string_view pair : split(std::string_view(query).substr(1), '&')) {
    const std::size_t equals = pair.find('=');
    if (form_encoded(form_decoded(pair.substr(0, equals))) != name) continue;
    if (found) return std::nullopt;
    found =
        equals == std::string_view::npos ? "" : form_encoded(form_decoded(pair.substr(equals + 1)));
  }
  return found;
}

std::optional<std::string> derived(const SignedRequest& request,
                                   const CoveredComponent& component) {
  const std::string& name = component.name;
  if (name == "@method") return request.method;
  if (name == "@authority") return authority_of(request);
  if (name == "@scheme") return request.scheme;
  if (name == "@request-target") return request.target;
  if (name == "@path") return path_of(request);
  if (name == "@query") return query_of(request);
  if (name == "@target-uri") {
    return request.scheme + "://" + authority_of(request) + request.target;
  }
  if (name == "@query-param") return query_parameter(request, *component.query_name);
  return std::nullopt;
}

std::optional<std::string> header_value(const SignedRequest& request, const std::string& name) {
  std::optional<std::string> found;
  for (const auto& [key, value] : request.headers) {
    if (to_lower_ascii(key) != name) continue;
    if (value.find_first_of("\r\n") != std::string::npos) return std::nullopt;
    const std::string one(trim(value));
    found = found ? *found + ", " + one : one;
  }
  return found;
}

}  // namespace

Result<std::string> signature_base(const SignedRequest& request, const SignatureInput& input) {
  std::string base;
  for (const CoveredComponent& component : input.components) {
    const auto value = component.name.starts_with('@') ? derived(request, component)
                                                       : header_value(request, component.name);
    if (!value) return missing(component.name);
    base += '"';
    base += component.name;
    base += '"';
    if (component.query_name) {
      base += ";name=\"";
      base += *component.query_name;
      base += '"';
    }
    base += ": ";
    base += *value;
    base += '\n';
  }
  base += "\"@signature-params\": ";
  base += input.text;
  return base;
}

}  // namespace wenyuan::auth
