// Computes the expressions of a chat template.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "llm/template_tree.h"

namespace wenyuan::llm {

// What a template may use up; it ends with an error where it wants more.
struct TemplateLimits {
  std::int64_t steps = 2'000'000;          // expressions and statements
  std::int64_t bytes = 512 * 1024 * 1024;  // of all texts and lists that it makes, one by one
  std::size_t output = 64 * 1024 * 1024;
  int depth = 400;  // of what is being computed inside each other
};

// The names that a template knows, in frames: each loop and macro has its own.
class TemplateNames {
 public:
  void set(std::string_view name, TemplateValue value);  // in the innermost frame
  TemplateValue get(std::string_view name) const;        // undefined when there is none
  std::size_t size() const { return values_.size(); }

  void push_frame() { frames_.push_back(values_.size()); }
  void pop_frame();
  // A macro sees its own frames and the outermost one. Gives what leave_macro wants back.
  std::size_t enter_macro();
  void leave_macro(std::size_t former);

 private:
  std::vector<std::pair<std::string, TemplateValue>> values_;
  std::vector<std::size_t> frames_;  // where each begins; the outermost has no entry
  std::size_t visible_ = 0;          // where the current macro's frames begin
};

// Members of one dict or namespace; they are searched one by one.
constexpr std::size_t kTemplateMembersMax = 1024;

// The arguments of a call, a filter or a test.
struct TemplateArguments {
  TemplateItems values;
  std::vector<std::pair<std::string, TemplateValue>> named;
  int line = 1;

  // By place or by name; nullptr when there is none.
  const TemplateValue* find(std::size_t place, std::string_view name) const;
  // The error when there are more, or others, than these names.
  Status only(std::initializer_list<std::string_view> names, std::string_view what) const;
};

// Runs a macro's body; the renderer does.
class TemplateMacroRunner {
 public:
  virtual ~TemplateMacroRunner() = default;
  virtual Result<TemplateText> run_body(const TemplateBlock& body) = 0;
};

class TemplateEvaluator {
 public:
  TemplateEvaluator(const TemplateLimits& limits, std::chrono::year_month_day today,
                    TemplateMacroRunner& macros)
      : limits_(limits), today_(today), macros_(macros) {}

  Result<TemplateValue> evaluate(const TemplateExpression& expression);
  // What a loop goes over: the items of a list, keys of a dict, characters of a text.
  Result<TemplateItems> iterate(const TemplateValue& value, int line);

  TemplateNames& names() { return names_; }
  Status step(int line, std::size_t count = 1);
  Status spend(std::size_t bytes, int line);                               // before so much is made
  Status spend_on_search(std::size_t text, std::size_t wanted, int line);  // at every place
  // The value as a text.
  Result<TemplateText> written(const TemplateValue& value, int line);
  Status enter(int line);  // one level deeper; leave() goes back
  void leave() { --depth_; }

  // For filters and methods.
  Result<TemplateValue> list(TemplateItems items, int line);
  Result<TemplateValue> dict(TemplateMembers members, int line);
  Result<TemplateValue> text(TemplateText text, int line);
  Result<TemplateValue> filter(std::string_view name, const TemplateValue& input,
                               const TemplateArguments& arguments);
  Result<bool> test(std::string_view name, const TemplateValue& value,
                    const TemplateArguments& arguments);
  Result<TemplateValue> attribute(const TemplateValue& base, std::string_view name, int line);
  Result<bool> less(const TemplateValue& a, const TemplateValue& b, int line);

 private:
  using Value = TemplateValue;

  Result<Value> evaluate_inside(const TemplateExpression& expression);
  Result<Value> part(const TemplateExpression& expression, std::size_t at);
  Result<TemplateArguments> arguments(const TemplateExpression& expression);
  Result<Value> make_list(const TemplateExpression& expression);
  Result<Value> make_dict(const TemplateExpression& expression);
  Result<Value> item(const Value& base, const Value& index, int line);
  Result<Value> slice(const TemplateExpression& expression);
  Result<Value> call(const TemplateExpression& expression);
  Result<Value> call_function(TemplateFunction function, const TemplateArguments& arguments);
  Result<Value> call_macro(const TemplateMacro& macro, const TemplateArguments& arguments);
  Result<Value> range(const TemplateArguments& arguments);
  Result<Value> filter_of(const TemplateExpression& expression);
  Result<Value> test_of(const TemplateExpression& expression);
  Result<Value> compare(const TemplateExpression& expression);
  Result<bool> compare_two(const Value& a, std::string_view sign, const Value& b, int line);
  Result<bool> contains(const Value& all, const Value& one, int line);
  Result<Value> logic(const TemplateExpression& expression);
  Result<Value> join_parts(const TemplateExpression& expression);
  Result<Value> sign(const TemplateExpression& expression);
  Result<Value> arithmetic(const TemplateExpression& expression);
  Result<Value> add(const Value& a, const Value& b, int line);
  Result<Value> repeat(const Value& value, std::int64_t count, int line);

  TemplateLimits limits_;
  std::chrono::year_month_day today_;
  TemplateMacroRunner& macros_;
  TemplateNames names_;
  std::int64_t steps_ = 0;
  std::int64_t bytes_ = 0;
  int depth_ = 0;
};

}  // namespace wenyuan::llm
