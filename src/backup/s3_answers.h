// What an object store says in XML.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "backup/place.h"
#include "base/result.h"

namespace wenyuan::backup {

constexpr std::size_t kAnswerSizeMax = std::size_t{8} << 20;

// Of ListObjectsV2.
struct S3Listing {
  std::vector<Place::Object> objects;  // whole keys
  std::vector<std::string> folders;    // common prefixes, whole
  std::string next;                    // empty at the end
};
// corrupt unless it is one, with at most 1,000 entries.
Result<S3Listing> parse_listing(std::string_view xml);

// Why a request was refused. What cannot be read is left empty: a proxy may have answered.
struct S3Fault {
  std::string code;    // "NoSuchKey"; letters, digits, points
  std::string region;  // where the bucket is, when it is elsewhere
};
S3Fault parse_fault(std::string_view xml);

// Of CreateMultipartUpload.
Result<std::string> parse_upload_id(std::string_view xml);
// CompleteMultipartUpload may begin its answer with 200 and fail later.
bool is_completed(std::string_view xml);

}  // namespace wenyuan::backup
