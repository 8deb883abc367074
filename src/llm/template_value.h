// The values that a chat template computes with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "llm/template_text.h"

namespace wenyuan::llm {

class TemplateValue;
struct TemplateMacro;

// A name or a member that there is not; its name is for the error.
struct Undefined {
  std::string name;
};
struct None {};
// A function of the interpreter.
enum class TemplateFunction { make_namespace, make_dict, range, raise_exception, strftime_now };

using TemplateItems = std::vector<TemplateValue>;
using TemplateMembers = std::vector<std::pair<TemplateText, TemplateValue>>;

struct TemplateList;
struct TemplateDict;
struct TemplateNamespace;
struct TemplateLoop;

// Small and cheap to copy; texts, lists and dicts never change, so copies share them.
class TemplateValue {
 public:
  using Data =
      std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const TemplateText>,
                   std::shared_ptr<const TemplateList>, std::shared_ptr<const TemplateDict>,
                   std::shared_ptr<TemplateNamespace>, std::shared_ptr<const TemplateLoop>,
                   TemplateFunction, const TemplateMacro*>;

  TemplateValue() = default;
  TemplateValue(Data data) : data_(std::move(data)) {}  // NOLINT: a value is its data
  TemplateValue(TemplateText text)                      // NOLINT
      : data_(std::make_shared<const TemplateText>(std::move(text))) {}
  // Of items that fit().
  static TemplateValue list(TemplateItems items);
  static TemplateValue dict(TemplateMembers members);
  static TemplateValue undefined(std::string name) { return Data(Undefined{std::move(name)}); }
  // Whether a value may be part of a list, a dict or a namespace: no namespace or loop, and neither
  // too deep nor, written out, too large.
  bool fits() const;
  // How much there is to go through, about the bytes when written out; shared parts count again.
  std::size_t weight() const;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&data_);
  }
  const TemplateText* text() const;
  const TemplateItems* items() const;
  const TemplateMembers* members() const;
  TemplateNamespace* names() const;
  const TemplateLoop* loop() const;
  bool is_undefined() const { return as<Undefined>() != nullptr; }
  bool is_none() const { return as<None>() != nullptr; }
  bool is_number() const;  // bool included, as in Python

  // A bool counts as 0 or 1. nullptr-like: `known` is false when it is no such number.
  bool to_integer(std::int64_t& value) const;
  bool to_real(double& value) const;
  bool is_true() const;

  static constexpr int kDepthMax = 32;
  static constexpr std::size_t kWeightMax = std::size_t{64} << 20;

 private:
  int depth() const;

  Data data_;
};

struct TemplateList {
  TemplateItems items;
  int depth = 1;
  std::size_t weight = 1;
};

struct TemplateDict {
  TemplateMembers members;
  int depth = 1;
  std::size_t weight = 1;
};

// The one thing that changes: namespace().
struct TemplateNamespace {
  std::vector<std::pair<std::string, TemplateValue>> members;
};

// What `loop` is inside a loop.
struct TemplateLoop {
  std::shared_ptr<const TemplateList> items;
  std::size_t index = 0;
};

const TemplateValue* find_member(const TemplateMembers& members, std::string_view name);

// As Python's == ; texts by their bytes alone.
bool equal(const TemplateValue& a, const TemplateValue& b);
// As Python's str(); the parts of texts keep their origin.
TemplateText to_text(const TemplateValue& value);
// "a string", "a list": for errors.
std::string_view kind_name(const TemplateValue& value);

}  // namespace wenyuan::llm
