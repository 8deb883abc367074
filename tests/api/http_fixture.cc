#include "tests/api/http_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace wenyuan::http {

Connection::Connection(int port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) close();
}

Connection::~Connection() { Connection::close(); }

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

void Connection::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::ptrdiff_t count = send_some(bytes);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

std::ptrdiff_t Connection::receive_some(char* to, std::size_t size) {
  return ::recv(fd_, to, size, 0);
}

std::ptrdiff_t Connection::send_some(std::string_view bytes) {
  return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

bool Connection::fill() {
  char piece[65536];
  const std::ptrdiff_t count = receive_some(piece, sizeof piece);
  if (count <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(count));
  return true;
}

std::string Connection::take_line() {
  while (buffer_.find("\r\n") == std::string::npos) {
    if (!fill()) return {};
  }
  std::string line = buffer_.substr(0, buffer_.find("\r\n"));
  buffer_.erase(0, line.size() + 2);
  return line;
}

std::string Connection::take(std::size_t count) {
  while (buffer_.size() < count && fill()) {
  }
  std::string taken = buffer_.substr(0, count);
  buffer_.erase(0, taken.size());
  return taken;
}

Connection::Reply Connection::read_reply(bool bodyless) {
  Reply reply;
  const std::string status_line = take_line();
  if (status_line.size() < 12) return reply;
  reply.status = std::atoi(status_line.c_str() + 9);
  for (std::string line = take_line(); !line.empty(); line = take_line()) {
    const std::size_t colon = line.find(':');
    reply.headers.append_raw(line.substr(0, colon), std::string(trim(line.substr(colon + 1))));
  }
  if (bodyless || reply.status == 204 || reply.status == 304 || reply.status == 100) return reply;
  if (reply.header("Transfer-Encoding") != "chunked") {
    reply.body = take(std::strtoull(reply.header("Content-Length").c_str(), nullptr, 10));
    return reply;
  }
  while (true) {
    const std::size_t size = std::strtoull(take_line().c_str(), nullptr, 16);
    reply.body += take(size);
    take_line();
    if (size == 0) return reply;
  }
}

std::string Connection::Reply::header(std::string_view name) const {
  const std::string* value = headers.find(name);
  return value == nullptr ? std::string() : *value;
}

std::string Connection::read_until(std::string_view text) {
  while (buffer_.find(text) == std::string::npos && fill()) {
  }
  return std::exchange(buffer_, {});
}

bool Connection::reads_end() {
  char byte = 0;
  return buffer_.empty() && receive_some(&byte, 1) <= 0;
}

std::string get_request(std::string_view target, std::string_view more_headers) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(more_headers) +
         "\r\n";
}

std::string post_request(std::string_view target, std::string_view body,
                         std::string_view content_type) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: test\r\nContent-Type: " + std::string(content_type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

Connection::Reply exchange(int port, std::string_view request) {
  Connection connection(port);
  connection.send(request);
  return connection.read_reply();
}

}  // namespace wenyuan::http
