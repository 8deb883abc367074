// Backups in a bucket of S3, or of a store that speaks as S3 does.
#pragma once

#include <memory>

#include "backup/http_transport.h"
#include "backup/place.h"
#include "backup/s3_options.h"
#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::backup {

// `transport` speaks to s3_origin(options); `clock` must outlive the place. invalid_argument for
// options that cannot be right. Asks nobody yet.
//
// Every request is signed with the hash of its body; every object bears the hash of its bytes
// (x-amz-meta-sha256), which is compared when it is read. Large objects go and come in pieces of
// 16 MiB.
Result<std::unique_ptr<Place>> open_s3(const S3Options& options,
                                       std::unique_ptr<Transport> transport, const Clock& clock);

}  // namespace wenyuan::backup
