#include "llm/template_parser.h"

#include <algorithm>

#include "llm/template_parser_words.h"

namespace wenyuan::llm {
namespace {

class Parser {
 public:
  explicit Parser(std::vector<TemplateWord> words)
      : words_(std::move(words)), expressions_(words_) {}

  Result<TemplateBlock> whole() {
    WY_TRY(TemplateBlock block, this->block({}));
    if (!words_.is(WordKind::end)) return words_.unexpected("the end of the template");
    return block;
  }

 private:
  using Names = std::vector<std::string_view>;

  // Statements up to a tag that begins with one of these names, whose "{%" is taken then.
  Result<TemplateBlock> block(const Names& ends) {
    if (++depth_ > kTemplateDepthMax) {
      return template_error(words_.line(), "the statements are nested too deeply");
    }
    TemplateBlock list;
    for (;;) {
      if (words_.is(WordKind::end)) {
        if (!ends.empty()) return words_.unexpected(ends.back());
        break;
      }
      if (words_.is(WordKind::text)) {
        TemplateStatement text = statement(StatementKind::text);
        text.text = TemplateText(words_.take().text, Origin::model);
        list.push_back(std::move(text));
        continue;
      }
      if (words_.is(WordKind::output_begin)) {
        words_.take();
        TemplateStatement output = statement(StatementKind::output);
        WY_TRY(output.value, expressions_.expressions());
        WY_RETURN_IF_ERROR(words_.expect(WordKind::output_end, "the end of the tag"));
        list.push_back(std::move(output));
        continue;
      }
      WY_RETURN_IF_ERROR(words_.expect(WordKind::tag_begin, "a tag"));
      const bool is_end = std::any_of(ends.begin(), ends.end(),
                                      [&](std::string_view name) { return words_.is_name(name); });
      if (is_end) break;
      WY_TRY(TemplateStatement next, tag());
      list.push_back(std::move(next));
    }
    --depth_;
    return list;
  }

  TemplateStatement statement(StatementKind kind) const {
    TemplateStatement made;
    made.kind = kind;
    made.line = words_.line();
    return made;
  }

  Status end_of_tag() { return words_.expect(WordKind::tag_end, "the end of the tag"); }

  Status end_with(std::string_view name) {
    WY_RETURN_IF_ERROR(words_.expect_name(name));
    return end_of_tag();
  }

  // The body of a statement without branches, and the tag that ends it.
  Status body(TemplateStatement& made, std::string_view end) {
    WY_RETURN_IF_ERROR(end_of_tag());
    WY_TRY(TemplateBlock inside, block({end}));
    if (made.branches.empty()) made.branches.emplace_back();
    made.branches[0].body = std::move(inside);
    return end_with(end);
  }

  Result<TemplateStatement> tag() {
    const int line = words_.line();
    WY_TRY(const std::string name, words_.expect_any_name("a statement"));
    if (name == "if") return condition();
    if (name == "for") return loop();
    if (name == "set") return set();
    if (name == "macro") return macro();
    if (name == "filter") return filter_block();
    if (name == "generation") return simple(StatementKind::group, "endgeneration");
    if (name == "break") return simple(StatementKind::stop, "");
    if (name == "continue") return simple(StatementKind::next, "");
    return template_error(line, "the statement " + name + " is not supported here");
  }

  Result<TemplateStatement> simple(StatementKind kind, std::string_view end) {
    TemplateStatement made = statement(kind);
    if (!end.empty()) {
      WY_RETURN_IF_ERROR(body(made, end));
      return made;
    }
    if (loops_ == 0) return template_error(made.line, "there is no loop to leave");
    WY_RETURN_IF_ERROR(end_of_tag());
    return made;
  }

  Result<TemplateStatement> condition() {
    TemplateStatement made = statement(StatementKind::condition);
    bool more = true;
    while (more) {
      TemplateBranch branch;
      WY_TRY(branch.condition, expressions_.expressions());
      WY_RETURN_IF_ERROR(end_of_tag());
      WY_TRY(branch.body, block({"elif", "else", "endif"}));
      made.branches.push_back(std::move(branch));
      more = words_.take_name("elif");
    }
    if (words_.take_name("else")) {
      WY_RETURN_IF_ERROR(end_of_tag());
      WY_TRY(made.else_body, block({"endif"}));
    }
    WY_RETURN_IF_ERROR(end_with("endif"));
    return made;
  }

  // name, or name, name, in parentheses or not.
  Result<std::vector<std::string>> targets() {
    std::vector<std::string> names;
    const bool bracket = words_.take_sign("(");
    do {
      WY_TRY(std::string name, words_.expect_any_name("a name"));
      names.push_back(std::move(name));
    } while (words_.take_sign(","));
    if (bracket) WY_RETURN_IF_ERROR(words_.expect_sign(")"));
    return names;
  }

  Result<TemplateStatement> loop() {
    TemplateStatement made = statement(StatementKind::loop);
    WY_TRY(made.names, targets());
    WY_RETURN_IF_ERROR(words_.expect_name("in"));
    WY_TRY(made.value, expressions_.loop_items());
    made.branches.emplace_back();
    if (words_.take_name("if")) {
      WY_TRY(made.branches[0].condition, expressions_.expression());
    }
    if (words_.is_name("recursive")) return words_.unexpected("no recursive loop");
    WY_RETURN_IF_ERROR(end_of_tag());
    ++loops_;
    WY_TRY(made.branches[0].body, block({"else", "endfor"}));
    --loops_;
    if (words_.take_name("else")) {
      WY_RETURN_IF_ERROR(end_of_tag());
      WY_TRY(made.else_body, block({"endfor"}));
    }
    WY_RETURN_IF_ERROR(end_with("endfor"));
    return made;
  }

  Result<TemplateStatement> set() {
    TemplateStatement made = statement(StatementKind::set);
    WY_TRY(made.names, targets());
    if (words_.take_sign(".")) {
      WY_TRY(made.attribute, words_.expect_any_name("a member"));
    }
    if (words_.take_sign("=")) {
      WY_TRY(made.value, expressions_.expressions());
      WY_RETURN_IF_ERROR(end_of_tag());
      return made;
    }
    if (made.names.size() != 1 || !made.attribute.empty()) return words_.unexpected("\"=\"");
    made.kind = StatementKind::set_block;
    if (words_.take_sign("|")) {
      WY_TRY(made.value, expressions_.filters(written()));
    }
    WY_RETURN_IF_ERROR(body(made, "endset"));
    return made;
  }

  Result<TemplateStatement> filter_block() {
    TemplateStatement made = statement(StatementKind::filter_block);
    WY_TRY(made.value, expressions_.filters(written()));
    WY_RETURN_IF_ERROR(body(made, "endfilter"));
    return made;
  }

  // Stands for what a block wrote; no name of a template is like it.
  TemplateExpressionPtr written() const {
    auto made = std::make_unique<TemplateExpression>();
    made->kind = ExpressionKind::name;
    made->line = words_.line();
    made->name = kWritten;
    return made;
  }

  Result<TemplateStatement> macro() {
    TemplateStatement made = statement(StatementKind::macro);
    auto macro = std::make_unique<TemplateMacro>();
    WY_TRY(macro->name, words_.expect_any_name("a name"));
    WY_RETURN_IF_ERROR(words_.expect_sign("("));
    while (!words_.is_sign(")")) {
      WY_TRY(std::string parameter, words_.expect_any_name("a parameter"));
      macro->parameters.push_back(std::move(parameter));
      if (words_.take_sign("=")) {
        WY_TRY(TemplateExpressionPtr value, expressions_.expression());
        macro->defaults.push_back(std::move(value));
      } else if (!macro->defaults.empty()) {
        return template_error(made.line, "a parameter without a default follows one with");
      }
      if (!words_.take_sign(",")) break;
    }
    WY_RETURN_IF_ERROR(words_.expect_sign(")"));
    WY_RETURN_IF_ERROR(end_of_tag());
    const int loops = std::exchange(loops_, 0);
    WY_TRY(macro->body, block({"endmacro"}));
    loops_ = loops;
    words_.take();
    if (words_.is(WordKind::name)) words_.take();  // it may be named again
    WY_RETURN_IF_ERROR(end_of_tag());
    made.macro = std::move(macro);
    return made;
  }

  TemplateWords words_;
  TemplateExpressionParser expressions_;
  int depth_ = 0;
  int loops_ = 0;
};

}  // namespace

Result<TemplateBlock> parse_template(std::string_view source) {
  if (source.size() > kTemplateSizeMax) {
    return Error{ErrorCode::unsupported_media, "the chat template is too long"};
  }
  WY_TRY(std::vector<TemplateWord> words, cut_template(source));
  return Parser(std::move(words)).whole();
}

}  // namespace wenyuan::llm
