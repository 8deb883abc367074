// What templates write; the expected texts are Jinja's, with the settings of transformers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/template_parser.h"
#include "llm/template_renderer.h"

namespace wenyuan::llm {
namespace {

using testing::HasSubstr;

TemplateValue words(std::string_view text, Origin origin = Origin::model) {
  return TemplateText(text, origin);
}

TemplateInput small_input() {
  TemplateMembers user, assistant;
  user.emplace_back(TemplateText("role", Origin::model), words("user"));
  user.emplace_back(TemplateText("content", Origin::model), words(" Hi ", Origin::elsewhere));
  assistant.emplace_back(TemplateText("role", Origin::model), words("assistant"));
  assistant.emplace_back(TemplateText("content", Origin::model), words("ok", Origin::elsewhere));
  TemplateInput input;
  input.names = {{"messages", TemplateValue::list({TemplateValue::dict(std::move(user)),
                                                   TemplateValue::dict(std::move(assistant))})},
                 {"bos", words("<s>")},
                 {"tools", TemplateValue::Data(None{})}};
  return input;
}

Result<TemplateText> rendered(std::string_view source, const TemplateInput& input = small_input()) {
  WY_TRY(const TemplateBlock block, parse_template(source));
  return render_template(block, input);
}

std::string written(std::string_view source) {
  const auto text = rendered(source);
  return text ? text->bytes() : "error: " + text.error().message;
}

std::string refusal(std::string_view source) {
  const auto text = rendered(source);
  return text ? "written: " + text->bytes() : text.error().message;
}

TEST(Template, ComputesAsPythonDoes) {
  EXPECT_EQ(written("{{ 1 + 2 * 3 - 4 / 2 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 2 ** 10 }}|{{ 1.5 }}"),
            "5.0|-4|2|1024|1.5");
  EXPECT_EQ(written("{{ 'a' ~ 1 ~ none ~ true }}|{{ 'ab' * 3 }}|{{ [1] + [2] }}"),
            "a1NoneTrue|ababab|[1, 2]");
  EXPECT_EQ(written("{{ 1 < 2 < 3 }}|{{ 3 > 2 > 2 }}|{{ 1 == 1.0 }}|{{ none == none }}"),
            "True|False|True|True");
  EXPECT_EQ(written("{{ 'a' in 'abc' }}|{{ 2 not in [1] }}|{{ 'role' in messages[0] }}"),
            "True|True|True");
  EXPECT_EQ(
      written("{{ 0 or 'b' }}|{{ 1 and 2 }}|{{ not x }}|{{ 1 if false }}|{{ 1 if 1 else 2 }}"),
      "b|2|True||1");
  EXPECT_EQ(written("{{ - 3 + 5 }}|{{ 2 * -3 }}|{{ -1 | abs }}|{{ 1e3 }}"), "2|-6|1|1000.0");
}

TEST(Template, CutsStringsByCharactersAndLists) {
  EXPECT_EQ(written("{{ 'abc'[1:] }}|{{ 'abc'[::-1] }}|{{ '中文字'[1] }}|{{ '中文字'[:2] }}"),
            "bc|cba|文|中文");
  EXPECT_EQ(written("{{ [1,2,3,4,5][1:4:2] }}|{{ [1,2,3][-5:2] }}|{{ [1,2,3][5:0:-1] }}"),
            "[2, 4]|[1, 2]|[3, 2]");
  EXPECT_EQ(written("{{ 'abc'[5] }}|{{ messages[-1].content }}|{{ messages[0]['role'] }}"),
            "|ok|user");
}

TEST(Template, HasTheMethodsOfStringsAndDicts) {
  EXPECT_EQ(written("{{ ' a '.strip() }}|{{ 'xax'.lstrip('x') }}|{{ 'xax'.rstrip('x') }}"),
            "a|ax|xa");
  EXPECT_EQ(written("{{ 'a,b,c'.split(',') }}|{{ ' a  b '.split() }}|{{ 'a,b,c'.split(',')[-1] }}"),
            "['a', 'b', 'c']|['a', 'b']|c");
  EXPECT_EQ(written("{{ 'a,b,c'.split(',', 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}"),
            "['a', 'b,c']|['a,b', 'c']");
  EXPECT_EQ(written("{{ 'abc'.startswith('ab') }}|{{ 'abc'.endswith(('x', 'c')) }}"), "True|True");
  EXPECT_EQ(
      written("{{ 'a-b-c'.replace('-', '+', 1) }}|{{ 'hello you'.title() }}|{{ 'aB'.upper() }}"),
      "a+b-c|Hello You|AB");
  EXPECT_EQ(written("{{ {'a': 1}.get('b', 5) }}|{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}"
                    "{% endfor %}|{{ '{} {x}'.format(1, x=2) }}"),
            "5|a=1|1 2");
}

TEST(Template, HasTheFiltersThatTemplatesUse) {
  EXPECT_EQ(written("{{ ' x ' | trim }}|{{ messages | length }}|{{ '中' | length }}"), "x|2|1");
  EXPECT_EQ(
      written("{{ no | default('d') }}|{{ '' | default('d') }}|{{ '' | default('d', true) }}"),
      "d||d");
  EXPECT_EQ(
      written("{{ [1, 2] | join(', ') }}|{{ 'ab' | list }}|{{ '7' | int + 1 }}|{{ 5 | string }}"),
      "1, 2|['a', 'b']|8|5");
  EXPECT_EQ(written("{{ {'a': [1, 2.5, none, true, '\"\\n中']} | tojson }}"),
            "{\"a\": [1, 2.5, null, true, \"\\\"\\n中\"]}");
  EXPECT_EQ(written("{{ {'a': [1]} | tojson(indent=2) }}"), "{\n  \"a\": [\n    1\n  ]\n}");
  EXPECT_EQ(written("{{ messages | map(attribute='role') | join(',') }}|"
                    "{{ messages | selectattr('role', 'equalto', 'user') | list | length }}|"
                    "{{ tools | rejectattr('a') | list | length }}"),
            "user,assistant|1|0");
  EXPECT_EQ(written("{{ 'a\\nb' | indent(2) }}|{{ {'b': 1, 'a': 2} | dictsort | first | first }}"),
            "a\n  b|a");
}

TEST(Template, HasTheTestsThatTemplatesUse) {
  EXPECT_EQ(written("{{ x is defined }}{{ tools is none }}{{ 'a' is string }}{{ {} is mapping }}"
                    "{{ 'a' is iterable }}{{ 1 is number }}{{ true is false }}{{ 3 is odd }}"
                    "{{ 6 is divisibleby 3 }}{{ x is not defined }}{{ [] is sequence }}"),
            "FalseTrueTrueTrueTrueTrueFalseTrueTrueTrueTrue");
}

TEST(Template, LoopsWithTheirOwnNames) {
  EXPECT_EQ(written("{% for i in range(3) %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}"
                    "{{ loop.last }}{{ loop.length }};{% endfor %}"),
            "10TrueFalse3;21FalseFalse3;32FalseTrue3;");
  EXPECT_EQ(
      written("{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}"),
      "221");
  EXPECT_EQ(written("{% set ns = namespace(a=1) %}{% for i in [1, 2] %}{% set ns.a = ns.a + i %}"
                    "{% endfor %}{{ ns.a }}"),
            "4");
  EXPECT_EQ(written("{% for i in range(6) if i % 2 %}{{ i }}/{{ loop.length }} {% endfor %}"
                    "{% for x in [] %}a{% else %}none{% endfor %}"),
            "1/3 3/3 5/3 none");
  EXPECT_EQ(written("{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}"
                    "{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
            "02");
}

TEST(Template, SetsBlocksAndCallsMacros) {
  EXPECT_EQ(written("{% set a, b = 1, 2 %}{% set t | upper %}x{{ a }}{% endset %}{{ t }}{{ b }}"),
            "X12");
  EXPECT_EQ(
      written("{% macro m(a, b='d') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(b=3, a=2) }}"),
      "[1d][23]");
  EXPECT_EQ(written("{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}"
                    "{{ f(3) }}"),
            "3210");
  EXPECT_EQ(written("{% filter upper %}ab{% endfilter %}{% generation %}c{% endgeneration %}"),
            "ABc");
}

TEST(Template, TreatsWhiteSpaceAsTransformersSetsIt) {
  EXPECT_EQ(written("a\n  {% if true %}\n  x\n  {% endif %}\n  y\n"), "a\n  x\n  y");
  EXPECT_EQ(written("  {# c #}\n  b\n\n"), "  b\n");
  EXPECT_EQ(written("a  {%- if true %} b {% endif -%}  c"), "a b c");
  EXPECT_EQ(written("  {{ 1 }}\n  {%- set x = 2 %}\n  {{ x }}"), "  1  2");
  EXPECT_EQ(written("a\r\n{% if true %}\r\nb{% endif %}\r\n"), "a\nb");
  EXPECT_EQ(written("  {%+ if true %}\n a{% endif +%}\n"), "   a");
  EXPECT_EQ(written("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
  EXPECT_EQ(written("{{ \"%}\" }}{{ \"}}\" }}{{ {'a': {'b': 1}}['a']['b'] }}"), "%}}}1");
  EXPECT_EQ(written("{{ '\\x41\\u4e2d\\t\\'\\q' }}"), "A中\t'\\q");
}

TEST(Template, HasOnlyTheDayThatItIsGiven) {
  EXPECT_EQ(written("{{ strftime_now('%d %b %Y, %B %A %H:%M %%') }}"),
            "26 Jul 2024, July Friday 00:00 %");
}

TEST(Template, SaysWhatIsWrongInWhichLine) {
  EXPECT_THAT(refusal("a\n{{ x.y }}"), HasSubstr("line 2: \"x\" is undefined"));
  EXPECT_THAT(refusal("{% for i in none %}{% endfor %}"), HasSubstr("nothing to go over in none"));
  EXPECT_THAT(refusal("{{ 1 + 'a' }}"), HasSubstr("+ is not possible with a number and a string"));
  EXPECT_THAT(refusal("{{ 'a' | nofilter }}"), HasSubstr("the filter nofilter is not supported"));
  EXPECT_THAT(refusal("{{ 'a' is nottest }}"), HasSubstr("the test nottest is not supported"));
  EXPECT_THAT(refusal("\n\n{% include 'a' %}"), HasSubstr("line 3: the statement include"));
  EXPECT_THAT(refusal("{% if true %}"), HasSubstr("endif is expected"));
  EXPECT_THAT(refusal("{{ [1, 2 }}"), HasSubstr("too many"));
  EXPECT_THAT(refusal("{{ 1 / 0 }}"), HasSubstr("division by zero"));
  EXPECT_THAT(refusal("{{ foo() }}"), HasSubstr("there is no function foo"));
  for (const char* source : {"{{", "{{ 'a }}", "{% endif %}", "{# a", "{% set 1 = 2 %}", "{{ }}",
                             "{% break %}", "{% macro m( %}{% endmacro %}", "{% raw %}",
                             "{{ 99999999999999999999 }}", "{{ a ? b }}", "{{ f(a=1, 2) }}"}) {
    EXPECT_THAT(refusal(source), HasSubstr("the chat template, line 1: ")) << source;
  }
}

TEST(Template, RefusesAConversationWithItsOwnWords) {
  const auto text = rendered("{{ raise_exception('Roles must alternate') }}");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(text.error().message, HasSubstr("Roles must alternate"));
}

}  // namespace
}  // namespace wenyuan::llm
