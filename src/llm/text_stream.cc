#include "llm/text_stream.h"

#include <algorithm>

#include "base/text.h"

namespace wenyuan::llm {
namespace {

// Bytes in the character that begins with `lead`; 0 when none does.
std::size_t character_size(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// How many bytes at the end are the beginning of a character whose rest may follow.
std::size_t unfinished_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(3, text.size()); ++size) {
    const auto byte = static_cast<unsigned char>(text[text.size() - size]);
    if ((byte & 0xC0U) == 0x80U) continue;
    return character_size(byte) > size ? size : 0;
  }
  return 0;
}

// How many bytes at the end may be the beginning of `stop`.
std::size_t begun_size(std::string_view text, std::string_view stop) {
  for (std::size_t size = std::min(text.size(), stop.size() - 1); size > 0; --size) {
    if (text.ends_with(stop.substr(0, size))) return size;
  }
  return 0;
}

}  // namespace

std::string TextStream::push(std::string_view bytes) {
  if (is_stopped_) return {};
  pending_ += bytes;
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, pending_.find(stop));
  if (first != std::string::npos) {
    is_stopped_ = true;
    pending_.resize(first);
    return take(first);
  }
  std::size_t held = unfinished_size(pending_);
  for (const std::string& stop : stops_) held = std::max(held, begun_size(pending_, stop));
  return take(pending_.size() - held);
}

std::string TextStream::finish() { return take(pending_.size()); }

std::string TextStream::take(std::size_t size) {
  std::string text = to_valid_utf8(std::string_view(pending_).substr(0, size));
  pending_.erase(0, size);
  return text;
}

}  // namespace wenyuan::llm
