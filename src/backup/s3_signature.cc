#include "backup/s3_signature.h"

#include <algorithm>

#include "backup/manifest.h"
#include "base/text.h"
#include "store/digest.h"

namespace wenyuan::backup {
namespace {

constexpr const char* kAlgorithm = "AWS4-HMAC-SHA256";

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string_view bytes_of(const store::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// "20130524/us-east-1/s3/aws4_request"
std::string scope_of(const std::string& time, const std::string& region) {
  std::string scope = time.substr(0, 8);
  for (const std::string_view part :
       {std::string_view(region), std::string_view("s3"), std::string_view("aws4_request")}) {
    scope += '/';
    scope += part;
  }
  return scope;
}

Pairs sorted(Pairs pairs) {
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

std::string names_of(const Pairs& headers) {
  std::string names;
  for (const auto& [name, value] : headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string canonical_request(const S3Message& message, const Pairs& headers) {
  std::string text = message.method;
  text += '\n';
  text += uri_encoded(message.path, true);
  text += '\n';
  text += canonical_query(message.query);
  text += '\n';
  for (const auto& [name, value] : headers) {
    text += name;
    text += ':';
    text += trim(value);
    text += '\n';
  }
  text += '\n';
  text += names_of(headers);
  text += '\n';
  text += message.payload_sha256;
  return text;
}

std::string signature(const std::string& text, const S3Credentials& credentials,
                      const std::string& time, const std::string& region) {
  std::string first = "AWS4";
  first += credentials.secret;
  store::Digest key = store::hmac_sha256(first, std::string_view(time).substr(0, 8));
  key = store::hmac_sha256(bytes_of(key), region);
  key = store::hmac_sha256(bytes_of(key), "s3");
  key = store::hmac_sha256(bytes_of(key), "aws4_request");
  return to_hex(store::hmac_sha256(bytes_of(key), text));
}

}  // namespace

std::string uri_encoded(std::string_view text, bool keep_slashes) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slashes);
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  return encoded;
}

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(uri_encoded(name, false), uri_encoded(value, false));
  }
  std::string text;
  for (const auto& [name, value] : sorted(std::move(encoded))) {
    if (!text.empty()) text += '&';
    text += name;
    text += '=';
    text += value;
  }
  return text;
}

std::string s3_time(UnixMillis now) {
  std::string time;
  for (const char c : rfc3339(now)) {
    if (c == '.') break;
    if (c != '-' && c != ':') time += c;
  }
  time += 'Z';
  return time;
}

std::string s3_authorization(const S3Message& message, const S3Credentials& credentials,
                             const std::string& region, UnixMillis now) {
  const std::string time = s3_time(now);
  const std::string scope = scope_of(time, region);
  const Pairs headers = sorted(message.headers);
  std::string text = kAlgorithm;
  for (const std::string& line : {time, scope, sha256_of(canonical_request(message, headers))}) {
    text += '\n';
    text += line;
  }
  std::string value = kAlgorithm;
  value += " Credential=";
  value += credentials.key_id;
  value += '/';
  value += scope;
  value += ",SignedHeaders=";
  value += names_of(headers);
  value += ",Signature=";
  value += signature(text, credentials, time, region);
  return value;
}

}  // namespace wenyuan::backup
