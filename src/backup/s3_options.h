// Which bucket of which object store, and how it is reached.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "backup/s3_signature.h"
#include "base/result.h"

namespace wenyuan::backup {

struct S3Address {
  std::string bucket;
  std::string prefix;  // "a/b/"; may be empty
};
// "s3://bucket" or "s3://bucket/prefix"; invalid_argument for anything else.
Result<S3Address> parse_s3_address(const std::string& text);
bool is_s3_address(std::string_view text);

struct S3Options {
  S3Address address;
  std::string endpoint;  // "https://HOST[:PORT]"; empty: AWS's of the region
  std::string region = "us-east-1";
  // "https://host/bucket/name" instead of "https://bucket.host/name".
  bool path_style = false;
  // Asked for each request, so that keys can be changed while the server runs.
  std::function<Result<S3Credentials>()> credentials;
  // A folder for what is made before it is sent, and how many bytes must stay free there.
  std::filesystem::path scratch;
  std::int64_t scratch_reserve = 0;
  std::chrono::milliseconds pause{200};  // before the second attempt; it doubles
};

// What Transport must speak to: "https://bucket.s3.eu-central-1.amazonaws.com".
std::string s3_origin(const S3Options& options);
// invalid_argument, naming what is wrong.
Status check_s3_options(const S3Options& options);

// From lines NAME = VALUE, as in the environment or in ~/.aws/credentials: AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN in letters of any size; other lines are passed over, and
// what follows a second [section]. invalid_argument when one is missing; its words do not say what
// is there.
Result<S3Credentials> parse_s3_credentials(std::string_view text);

}  // namespace wenyuan::backup
