#include <md4c.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/text.h"
#include "ingest/extract/builder.h"
#include "ingest/extract/formats.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kEntitySizeMax = 32;

// Text of an entity; md4c leaves them as written. Named ones are few in real files.
std::string entity_text(std::string_view entity) {
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"&amp;", "&"},    {"&lt;", "<"},    {"&gt;", ">"},    {"&quot;", "\""}, {"&apos;", "'"},
      {"&nbsp;", " "},   {"&copy;", "©"},  {"&reg;", "®"},   {"&mdash;", "—"}, {"&ndash;", "–"},
      {"&hellip;", "…"}, {"&ldquo;", "“"}, {"&rdquo;", "”"}, {"&lsquo;", "‘"}, {"&rsquo;", "’"},
      {"&times;", "×"},  {"&rarr;", "→"},  {"&larr;", "←"},  {"&deg;", "°"},   {"&plusmn;", "±"},
      {"&middot;", "·"}, {"&bull;", "•"},  {"&euro;", "€"},  {"&trade;", "™"}};
  for (const auto& [name, text] : kNamed) {
    if (entity == name) return std::string(text);
  }
  if (!entity.starts_with("&#") || entity.size() > kEntitySizeMax) return std::string(entity);
  const bool hex = entity.size() > 2 && (entity[2] == 'x' || entity[2] == 'X');
  const std::string digits(entity.substr(hex ? 3 : 2));
  const unsigned long value = std::strtoul(digits.c_str(), nullptr, hex ? 16 : 10);
  std::string text;
  const bool valid = value > 0 && value < 0x110000 && (value < 0xD800 || value > 0xDFFF);
  if (valid) append_utf8(text, static_cast<char32_t>(value));
  return text;
}

class Reader {
 public:
  explicit Reader(Builder& builder) : builder_(builder) {}

  void enter(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        flush();
        ++quotes_;
        break;
      case MD_BLOCK_UL:
        flush();
        lists_.push_back(kBullets);
        break;
      case MD_BLOCK_OL:
        flush();
        lists_.push_back(static_cast<MD_BLOCK_OL_DETAIL*>(detail)->start);
        break;
      case MD_BLOCK_LI:
        flush();
        begin_item();
        break;
      case MD_BLOCK_TABLE:
        flush();
        in_table_ = true;
        break;
      case MD_BLOCK_TR: first_cell_ = true; break;
      case MD_BLOCK_TH:
      case MD_BLOCK_TD:
        if (!first_cell_) text_ += " | ";
        first_cell_ = false;
        break;
      case MD_BLOCK_HTML: in_html_ = true; break;
      case MD_BLOCK_H:
      case MD_BLOCK_CODE:
      case MD_BLOCK_P: flush(); break;
      default: break;
    }
  }

  void leave(MD_BLOCKTYPE type, void* detail) {
    switch (type) {
      case MD_BLOCK_QUOTE:
        flush();
        --quotes_;
        break;
      case MD_BLOCK_UL:
      case MD_BLOCK_OL:
        flush();
        lists_.pop_back();
        break;
      case MD_BLOCK_TABLE:
        flush_as(BlockKind::table, 0);
        in_table_ = false;
        break;
      case MD_BLOCK_TR: text_ += '\n'; break;
      case MD_BLOCK_HTML: in_html_ = false; break;
      case MD_BLOCK_H:
        flush_as(BlockKind::heading,
                 static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level));
        break;
      case MD_BLOCK_CODE: flush_as(BlockKind::code, 0); break;
      case MD_BLOCK_LI:
      case MD_BLOCK_P: flush(); break;
      default: break;
    }
  }

  void text(MD_TEXTTYPE type, std::string_view text) {
    if (in_html_ || type == MD_TEXT_HTML) return;
    switch (type) {
      case MD_TEXT_NULLCHAR: break;
      case MD_TEXT_BR: text_ += in_table_ ? ' ' : '\n'; break;
      case MD_TEXT_SOFTBR: text_ += soft_break(); break;
      case MD_TEXT_ENTITY: text_ += entity_text(text); break;
      default: text_ += text;
    }
  }

 private:
  static constexpr unsigned kBullets = std::numeric_limits<unsigned>::max();

  // The number of an ordered item is part of what it says.
  void begin_item() {
    if (lists_.empty() || lists_.back() == kBullets) return;
    text_ += std::to_string(lists_.back()++) + ". ";
    pending_number_ = text_;
  }

  // Chinese is written without spaces, so a line break between two characters is none.
  const char* soft_break() const {
    std::size_t at = text_.size();
    while (at > 0 && (static_cast<unsigned char>(text_[--at]) & 0xC0U) == 0x80U) {
    }
    if (at < text_.size() && is_cjk(next_code_point(text_, at))) return "";
    return " ";
  }

  void flush() {
    // An item's number waits for the paragraph inside of it.
    if (!text_.empty() && text_ == pending_number_) return;
    flush_as(quotes_ > 0      ? BlockKind::quote
             : lists_.empty() ? BlockKind::paragraph
                              : BlockKind::list_item,
             0);
  }

  void flush_as(BlockKind kind, int level) {
    builder_.add(kind, level, text_);
    text_.clear();
    pending_number_.clear();
  }

  Builder& builder_;
  std::string text_;
  std::string pending_number_;
  std::vector<unsigned> lists_;  // the next number of each open list
  int quotes_ = 0;
  bool in_table_ = false;
  bool in_html_ = false;
  bool first_cell_ = true;
};

Reader& reader(void* user) { return *static_cast<Reader*>(user); }

MD_PARSER parser() {
  MD_PARSER calls{};
  calls.flags =
      MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEURLAUTOLINKS;
  calls.enter_block = [](MD_BLOCKTYPE type, void* detail, void* user) {
    reader(user).enter(type, detail);
    return 0;
  };
  calls.leave_block = [](MD_BLOCKTYPE type, void* detail, void* user) {
    reader(user).leave(type, detail);
    return 0;
  };
  calls.enter_span = [](MD_SPANTYPE, void*, void*) { return 0; };
  calls.leave_span = [](MD_SPANTYPE, void*, void*) { return 0; };
  calls.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* user) {
    reader(user).text(type, {text, size});
    return 0;
  };
  return calls;
}

// The YAML or TOML at the top of many files says things about the text, and is not of it.
std::string_view without_front_matter(std::string_view text, std::string& title) {
  if (!text.starts_with("---\n") && !text.starts_with("---\r\n")) return text;
  const std::size_t end = text.find("\n---", 3);
  if (end == std::string_view::npos || end > 16 * 1024) return text;
  for (const std::string_view line : split(text.substr(4, end - 4), '\n')) {
    if (!line.starts_with("title:")) continue;
    title = trim(line.substr(6));
    std::erase_if(title, [](char c) { return c == '"' || c == '\''; });
  }
  const std::size_t next = text.find('\n', end + 1);
  return next == std::string_view::npos ? std::string_view() : text.substr(next + 1);
}

}  // namespace

Result<Extracted> extract_markdown(std::string_view text) {
  if (text.size() > kTextSizeMax) {
    return Error{ErrorCode::too_large, "the Markdown file is too large"};
  }
  Builder builder("text/markdown");
  std::string title;
  const std::string_view body = without_front_matter(text, title);
  Reader state(builder);
  const MD_PARSER calls = parser();
  if (md_parse(body.data(), static_cast<MD_SIZE>(body.size()), &calls, &state) != 0) {
    return Error{ErrorCode::corrupt, "the Markdown file cannot be parsed"};
  }
  if (!title.empty()) builder.set_title(title);
  return builder.finish();
}

}  // namespace wenyuan::ingest
