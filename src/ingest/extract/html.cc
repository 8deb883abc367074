#include <gumbo.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "ingest/extract/builder.h"
#include "ingest/extract/formats.h"
#include "ingest/extract/html_tags.h"

namespace wenyuan::ingest {
namespace {

constexpr std::size_t kHtmlSizeMax = std::size_t{32} << 20;

// Memory for one tree. gumbo's own way to free a tree recurses as deep as the file nests, so it is
// never used: everything goes at once, with the arena.
class Arena {
 public:
  void* allocate(std::size_t size) {
    const std::size_t step = alignof(std::max_align_t);
    const std::size_t rounded = (size + step - 1) / step * step;
    if (rounded > kBlockSize / 4) return add_block(rounded);
    if (rounded > left_) {
      next_ = add_block(kBlockSize);
      left_ = kBlockSize;
    }
    std::byte* const result = next_;
    next_ += rounded;
    left_ -= rounded;
    return result;
  }

 private:
  static constexpr std::size_t kBlockSize = std::size_t{256} << 10;

  std::byte* add_block(std::size_t size) {
    blocks_.push_back(std::make_unique<std::byte[]>(size));
    return blocks_.back().get();
  }

  std::vector<std::unique_ptr<std::byte[]>> blocks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
};

class Walker {
 public:
  explicit Walker(Builder& builder) : builder_(builder) {}

  // Depth first without recursion: a file decides how deep it nests.
  void walk(const GumboNode& root) {
    std::vector<Frame> stack;
    if (enter(root)) stack.push_back({&root, 0});
    while (!stack.empty() && !builder_.is_full()) {
      Frame& top = stack.back();
      const GumboVector& children = top.node->v.element.children;
      if (top.next >= children.length) {
        leave(*top.node);
        stack.pop_back();
        continue;
      }
      const auto& child = *static_cast<const GumboNode*>(children.data[top.next++]);
      if (child.type == GUMBO_NODE_ELEMENT) {
        if (enter(child)) stack.push_back({&child, 0});
      } else if (child.type == GUMBO_NODE_TEXT || child.type == GUMBO_NODE_CDATA ||
                 child.type == GUMBO_NODE_WHITESPACE) {
        add_text(child.v.text.text);
      }
    }
    flush();
  }

 private:
  struct Frame {
    const GumboNode* node;
    unsigned next;
  };

  // In <pre> white space counts; elsewhere a line break is a space.
  void add_text(std::string_view text) {
    if (in_title_) {
      title_ += text;
      return;
    }
    if (preformatted_ > 0) {
      text_ += text;
      return;
    }
    for (const char c : text) text_ += c == '\n' || c == '\r' || c == '\t' || c == '\f' ? ' ' : c;
  }

  // False when the element and all inside of it are skipped.
  bool enter(const GumboNode& node) {
    const GumboElement& element = node.v.element;
    if (is_skipped(element.tag) || is_hidden(element)) return false;
    switch (element.tag) {
      case GUMBO_TAG_BR: text_ += table_depth_ > 0 ? ' ' : '\n'; break;
      case GUMBO_TAG_TITLE: in_title_ = true; break;
      case GUMBO_TAG_UL:
      case GUMBO_TAG_OL: enter_list(element); break;
      case GUMBO_TAG_LI: enter_item(); break;
      case GUMBO_TAG_BLOCKQUOTE:
        enter_block();
        ++quotes_;
        break;
      case GUMBO_TAG_PRE:
        enter_block();
        ++preformatted_;
        break;
      case GUMBO_TAG_TABLE: enter_table(node); break;
      case GUMBO_TAG_TR: first_cell_ = true; break;
      case GUMBO_TAG_TD:
      case GUMBO_TAG_TH: enter_cell(); break;
      default:
        if (is_block(element.tag)) enter_block();
    }
    return true;
  }

  void leave(const GumboNode& node) {
    const GumboTag tag = node.v.element.tag;
    switch (tag) {
      case GUMBO_TAG_TITLE:
        in_title_ = false;
        if (!builder_.has_title()) builder_.set_title(title_);
        break;
      case GUMBO_TAG_UL:
      case GUMBO_TAG_OL:
        leave_block();
        lists_.pop_back();
        break;
      case GUMBO_TAG_BLOCKQUOTE:
        leave_block();
        --quotes_;
        break;
      case GUMBO_TAG_PRE:
        if (table_depth_ == 0) flush_as(BlockKind::code, 0);
        --preformatted_;
        break;
      case GUMBO_TAG_TABLE: leave_table(); break;
      case GUMBO_TAG_TR: text_ += table_depth_ > 0 ? "\n" : " "; break;
      case GUMBO_TAG_H1:
      case GUMBO_TAG_H2:
      case GUMBO_TAG_H3:
      case GUMBO_TAG_H4:
      case GUMBO_TAG_H5:
      case GUMBO_TAG_H6: leave_heading(tag - GUMBO_TAG_H1 + 1); break;
      default:
        if (is_block(tag)) leave_block();
    }
  }

  // Blocks inside a cell only part its words.
  void enter_block() {
    if (table_depth_ > 0) {
      text_ += ' ';
    } else {
      flush();
    }
  }
  void leave_block() { enter_block(); }

  void leave_heading(int level) {
    if (table_depth_ > 0) {
      text_ += ' ';
    } else {
      flush_as(BlockKind::heading, level);
    }
  }

  void enter_list(const GumboElement& element) {
    enter_block();
    long next = kBullets;
    if (element.tag == GUMBO_TAG_OL) {
      const GumboAttribute* start = gumbo_get_attribute(&element.attributes, "start");
      next = start == nullptr ? 1 : std::clamp(std::strtol(start->value, nullptr, 10), 0L, 999999L);
    }
    lists_.push_back(next);
  }

  void enter_item() {
    enter_block();
    if (lists_.empty() || lists_.back() == kBullets) return;
    text_ += std::to_string(lists_.back()++) + ". ";
    pending_number_ = text_;
  }

  // Tables that only arrange the page are read as what they arrange.
  void enter_table(const GumboNode& node) {
    if (table_depth_ > 0) {
      ++table_depth_;
      return;
    }
    flush();
    if (is_data_table(node)) table_depth_ = 1;
  }

  void leave_table() {
    if (table_depth_ == 1) flush_as(BlockKind::table, 0);
    if (table_depth_ == 0) flush();
    table_depth_ = std::max(0, table_depth_ - 1);
  }

  void enter_cell() {
    if (table_depth_ == 0) {
      flush();
    } else if (table_depth_ == 1) {
      if (!first_cell_) text_ += " | ";
      first_cell_ = false;
    } else {
      text_ += ' ';
    }
  }

  void flush() {
    if (!text_.empty() && text_ == pending_number_) return;
    flush_as(preformatted_ > 0 ? BlockKind::code
             : quotes_ > 0     ? BlockKind::quote
             : lists_.empty()  ? BlockKind::paragraph
                               : BlockKind::list_item,
             0);
  }

  void flush_as(BlockKind kind, int level) {
    builder_.add(kind, level, text_);
    text_.clear();
    pending_number_.clear();
  }

  static constexpr long kBullets = -1;

  Builder& builder_;
  std::string text_;
  std::string title_;
  std::string pending_number_;
  std::vector<long> lists_;  // the next number of each open list
  int quotes_ = 0;
  int preformatted_ = 0;
  int table_depth_ = 0;  // open data tables
  bool in_title_ = false;
  bool first_cell_ = true;
};

}  // namespace

Result<Extracted> extract_html(std::string_view text) {
  if (text.size() > kHtmlSizeMax) {
    return Error{ErrorCode::too_large,
                 "the HTML file is larger than " + std::to_string(kHtmlSizeMax >> 20) + " MiB"};
  }
  Arena arena;
  GumboOptions options = kGumboDefaultOptions;
  options.userdata = &arena;
  options.allocator = [](void* user, std::size_t size) {
    return static_cast<Arena*>(user)->allocate(size);
  };
  options.deallocator = [](void*, void*) {};
  options.max_errors = 0;
  const GumboOutput* output = gumbo_parse_with_options(&options, text.data(), text.size());
  if (output == nullptr || output->root == nullptr) {
    return Error{ErrorCode::corrupt, "the HTML file cannot be parsed"};
  }
  Builder builder("text/html");
  Walker(builder).walk(*output->root);
  return builder.finish();
}

}  // namespace wenyuan::ingest
