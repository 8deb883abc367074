#include "api/multipart.h"

#include <map>
#include <optional>
#include <vector>

#include "api/http_message.h"
#include "base/text.h"

namespace wenyuan::http {
namespace {

Error malformed(std::string detail) { return {ErrorCode::invalid_argument, std::move(detail)}; }

using HeaderParameters = std::map<std::string, std::string, std::less<>>;

// The parameters of a header value, after its first word: `; name="a \"b\""; filename*=UTF-8''x`.
Result<HeaderParameters> header_parameters(std::string_view text) {
  HeaderParameters parameters;
  std::size_t at = text.find(';');
  while (at < text.size()) {
    ++at;
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) break;
    std::string name = to_lower_ascii(trim(text.substr(at, equals - at)));
    std::string value;
    at = equals + 1;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        // Only these two are escapes: old browsers send Windows paths with single backslashes.
        if (text[at] == '\\' && at + 1 < text.size() &&
            (text[at + 1] == '"' || text[at + 1] == '\\')) {
          ++at;
        }
        value += text[at];
      }
      if (at == text.size()) return malformed("A part's header has an open quote");
      at = text.find(';', at);
    } else {
      const std::size_t end = text.find(';', at);
      value = std::string(trim(text.substr(at, end - at)));
      at = end;
    }
    parameters.insert_or_assign(std::move(name), std::move(value));
  }
  return parameters;
}

std::optional<std::string> extended_value(std::string_view text) {
  constexpr std::string_view prefix = "utf-8''";
  if (!same_name(text.substr(0, prefix.size()), prefix)) return std::nullopt;
  std::string decoded;
  for (std::size_t at = prefix.size(); at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    const auto byte = from_hex(to_lower_ascii(text.substr(at + 1, 2)));
    if (!byte || byte->size() != 1) return std::nullopt;
    decoded += static_cast<char>(byte->front());
    at += 2;
  }
  return decoded;
}

// HTML forms escape these three, and only these, in names (WHATWG, multipart/form-data).
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view escape = text.substr(at, 3);
    if (escape == "%22") {
      plain += '"';
      at += 2;
    } else if (escape == "%0D" || escape == "%0A") {
      plain += ' ';
      at += 2;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::string base_name(std::string_view path) {
  const std::size_t slash = path.find_last_of("/\\");
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace

Result<MultipartReader> MultipartReader::create(std::string_view content_type, const Limits& limits,
                                                Receiver receiver) {
  WY_TRY(const HeaderParameters parameters, header_parameters(content_type));
  const auto boundary = parameters.find("boundary");
  if (boundary == parameters.end() || boundary->second.empty() || boundary->second.size() > 70) {
    return malformed("multipart/form-data needs a boundary of 1 to 70 characters");
  }
  return MultipartReader(boundary->second, limits, std::move(receiver));
}

MultipartReader::MultipartReader(std::string boundary, const Limits& limits, Receiver receiver)
    : delimiter_("\r\n--" + boundary), limits_(limits), receiver_(std::move(receiver)) {
  // The first delimiter may stand at the very beginning; then its line break is this one.
  pending_ = "\r\n";
}

Status MultipartReader::take(std::string_view bytes) {
  pending_.erase(0, at_);
  at_ = 0;
  pending_ += bytes;
  while (true) {
    WY_TRY(const bool more, step());
    if (!more) return Done{};
  }
}

Status MultipartReader::finish() const {
  if (state_ != State::epilogue)
    return malformed("The multipart body ends before its last boundary");
  return Done{};
}

Result<bool> MultipartReader::step() {
  switch (state_) {
    case State::preamble: return skip_preamble();
    case State::after_boundary: return read_after_boundary();
    case State::header: return read_header();
    case State::content: return read_content();
    case State::epilogue: at_ = pending_.size(); return false;
  }
  return false;
}

Result<bool> MultipartReader::skip_preamble() {
  const std::size_t found = pending_.find(delimiter_, at_);
  if (found == std::string::npos) {
    // A delimiter may have begun in the last bytes.
    if (pending_.size() - at_ > delimiter_.size()) at_ = pending_.size() - delimiter_.size();
    return false;
  }
  at_ = found + delimiter_.size();
  state_ = State::after_boundary;
  return true;
}

Result<bool> MultipartReader::read_after_boundary() {
  std::size_t at = at_;
  while (at < pending_.size() && (pending_[at] == ' ' || pending_[at] == '\t')) ++at;
  if (at - at_ > limits_.header_bytes_max) return malformed("A boundary line is too long");
  if (pending_.size() - at < 2) return false;
  const std::string_view next = std::string_view(pending_).substr(at, 2);
  at_ = at + 2;
  if (next == "--") {
    state_ = State::epilogue;
  } else if (next == "\r\n") {
    state_ = State::header;
  } else {
    return malformed("A multipart boundary is not followed by a line break");
  }
  return true;
}

Result<bool> MultipartReader::read_header() {
  const std::string_view rest = std::string_view(pending_).substr(at_);
  // A part without any header has only the empty line.
  const std::size_t end = rest.starts_with("\r\n") ? 0 : rest.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (rest.size() > limits_.header_bytes_max) return malformed("A part's header is too long");
    return false;
  }
  if (end > limits_.header_bytes_max) return malformed("A part's header is too long");
  if (++part_count_ > limits_.parts_max) {
    return Error{ErrorCode::too_large,
                 "More than " + std::to_string(limits_.parts_max) + " parts in one request"};
  }
  WY_RETURN_IF_ERROR(begin_part(rest.substr(0, end)));
  at_ += end + (end == 0 ? 2 : 4);
  state_ = State::content;
  return true;
}

Status MultipartReader::begin_part(std::string_view header) {
  Part part;
  for (std::string_view line : split(header, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("A part's header line has no colon");
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (same_name(name, "Content-Type")) part.content_type = std::string(value);
    if (!same_name(name, "Content-Disposition")) continue;
    WY_TRY(const HeaderParameters parameters, header_parameters(value));
    if (const auto found = parameters.find("name"); found != parameters.end()) {
      part.name = unescaped(found->second);
    }
    if (const auto found = parameters.find("filename"); found != parameters.end()) {
      part.file_name = base_name(unescaped(found->second));
    }
    if (const auto found = parameters.find("filename*"); found != parameters.end()) {
      const auto decoded = extended_value(found->second);
      if (!decoded) return malformed("A part's filename* is not UTF-8 in percent escapes");
      part.file_name = base_name(*decoded);
    }
  }
  if (part.name.empty()) return malformed("A part has no name");
  if (!is_utf8(part.name) || !is_utf8(part.file_name)) {
    return malformed("A part's name or file name is not UTF-8");
  }
  return receiver_.begin(part);
}

Result<bool> MultipartReader::read_content() {
  const std::size_t found = pending_.find(delimiter_, at_);
  const std::size_t rest = pending_.size() - at_;
  std::size_t safe = rest;
  if (found != std::string::npos) {
    safe = found - at_;
  } else {
    safe = rest < delimiter_.size() ? 0 : rest - delimiter_.size();
  }
  if (safe > 0) {
    WY_RETURN_IF_ERROR(receiver_.bytes(std::string_view(pending_).substr(at_, safe)));
    at_ += safe;
  }
  if (found == std::string::npos) return false;
  WY_RETURN_IF_ERROR(receiver_.end());
  at_ = found + delimiter_.size();
  state_ = State::after_boundary;
  return true;
}

}  // namespace wenyuan::http
