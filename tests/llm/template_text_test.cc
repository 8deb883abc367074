// Every operation on texts keeps what came from elsewhere apart from what the template wrote.
#include "llm/template_text.h"

#include <gtest/gtest.h>

#include "llm/template_parser.h"
#include "llm/template_renderer.h"

namespace wenyuan::llm {
namespace {

// What comes from elsewhere in [ ], with `content` as the only thing that does.
std::string shown(std::string_view source, std::string_view content) {
  const auto block = parse_template(source);
  if (!block) return block.error().message;
  TemplateInput input;
  input.names = {{"c", TemplateValue(TemplateText(content, Origin::elsewhere))}};
  const auto text = render_template(*block, input);
  if (!text) return text.error().message;
  std::string result;
  std::size_t at = 0;
  for (const TextRange& range : text->trusted()) {
    if (range.begin > at) result += "[" + text->bytes().substr(at, range.begin - at) + "]";
    result += text->bytes().substr(range.begin, range.end - range.begin);
    at = range.end;
  }
  if (at < text->size()) result += "[" + text->bytes().substr(at) + "]";
  return result;
}

TEST(TemplateText, KnowsItsPartsThroughEveryOperation) {
  EXPECT_EQ(shown("<a>{{ c }}</a>", "x"), "<a>[x]</a>");
  EXPECT_EQ(shown("{{ '<' + c + '>' }}{{ '<' ~ c ~ '>' }}", "x"), "<[x]><[x]>");
  EXPECT_EQ(shown("{{ (' ' + c + ' ') | trim }}|{{ c.strip() }}", " x "), "[x]|[x]");
  EXPECT_EQ(shown("{{ ('a' + c)[1:3] }}{{ (c + 'a')[::-1] }}", "xyz"), "[xy]a[zyx]");
  EXPECT_EQ(shown("{{ c.replace('b', '-') }}", "abc"), "[a]-[c]");
  EXPECT_EQ(shown("{{ 'a_b'.replace('_', c) }}", "x"), "a[x]b");
  EXPECT_EQ(shown("{{ c.split(',') | join('+') }}", "a,b"), "[a]+[b]");
  EXPECT_EQ(shown("{{ c | upper }}{{ c | title }}{{ c.lower() }}", "aB"), "[ABAbab]");
  EXPECT_EQ(shown("{{ {'k': c} | tojson }}", "a\"b"), "{\"k\": \"[a\\\"b]\"}");
  EXPECT_EQ(shown("{{ [c, 'a'] }}", "x\n"), "['[x\\n]', 'a']");
  EXPECT_EQ(shown("{{ c | e }}{{ c | string }}{{ c | default('d') }}", "<"), "[&lt;<<]");
  EXPECT_EQ(shown("{% set x %}<{{ c }}>{% endset %}{{ x | upper }}", "q"), "<[Q]>");
  EXPECT_EQ(shown("{% macro m(a) %}({{ a }}){% endmacro %}{{ m(c) }}", "q"), "([q])");
  EXPECT_EQ(shown("{% for x in c %}{{ x }}-{% endfor %}{{ c | list | last }}", "ab"),
            "[a]-[b]-[b]");
  EXPECT_EQ(shown("{{ c * 2 }}{{ c | indent(1, true) }}{{ '{}!'.format(c) }}", "q"), "[qq] [qq]!");
  EXPECT_EQ(shown("{{ {'a': c}.a }}{{ {'a': c} | items | first | last }}", "q"), "[qq]");
  EXPECT_EQ(shown("{{ c | replace(c, '<|x|>') }}{{ c | length }}", "q"), "<|x|>1");
}

TEST(TemplateText, JoinsNeighboursOfTheSameOrigin) {
  TemplateText text("ab", Origin::model);
  text.append("cd", Origin::model);
  text.append("", Origin::elsewhere);
  ASSERT_EQ(text.trusted().size(), 1U);
  text.append(text);
  EXPECT_EQ(text.bytes(), "abcdabcd");
  EXPECT_EQ(text.trusted().size(), 1U);
  EXPECT_TRUE(text.part(3, 0).empty());
  EXPECT_TRUE(text.part(100).empty());
  EXPECT_EQ(text.part(6, 100).bytes(), "cd");
}

}  // namespace
}  // namespace wenyuan::llm
