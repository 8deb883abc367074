// Signs requests to an object store: AWS Signature Version 4 in the Authorization header.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace wenyuan::backup {

struct S3Credentials {
  std::string key_id;
  std::string secret;
  std::string session_token;  // of temporary ones; empty otherwise
};

// All in the clear: encoding is part of signing.
struct S3Message {
  std::string method;
  std::string path;  // begins with '/'
  std::vector<std::pair<std::string, std::string>> query;
  // Every one of them is signed; names in small letters. "host", "x-amz-date" and
  // "x-amz-content-sha256" must be among them.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload_sha256;  // hex
};

// Everything but A-Z, a-z, 0-9, '-', '.', '_' and '~' as %XX.
std::string uri_encoded(std::string_view text, bool keep_slashes);
// "a=1&b=%2F", sorted, as it is signed and sent.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);
// "20130524T000000Z".
std::string s3_time(UnixMillis now);

// The value of the header; `now` is what "x-amz-date" says.
std::string s3_authorization(const S3Message& message, const S3Credentials& credentials,
                             const std::string& region, UnixMillis now);

}  // namespace wenyuan::backup
