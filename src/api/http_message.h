// What a request and a response are to a handler, whatever library carries them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/identity/client_certificate.h"
#include "base/result.h"

namespace wenyuan::http {

// In the order they came; names compare without case.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;

  // Control characters become spaces: a line break would begin another header.
  void add(std::string name, std::string value);
  // As it came from the network.
  void append_raw(std::string name, std::string value);
  // Replaces what has this name.
  void set(std::string name, std::string value);
  // The first with this name, or null.
  const std::string* find(std::string_view name) const;
  std::size_t count(std::string_view name) const;

  std::vector<Entry>::const_iterator begin() const { return entries_.begin(); }
  std::vector<Entry>::const_iterator end() const { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

bool same_name(std::string_view a, std::string_view b);

// False stops the reading.
using TakeBytes = std::function<Status(std::string_view)>;

// Lives as long as the exchange, streamed answer included. Used by one thread.
class Request {
 public:
  std::string method;  // "GET", "POST", …
  std::string path;    // as sent, without the query
  std::string target;  // as sent, with it
  std::string route;   // the pattern that matched: "/v1/documents/{id}"
  std::string remote_address;
  bool secure = false;  // came over TLS that ends here
  // Shown in the handshake and found good; null when none was.
  std::shared_ptr<const auth::ClientCertificate> client_certificate;
  Headers headers;
  std::vector<std::pair<std::string, std::string>> parameters;  // of the path
  std::vector<std::pair<std::string, std::string>> query;
  std::optional<std::uint64_t> content_length;

  // The value of {name} in the route.
  const std::string& parameter(std::string_view name) const;
  // The first query value with this name.
  std::optional<std::string> query_value(std::string_view name) const;

  // Hands over the body piece by piece as it arrives; once. too_large over the route's limit,
  // invalid_argument when the client breaks off; else the first error of `take`.
  Status read_body(const TakeBytes& take);
  Result<std::string> body();

  // Stop is requested when the client has gone or the server stops.
  std::stop_token stop_token();

  // Filled in by the server.
  std::function<Status(const TakeBytes&)> body_source;
  std::function<std::stop_token()> stop_source;
};

// Where a streamed answer goes.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // False when the client has gone.
  virtual bool write(std::string_view bytes) = 0;
  virtual bool is_open() const = 0;
  // The server is about to stop: there is time for a last word, and no more.
  virtual bool is_stopping() const { return false; }
};

// A body that is read piece by piece; the client may ask for ranges of it.
struct FileBody {
  std::int64_t size = 0;  // bytes
  // From `offset` on; an error breaks the answer off.
  std::function<Result<std::string>(std::int64_t offset, std::size_t count)> read;

  // Some of what is left of a range; empty after an error.
  std::string piece(std::size_t offset, std::size_t left) const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // When set, makes the body after the headers have gone out.
  std::function<void(BodyWriter&)> stream;
  // When set, it is the body.
  std::optional<FileBody> file;
};

Response make_response(int status, std::string_view content_type, std::string body);

}  // namespace wenyuan::http
