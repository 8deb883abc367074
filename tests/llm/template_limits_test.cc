// Templates that want too much end with an error, soon and without harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "llm/template_parser.h"
#include "llm/template_renderer.h"

namespace wenyuan::llm {
namespace {

using testing::HasSubstr;

std::string refusal(std::string_view source, const TemplateLimits& limits = {}) {
  TemplateInput input;
  input.limits = limits;
  const auto block = parse_template(source);
  if (!block) return block.error().message;
  const auto text = render_template(*block, input);
  return text ? "written" : text.error().message;
}

std::string repeated(std::string_view text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST(TemplateLimits, EndLoopsThatGoOn) {
  EXPECT_THAT(
      refusal("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
      HasSubstr("too many steps"));
  EXPECT_THAT(refusal("{{ range(100000000) }}"), HasSubstr("too long"));
  EXPECT_THAT(refusal("{{ range(1, 9223372036854775807, 9223372036854775806) | list }}"),
              "written");
}

TEST(TemplateLimits, EndTextsThatGrow) {
  EXPECT_THAT(refusal("{% set ns = namespace(t='abcdefgh') %}{% for i in range(60) %}"
                      "{% set ns.t = ns.t + ns.t %}{% endfor %}"),
              testing::AnyOf(HasSubstr("too much"), HasSubstr("cannot hold")));
  EXPECT_THAT(refusal("{{ 'abc' * 999999999 }}"), HasSubstr("too often"));
  EXPECT_THAT(refusal("{{ ('abc' * 1000000) * 1000000 }}"), HasSubstr("too much"));
  EXPECT_THAT(refusal("{{ ('a' * 1000000).replace('a', 'b' * 1000000) }}"), HasSubstr("too much"));
  TemplateLimits limits;
  limits.output = 100;
  EXPECT_THAT(refusal("{{ 'a' * 101 }}", limits), HasSubstr("writes too much"));
}

TEST(TemplateLimits, EndListsThatShareThemselves) {
  // Each turn doubles what there is to write, though hardly anything is stored.
  for (const char* use : {"{{ ns.l }}", "{{ ns.l | tojson }}", "{{ ns.l == ns.l }}", ""}) {
    EXPECT_THAT(refusal(std::string("{% set ns = namespace(l=[1]) %}{% for i in range(31) %}"
                                    "{% set ns.l = [ns.l, ns.l] %}{% endfor %}") +
                        use),
                testing::AnyOf(HasSubstr("too large"), HasSubstr("too much")));
  }
  EXPECT_THAT(refusal("{% set ns = namespace(l=[]) %}{% for i in range(999) %}"
                      "{% set ns.l = [ns.l] %}{% endfor %}"),
              HasSubstr("cannot hold"));
  EXPECT_THAT(refusal("{% set ns = namespace() %}{% set ns.x = ns %}"), HasSubstr("cannot hold"));
  EXPECT_THAT(refusal("{% for i in [1] %}{% set x = [loop] %}{% endfor %}"),
              HasSubstr("cannot hold"));
}

TEST(TemplateLimits, EndSearchesThatTakeLong) {
  const std::string big = "{% set a = 'a' * 1000000 %}{% set b = 'a' * 500000 ~ 'b' %}";
  for (const char* use : {"{{ b in a }}", "{{ a.find(b) }}", "{{ a.split(b) }}", "{{ a.count(b) }}",
                          "{{ a.replace(b, '') }}", "{{ a.strip(b) }}", "{{ a | trim(b) }}"}) {
    EXPECT_THAT(refusal(big + use), HasSubstr("too much")) << use;
  }
  EXPECT_EQ(refusal(big + "{{ 'b' in a }}{{ a in a }}{{ a.split('b') | length }}"), "written");
  std::string many = "{% set d = {";
  for (int i = 0; i < 2000; ++i) many += "'k" + std::to_string(i) + "': 1, ";
  EXPECT_THAT(refusal(many + "} %}"), HasSubstr("a dict is too large"));
}

TEST(TemplateLimits, EndMacrosThatCallThemselves) {
  EXPECT_THAT(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), HasSubstr("too deeply"));
}

TEST(TemplateLimits, RefuseDeepAndLongSources) {
  for (const auto& [open, close] : {std::pair{"(", ")"},
                                    {"[", "]"},
                                    {"{'a':", "}"},
                                    {"-", ""},
                                    {"not ", ""},
                                    {"f(", ")"},
                                    {"a[", "]"},
                                    {"1 if 1 else ", ""}}) {
    const std::string source = "{{ " + repeated(open, 5000) + "1" + repeated(close, 5000) + " }}";
    EXPECT_THAT(refusal(source), HasSubstr("too deeply")) << open;
  }
  EXPECT_THAT(refusal("{{ 1" + repeated(" + 1", 5000) + " }}"), HasSubstr("too deeply"));
  EXPECT_THAT(refusal("{{ a" + repeated(".b", 5000) + " }}"), HasSubstr("too deeply"));
  EXPECT_THAT(refusal("{{ a" + repeated(" | trim", 5000) + " }}"), HasSubstr("too deeply"));
  EXPECT_THAT(refusal(repeated("{% if 1 %}", 5000) + repeated("{% endif %}", 5000)),
              HasSubstr("too deeply"));
  EXPECT_THAT(refusal(repeated("{{ 1 }}", 200000)), HasSubstr("too long"));
  // Long chains that need no depth are fine.
  EXPECT_EQ(refusal("{{ 1" + repeated(" ~ 1", 5000) + " }}"), "written");
  EXPECT_EQ(refusal("{% if 0 %}" + repeated("{% elif 0 %}", 3000) + "{% endif %}"), "written");
}

TEST(TemplateLimits, RefuseNumbersThatDoNotFit) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ 2 ** 64 }}", "{{ -9223372036854775807 - 2 }}",
        "{{ 9223372036854775807 * 2 }}", "{{ -(-9223372036854775807 - 1) }}",
        "{{ (-9223372036854775807 - 1) // -1 }}", "{{ (-9223372036854775807 - 1) | abs }}"}) {
    EXPECT_THAT(refusal(source), HasSubstr("too large")) << source;
  }
  EXPECT_EQ(refusal("{{ (-9223372036854775807 - 1) % -1 }}{{ 'a'[9223372036854775807] }}"
                    "{{ 'abc'[-9223372036854775807:9223372036854775807:9223372036854775807] }}"),
            "written");
}

}  // namespace
}  // namespace wenyuan::llm
