#include "backup/s3_options.h"

#include <algorithm>

#include "backup/place.h"
#include "base/text.h"

namespace wenyuan::backup {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kPrefixSizeMax = 256;

Error bad(std::string what) { return Error{ErrorCode::invalid_argument, std::move(what)}; }

bool is_one_of(std::string_view text, std::string_view more) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

bool is_bucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && is_one_of(name, ".-_") && name.front() != '.' &&
         name.front() != '-' && name.find("..") == std::string_view::npos;
}

}  // namespace

bool is_s3_address(std::string_view text) { return text.starts_with(kScheme); }

Result<S3Address> parse_s3_address(const std::string& text) {
  const Error wrong =
      bad("a bucket is written s3://BUCKET or s3://BUCKET/PREFIX, of a-z, 0-9, '.', "
          "'-' and '_', not " +
          text);
  if (!is_s3_address(text)) return wrong;
  std::string rest = text.substr(kScheme.size());
  while (rest.ends_with('/')) rest.pop_back();
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  S3Address address{rest.substr(0, slash), {}};
  if (!is_bucket(address.bucket)) return wrong;
  if (slash == rest.size()) return address;
  address.prefix = rest.substr(slash + 1);
  if (address.prefix.size() > kPrefixSizeMax || !is_object_name(address.prefix)) return wrong;
  address.prefix += '/';
  return address;
}

std::string s3_origin(const S3Options& options) {
  std::string endpoint = options.endpoint;
  if (endpoint.empty()) {
    endpoint = "https://s3.";
    endpoint += options.region;
    endpoint += ".amazonaws.com";
  }
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (options.path_style) return endpoint;
  const std::size_t host = endpoint.find("://") + 3;
  std::string origin = endpoint.substr(0, host);
  origin += options.address.bucket;
  origin += '.';
  origin += endpoint.substr(host);
  return origin;
}

Status check_s3_options(const S3Options& options) {
  const std::string& endpoint = options.endpoint;
  const bool known =
      endpoint.empty() || endpoint.starts_with("https://") || endpoint.starts_with("http://");
  const std::size_t host = known && !endpoint.empty() ? endpoint.find("://") + 3 : 0;
  const std::size_t end = std::min(endpoint.find('/', host), endpoint.size());
  const bool whole = endpoint.find_first_not_of('/', end) == std::string::npos;
  if (!known || !whole) return bad("an endpoint is https://HOST or https://HOST:PORT");
  if (options.region.empty() || options.region.size() > 64 || !is_one_of(options.region, "-_")) {
    return bad("a region is a word like eu-central-1");
  }
  const bool with_point = options.address.bucket.find('.') != std::string::npos;
  if (with_point && !options.path_style) {
    return bad(
        "a bucket with a point in its name needs addressing = \"path\": no certificate fits "
        "it otherwise");
  }
  return Done{};
}

Result<S3Credentials> parse_s3_credentials(std::string_view text) {
  S3Credentials found;
  int sections = 0;
  for (const std::string_view raw : split(text, '\n')) {
    const std::string_view line = trim(raw);
    if (line.starts_with('[') && ++sections > 1) break;
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string name = to_lower_ascii(trim(line.substr(0, equals)));
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (name == "aws_access_key_id") found.key_id = value;
    if (name == "aws_secret_access_key") found.secret = value;
    if (name == "aws_session_token") found.session_token = value;
  }
  const auto printable = [](std::string_view word) {
    return std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 0x7F; });
  };
  const bool good = !found.key_id.empty() && !found.secret.empty() && printable(found.key_id) &&
                    printable(found.secret) && printable(found.session_token);
  if (good) return found;
  return bad("there is no AWS_ACCESS_KEY_ID with an AWS_SECRET_ACCESS_KEY");
}

}  // namespace wenyuan::backup
