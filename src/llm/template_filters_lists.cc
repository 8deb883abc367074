// The filters of templates that work on lists.
#include <algorithm>

#include "base/text.h"
#include "llm/template_filters.h"
#include "llm/template_methods.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;
using Use = TemplateFilterUse;

Result<Value> join(const Use& use) {
  WY_RETURN_IF_ERROR(use.given.only({"d", "attribute"}, "join"));
  WY_TRY(const TemplateItems items, use.items());
  const Value* joint = use.given.find(0, "d");
  const Value* member = use.given.find(1, "attribute");
  TemplateText between;
  if (joint != nullptr) {
    WY_TRY(between, use.evaluator.written(*joint, use.given.line));
  }
  TemplateText all;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Value item = items[i];
    if (member != nullptr && member->text() != nullptr) {
      WY_TRY(item, use.evaluator.attribute(item, member->text()->bytes(), use.given.line));
    }
    WY_TRY(const TemplateText next, use.evaluator.written(item, use.given.line));
    WY_RETURN_IF_ERROR(use.evaluator.spend(between.size() + 1, use.given.line));
    if (i > 0) all.append(between);
    all.append(next);
  }
  return use.done(std::move(all));
}

Result<Value> to_list(const Use& use) {
  WY_TRY(TemplateItems items, use.items());
  return use.done(std::move(items));
}

Result<Value> to_items(const Use& use) {
  if (use.input.is_undefined()) return use.done(TemplateItems{});
  if (use.input.members() == nullptr) return use.error("wants a dict");
  return call_template_method(use.evaluator, use.input, "items", use.given);
}

Result<Value> dictsort(const Use& use) {
  WY_TRY(const Value pairs, to_items(use));
  TemplateItems sorted = *pairs.items();
  std::stable_sort(sorted.begin(), sorted.end(), [](const Value& a, const Value& b) {
    const std::string& left = (*a.items())[0].text()->bytes();
    const std::string& right = (*b.items())[0].text()->bytes();
    return to_lower_ascii(left) < to_lower_ascii(right);
  });
  return use.done(std::move(sorted));
}

Result<Value> first(const Use& use) {
  WY_TRY(const TemplateItems items, use.items());
  return items.empty() ? Value::undefined("the first item") : items.front();
}

Result<Value> last(const Use& use) {
  WY_TRY(const TemplateItems items, use.items());
  return items.empty() ? Value::undefined("the last item") : items.back();
}

Result<Value> reverse(const Use& use) {
  WY_TRY(TemplateItems items, use.items());
  std::reverse(items.begin(), items.end());
  if (use.input.text() == nullptr) return use.done(std::move(items));
  TemplateText text;
  for (const Value& item : items) text.append(*item.text());
  return use.done(std::move(text));
}

// The rest of the arguments, for a filter or test that is named by one.
TemplateArguments rest_of(const TemplateArguments& given, std::size_t count) {
  TemplateArguments rest;
  rest.line = given.line;
  if (given.values.size() > count) {
    rest.values.assign(given.values.begin() + static_cast<std::ptrdiff_t>(count),
                       given.values.end());
  }
  return rest;
}

Result<Value> map(const Use& use) {
  WY_TRY(const TemplateItems items, use.items_if_any());
  const Value* member = nullptr;
  const Value* fallback = nullptr;
  for (const auto& [key, value] : use.given.named) {
    if (key == "attribute") member = &value;
    if (key == "default") fallback = &value;
  }
  const bool by_filter = member == nullptr && !use.given.values.empty();
  const TemplateText* name = by_filter           ? use.given.values[0].text()
                             : member == nullptr ? nullptr
                                                 : member->text();
  if (name == nullptr) return use.error("wants a filter or an attribute");
  TemplateItems made;
  for (const Value& item : items) {
    WY_RETURN_IF_ERROR(use.evaluator.step(use.given.line));
    if (by_filter) {
      WY_TRY(Value value, use.evaluator.filter(name->bytes(), item, rest_of(use.given, 1)));
      made.push_back(std::move(value));
      continue;
    }
    WY_TRY(Value value, use.evaluator.attribute(item, name->bytes(), use.given.line));
    made.push_back(value.is_undefined() && fallback != nullptr ? *fallback : value);
  }
  return use.done(std::move(made));
}

// select, reject, selectattr and rejectattr: by a test, or by whether it is true.
template <bool of_member, bool wanted>
Result<Value> choose(const Use& use) {
  WY_TRY(const TemplateItems items, use.items_if_any());
  const std::size_t at = of_member ? 1 : 0;
  const TemplateText* test = nullptr;
  for (std::size_t i = 0; i <= at && i < use.given.values.size(); ++i) {
    if (use.given.values[i].text() == nullptr) return use.error("wants names");
  }
  if (of_member && use.given.values.empty()) return use.error("wants an attribute");
  if (use.given.values.size() > at) test = use.given.values[at].text();
  const TemplateArguments arguments = rest_of(use.given, at + 1);
  TemplateItems made;
  for (const Value& item : items) {
    WY_RETURN_IF_ERROR(use.evaluator.step(use.given.line));
    Value value = item;
    if (of_member) {
      WY_TRY(value,
             use.evaluator.attribute(item, use.given.values[0].text()->bytes(), use.given.line));
    }
    bool holds = value.is_true();
    if (test != nullptr) {
      WY_TRY(holds, use.evaluator.test(test->bytes(), value, arguments));
    }
    if (holds == wanted) made.push_back(item);
  }
  return use.done(std::move(made));
}

Result<Value> unique(const Use& use) {
  WY_TRY(const TemplateItems items, use.items());
  TemplateItems made;
  for (const Value& item : items) {
    const std::size_t cost = (made.size() + 1) * (item.weight() / 64 + 1) * 8;
    WY_RETURN_IF_ERROR(use.evaluator.spend(cost, use.given.line));
    const bool known = std::any_of(made.begin(), made.end(),
                                   [&](const Value& other) { return equal(other, item); });
    if (!known) made.push_back(item);
  }
  return use.done(std::move(made));
}

constexpr TemplateFilter kFilters[] = {
    {"join", join},
    {"list", to_list},
    {"items", to_items},
    {"dictsort", dictsort},
    {"first", first},
    {"last", last},
    {"reverse", reverse},
    {"map", map},
    {"select", choose<false, true>},
    {"reject", choose<false, false>},
    {"selectattr", choose<true, true>},
    {"rejectattr", choose<true, false>},
    {"unique", unique},
};

}  // namespace

std::span<const TemplateFilter> template_list_filters() { return kFilters; }

}  // namespace wenyuan::llm
