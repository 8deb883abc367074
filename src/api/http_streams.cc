#include "api/http_streams.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace wenyuan::http {

bool PlainStream::wait_readable() const {
  return is_readable() || patience_.until_readable(socket());
}

bool PlainStream::wait_writable() const { return patience_.until_writable(socket()); }

ssize_t PlainStream::read(char* to, size_t size) {
  return wait_readable() ? stream_.read(to, size) : -1;
}

ssize_t PlainStream::write(const char* from, size_t size) {
  return wait_writable() ? stream_.write(from, size) : -1;
}

void PlainStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  stream_.get_remote_ip_and_port(ip, port);
}

void PlainStream::get_local_ip_and_port(std::string& ip, int& port) const {
  stream_.get_local_ip_and_port(ip, port);
}

bool TlsStream::wait_readable() const {
  return is_readable() || patience_.until_readable(connection_.socket());
}

bool TlsStream::wait_writable() const {
  return patience_.until_writable(connection_.socket()) && is_peer_alive();
}

ssize_t TlsStream::read(char* to, size_t size) {
  if (at_ == end_) {
    if (size >= ahead_.size()) return connection_.read(to, size, patience_);
    const std::ptrdiff_t count = connection_.read(ahead_.data(), ahead_.size(), patience_);
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
  return connection_.write(from, size, patience_);
}

void TlsStream::get_remote_ip_and_port(std::string& ip, int& port) const {
  httplib::detail::get_remote_ip_and_port(connection_.socket(), ip, port);
}

void TlsStream::get_local_ip_and_port(std::string& ip, int& port) const {
  httplib::detail::get_local_ip_and_port(connection_.socket(), ip, port);
}

void say_at_once(int socket, std::string_view text) {
  char seen[4096];
  while (::recv(socket, seen, sizeof seen, MSG_DONTWAIT) == static_cast<ssize_t>(sizeof seen)) {
  }
  static_cast<void>(::send(socket, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
}

}  // namespace wenyuan::http
