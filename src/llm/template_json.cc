// tojson: values as JSON.
#include <algorithm>
#include <cmath>

#include "llm/template_lexer.h"
#include "llm/template_methods.h"
#include "llm/template_strings.h"

namespace wenyuan::llm {
namespace {

class Writer {
 public:
  Writer(const JsonStyle& style, int line) : style_(style), line_(line) {}

  Status write(const TemplateValue& value) {
    if (const TemplateText* text = value.text()) {
      quoted(*text);
    } else if (value.is_none()) {
      plain("null");
    } else if (const auto* flag = value.as<bool>()) {
      plain(*flag ? "true" : "false");
    } else if (value.is_number()) {
      plain(to_text(value).bytes());
    } else if (const TemplateItems* items = value.items()) {
      return write_items(*items);
    } else if (const TemplateMembers* members = value.members()) {
      return write_members(*members);
    } else {
      return template_error(line_, "tojson cannot write " + std::string(kind_name(value)));
    }
    return Done{};
  }
  TemplateText take() { return std::move(text_); }

 private:
  void plain(std::string_view bytes) { text_.append(bytes, Origin::model); }
  void quoted(const TemplateText& text) {
    plain("\"");
    text_.append(escaped_json(text));
    plain("\"");
  }
  void new_line() {
    if (style_.indent < 0) return;
    plain("\n" + std::string(static_cast<std::size_t>(depth_ * style_.indent), ' '));
  }
  void separate(bool first) {
    if (!first) {
      plain(style_.indent < 0 ? std::string_view(style_.item_separator) : std::string_view(","));
    }
    new_line();
  }

  Status write_items(const TemplateItems& items) {
    if (items.empty()) {
      plain("[]");
      return Done{};
    }
    plain("[");
    ++depth_;
    for (const TemplateValue& item : items) {
      separate(&item == items.data());
      WY_RETURN_IF_ERROR(write(item));
    }
    --depth_;
    new_line();
    plain("]");
    return Done{};
  }

  Status write_members(const TemplateMembers& given) {
    TemplateMembers members = given;
    if (style_.sorted) {
      std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) {
        return a.first.bytes() < b.first.bytes();
      });
    }
    if (members.empty()) {
      plain("{}");
      return Done{};
    }
    plain("{");
    ++depth_;
    bool first = true;
    for (const auto& [key, value] : members) {
      separate(std::exchange(first, false));
      quoted(key);
      plain(style_.key_separator);
      WY_RETURN_IF_ERROR(write(value));
    }
    --depth_;
    new_line();
    plain("}");
    return Done{};
  }

  const JsonStyle& style_;
  int line_;
  int depth_ = 0;
  TemplateText text_;
};

}  // namespace

Result<TemplateText> to_json(const TemplateValue& value, const JsonStyle& style, int line) {
  Writer writer(style, line);
  WY_RETURN_IF_ERROR(writer.write(value));
  return writer.take();
}

}  // namespace wenyuan::llm
