// What an object store answers, or whoever sits in its place: listings, errors, pieces of objects;
// and the small texts that lie there or in files of keys.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "backup/s3_answers.h"
#include "backup/s3_options.h"
#include "backup/s3_transfer.h"
#include "backup/writer_claim.h"
#include "base/assert.h"
#include "base/text.h"

namespace {

using namespace wenyuan;
using namespace wenyuan::backup;

void check_listing(std::string_view text) {
  const auto listing = parse_listing(text);
  if (!listing) return;
  WY_ASSERT(listing->objects.size() + listing->folders.size() <= 1000);
  for (const Place::Object& each : listing->objects) {
    WY_ASSERT(!each.name.empty() && each.size >= 0 && each.name.size() <= text.size());
  }
}

// Answers with what the input says, line by line: status, Content-Range, ETag, hash; then the body,
// which every answer gets some of.
class Answers final : public Transport {
 public:
  explicit Answers(std::string_view text) : rest_(text) {}
  Result<TransportReply> send(const TransportRequest& request) override {
    if (rest_.empty()) return Error{ErrorCode::unavailable, "no more"};
    TransportReply reply;
    static constexpr int kStatuses[] = {200, 206, 412, 416, 404, 500, 403, 301};
    const std::string_view status = line();
    reply.status = status.empty() ? 206 : kStatuses[static_cast<unsigned char>(status[0]) % 8];
    for (const char* const name : {"content-range", "etag", "x-amz-meta-sha256"}) {
      reply.headers.emplace_back(name, std::string(line()));
    }
    reply.body = std::string(line());
    if (reply.body.size() > request.reply_max) return Error{ErrorCode::too_large, "long"};
    return reply;
  }

 private:
  std::string_view line() {
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return text;
  }
  std::string_view rest_;
};

void check_download(std::string_view text) {
  S3Options options;
  options.address = {"bucket", ""};
  options.credentials = [] { return Result<S3Credentials>(S3Credentials{"id", "secret", ""}); };
  const ManualClock clock(1'800'000'000'000);
  S3Client client(options, std::make_unique<Answers>(text), clock);
  client.be_patient(false);
  std::string taken;
  const auto received = s3_download(client, "key", 1 << 20, [&](std::string_view piece) -> Status {
    taken += piece;
    return Done{};
  });
  if (received) WY_ASSERT(received->size == static_cast<std::int64_t>(taken.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: check_listing(text); break;
    case 1: {
      const S3Fault fault = parse_fault(text);
      WY_ASSERT(fault.code.size() <= 64 && fault.region.size() <= 64);
      break;
    }
    case 2:
      if (const auto id = parse_upload_id(text)) WY_ASSERT(!id->empty() && id->size() <= 4096);
      static_cast<void>(is_completed(text));
      break;
    case 3: check_download(text); break;
    case 4:
      if (const auto address = parse_s3_address(std::string(text))) {
        WY_ASSERT(address->prefix.empty() || address->prefix.ends_with('/'));
      }
      static_cast<void>(parse_s3_credentials(text));
      break;
    case 5: static_cast<void>(WriterClaim::parse(text)); break;
  }
  return 0;
}
