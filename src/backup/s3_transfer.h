// Brings the bytes of one object into a bucket, and out of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "backup/place.h"
#include "backup/s3_client.h"
#include "base/result.h"

namespace wenyuan::backup {

constexpr std::size_t kPieceSize = std::size_t{16} << 20;
constexpr const char* kHashHeader = "x-amz-meta-sha256";

// What is to be sent, by pieces.
struct S3Source {
  std::int64_t size = 0;
  std::string sha256;  // hex, of all
  // Fills `piece`, which has the wanted size, with the bytes from `offset`.
  std::function<Status(std::int64_t offset, std::string& piece)> read;
};

// conflict when the source does not give the bytes with its hash, and, for `only_new`, when other
// bytes are there.
Status s3_upload(S3Client& client, const std::string& key, const S3Source& source, bool only_new);

// Gives the object piece by piece; corrupt when the bytes are not those that were sent, too_large
// above `size_max`, unavailable when the object was replaced meanwhile.
Result<Place::Received> s3_download(S3Client& client, const std::string& key, std::int64_t size_max,
                                    const std::function<Status(std::string_view)>& take);

}  // namespace wenyuan::backup
