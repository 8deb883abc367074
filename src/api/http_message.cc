#include "api/http_message.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::http {
namespace {

std::string without_control_characters(std::string value) {
  for (char& c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) c = ' ';
  }
  return value;
}

constexpr std::size_t kPieceSize = 256 * 1024;

}  // namespace

std::string FileBody::piece(std::size_t offset, std::size_t left) const {
  auto bytes = read(static_cast<std::int64_t>(offset), std::min(left, kPieceSize));
  return bytes ? *std::move(bytes) : std::string();
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) {
             return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
           };
           return lower(x) == lower(y);
         });
}

void Headers::add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), without_control_characters(std::move(value)));
}

void Headers::append_raw(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(entries_, [&](const Entry& entry) { return same_name(entry.first, name); });
  add(std::move(name), std::move(value));
}

const std::string* Headers::find(std::string_view name) const {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return same_name(entry.first, name); });
  return at == entries_.end() ? nullptr : &at->second;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const Entry& entry) { return same_name(entry.first, name); }));
}

const std::string& Request::parameter(std::string_view name) const {
  const auto at = std::find_if(parameters.begin(), parameters.end(),
                               [&](const auto& entry) { return entry.first == name; });
  WY_ASSERT(at != parameters.end());
  return at->second;
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Status Request::read_body(const TakeBytes& take) {
  if (!body_source) return Done{};
  return body_source(take);
}

Result<std::string> Request::body() {
  std::string bytes;
  WY_RETURN_IF_ERROR(read_body([&](std::string_view piece) -> Status {
    bytes += piece;
    return Done{};
  }));
  return bytes;
}

std::stop_token Request::stop_token() { return stop_source ? stop_source() : std::stop_token(); }

Response make_response(int status, std::string_view content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

}  // namespace wenyuan::http
