#include "api/http_streams.h"

#include <algorithm>
#include <cstring>

namespace wenyuan::http {
namespace {

time_t seconds_of(std::chrono::milliseconds time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

bool TlsStream::wait_readable() const {
  return is_readable() ||
         httplib::detail::select_read(connection_.socket(), seconds_of(read_patience_), 0) > 0;
}

bool TlsStream::wait_writable() const {
  return httplib::detail::select_write(connection_.socket(), seconds_of(write_patience_), 0) > 0 &&
         is_peer_alive();
}

ssize_t TlsStream::read(char* to, size_t size) {
  if (at_ == end_) {
    if (size >= ahead_.size()) return connection_.read(to, size, read_patience_);
    const std::ptrdiff_t count = connection_.read(ahead_.data(), ahead_.size(), read_patience_);
    if (count <= 0) return count;
    at_ = 0;
    end_ = static_cast<std::size_t>(count);
  }
  const std::size_t count = std::min(size, end_ - at_);
  std::memcpy(to, ahead_.data() + at_, count);
  at_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t TlsStream::write(const char* from, size_t size) {
  return connection_.write(from, size, write_patience_);
}

void TlsStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  httplib::detail::get_remote_ip_and_port(connection_.socket(), ip, port);
}

void TlsStream::get_local_ip_and_port(std::string& ip, int& port) const {
  httplib::detail::get_local_ip_and_port(connection_.socket(), ip, port);
}

}  // namespace wenyuan::http
