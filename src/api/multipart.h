// Reads multipart/form-data (RFC 7578) as it arrives, without keeping it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wenyuan::http {

struct Part {
  std::string name;
  std::string file_name;     // without folders; empty when there was none
  std::string content_type;  // empty when there was none
};

class MultipartReader {
 public:
  struct Limits {
    std::size_t parts_max = 1000;
    std::size_t header_bytes_max = 8192;  // of one part
  };
  struct Receiver {
    std::function<Status(const Part&)> begin;
    std::function<Status(std::string_view)> bytes;
    std::function<Status()> end;
  };

  // `content_type` is the request's header; invalid_argument when it names no usable boundary.
  static Result<MultipartReader> create(std::string_view content_type, const Limits& limits,
                                        Receiver receiver);

  Status take(std::string_view bytes);
  // invalid_argument when the body ended too early.
  Status finish() const;

 private:
  enum class State { preamble, after_boundary, header, content, epilogue };

  MultipartReader(std::string boundary, const Limits& limits, Receiver receiver);
  // Each gives false when it needs more bytes.
  Result<bool> step();
  Result<bool> skip_preamble();
  Result<bool> read_after_boundary();
  Result<bool> read_header();
  Result<bool> read_content();
  Status begin_part(std::string_view header);

  std::string delimiter_;  // CRLF "--" boundary
  Limits limits_;
  Receiver receiver_;
  State state_ = State::preamble;
  std::string pending_;  // not yet handed over; never more than one piece and one header
  std::size_t at_ = 0;   // of pending_, handed over up to here
  std::size_t part_count_ = 0;
};

}  // namespace wenyuan::http
