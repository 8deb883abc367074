#include "llm/template_renderer.h"

#include "llm/template_lexer.h"

namespace wenyuan::llm {
namespace {

using Value = TemplateValue;

enum class Flow { onward, next, stop };

class Renderer final : public TemplateMacroRunner {
 public:
  explicit Renderer(const TemplateInput& input)
      : limits_(input.limits), evaluator_(input.limits, input.today, *this) {
    constexpr std::pair<const char*, TemplateFunction> kFunctions[] = {
        {"namespace", TemplateFunction::make_namespace},
        {"dict", TemplateFunction::make_dict},
        {"range", TemplateFunction::range},
        {"raise_exception", TemplateFunction::raise_exception},
        {"strftime_now", TemplateFunction::strftime_now},
    };
    for (const auto& [name, function] : kFunctions) {
      evaluator_.names().set(name, Value(Value::Data(function)));
    }
    for (const auto& [name, value] : input.names) evaluator_.names().set(name, value);
  }

  Result<TemplateText> run_body(const TemplateBlock& body) override {
    TemplateText text;
    WY_TRY([[maybe_unused]] const Flow flow, run(body, text));
    return text;
  }

 private:
  Result<Flow> run(const TemplateBlock& block, TemplateText& out) {
    for (const TemplateStatement& statement : block) {
      WY_RETURN_IF_ERROR(evaluator_.step(statement.line));
      WY_RETURN_IF_ERROR(evaluator_.enter(statement.line));
      WY_TRY(const Flow flow, run(statement, out));
      evaluator_.leave();
      if (flow != Flow::onward) return flow;
    }
    return Flow::onward;
  }

  Result<Flow> run(const TemplateStatement& statement, TemplateText& out) {
    switch (statement.kind) {
      case StatementKind::text: WY_RETURN_IF_ERROR(write(statement.text, out, statement)); break;
      case StatementKind::output: {
        WY_TRY(const Value value, evaluator_.evaluate(*statement.value));
        WY_TRY(const TemplateText text, evaluator_.written(value, statement.line));
        WY_RETURN_IF_ERROR(write(text, out, statement));
        break;
      }
      case StatementKind::condition: return run_condition(statement, out);
      case StatementKind::loop: return run_loop(statement, out);
      case StatementKind::set: WY_RETURN_IF_ERROR(run_set(statement)); break;
      case StatementKind::set_block: {
        WY_TRY(Value value, written_by(statement));
        evaluator_.names().set(statement.names[0], std::move(value));
        break;
      }
      case StatementKind::filter_block: {
        WY_TRY(const Value value, written_by(statement));
        WY_TRY(const TemplateText text, evaluator_.written(value, statement.line));
        WY_RETURN_IF_ERROR(write(text, out, statement));
        break;
      }
      case StatementKind::macro:
        evaluator_.names().set(statement.macro->name, Value(Value::Data(statement.macro.get())));
        break;
      case StatementKind::group: {
        evaluator_.names().push_frame();
        WY_TRY(const Flow flow, run(statement.branches[0].body, out));
        evaluator_.names().pop_frame();
        return flow;
      }
      case StatementKind::stop: return Flow::stop;
      case StatementKind::next: return Flow::next;
    }
    return Flow::onward;
  }

  Status write(const TemplateText& text, TemplateText& out, const TemplateStatement& statement) {
    if (text.size() > limits_.output - std::min(limits_.output, out.size())) {
      return template_error(statement.line, "it writes too much");
    }
    WY_RETURN_IF_ERROR(evaluator_.spend(text.size(), statement.line));
    out.append(text);
    return Done{};
  }

  Result<Flow> run_condition(const TemplateStatement& statement, TemplateText& out) {
    for (const TemplateBranch& branch : statement.branches) {
      WY_TRY(const Value condition, evaluator_.evaluate(*branch.condition));
      if (condition.is_true()) return run(branch.body, out);
    }
    return run(statement.else_body, out);
  }

  // One value to one name, or the items of a list to several.
  Status assign(const std::vector<std::string>& names, const Value& value, int line) {
    if (names.size() == 1) {
      evaluator_.names().set(names[0], value);
      return Done{};
    }
    WY_TRY(TemplateItems items, evaluator_.iterate(value, line));
    if (items.size() != names.size()) {
      return template_error(line, std::to_string(names.size()) + " names do not fit " +
                                      std::to_string(items.size()) + " values");
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      evaluator_.names().set(names[i], std::move(items[i]));
    }
    return Done{};
  }

  // Those items for which the loop's own condition holds.
  Result<TemplateItems> items_of(const TemplateStatement& statement) {
    WY_TRY(const Value value, evaluator_.evaluate(*statement.value));
    WY_TRY(TemplateItems items, evaluator_.iterate(value, statement.line));
    const TemplateExpressionPtr& condition = statement.branches[0].condition;
    if (condition == nullptr) return items;
    TemplateItems kept;
    evaluator_.names().push_frame();
    for (Value& item : items) {
      WY_RETURN_IF_ERROR(assign(statement.names, item, statement.line));
      WY_TRY(const Value holds, evaluator_.evaluate(*condition));
      if (holds.is_true()) kept.push_back(std::move(item));
    }
    evaluator_.names().pop_frame();
    return kept;
  }

  Result<Flow> run_loop(const TemplateStatement& statement, TemplateText& out) {
    WY_TRY(TemplateItems found, items_of(statement));
    if (found.empty()) return run(statement.else_body, out);
    auto items = std::make_shared<TemplateList>();
    items->items = std::move(found);
    for (std::size_t i = 0; i < items->items.size(); ++i) {
      WY_RETURN_IF_ERROR(evaluator_.step(statement.line));
      auto loop = std::make_shared<TemplateLoop>();
      loop->items = items;
      loop->index = i;
      evaluator_.names().push_frame();
      evaluator_.names().set(
          "loop", Value(Value::Data(std::shared_ptr<const TemplateLoop>(std::move(loop)))));
      WY_RETURN_IF_ERROR(assign(statement.names, items->items[i], statement.line));
      WY_TRY(const Flow flow, run(statement.branches[0].body, out));
      evaluator_.names().pop_frame();
      if (flow == Flow::stop) break;
    }
    return Flow::onward;
  }

  Status run_set(const TemplateStatement& statement) {
    WY_RETURN_IF_ERROR(evaluator_.step(statement.line, evaluator_.names().size() / 64));
    WY_TRY(Value value, evaluator_.evaluate(*statement.value));
    if (statement.attribute.empty()) {
      return assign(statement.names, value, statement.line);
    }
    const Value base = evaluator_.names().get(statement.names[0]);
    TemplateNamespace* names = base.names();
    if (names == nullptr) {
      return template_error(statement.line, statement.names[0] + " is no namespace");
    }
    if (!value.fits()) return template_error(statement.line, "a namespace cannot hold this");
    for (auto& [name, member] : names->members) {
      if (name != statement.attribute) continue;
      member = std::move(value);
      return Done{};
    }
    if (names->members.size() == kTemplateMembersMax) {
      return template_error(statement.line, "a namespace is too large");
    }
    names->members.emplace_back(statement.attribute, std::move(value));
    return Done{};
  }

  // What a block writes, through its filters.
  Result<Value> written_by(const TemplateStatement& statement) {
    evaluator_.names().push_frame();
    WY_TRY(TemplateText text, run_body(statement.branches[0].body));
    Value value(std::move(text));
    if (statement.value != nullptr) {
      evaluator_.names().set(kWritten, value);
      WY_TRY(value, evaluator_.evaluate(*statement.value));
    }
    evaluator_.names().pop_frame();
    return value;
  }

  TemplateLimits limits_;
  TemplateEvaluator evaluator_;
};

}  // namespace

Result<TemplateText> render_template(const TemplateBlock& block, const TemplateInput& input) {
  return Renderer(input).run_body(block);
}

}  // namespace wenyuan::llm
