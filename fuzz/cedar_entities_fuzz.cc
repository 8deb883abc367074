// Any bytes as Cedar entities and as a context: refused with a reason, or written out and read
// again without change.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "auth/cedar/entities_json.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;               // NOLINT: a program of one file
using namespace wenyuan::auth::cedar;  // NOLINT

JsonHint simple(JsonHint::Kind kind, std::string constructor = "") {
  JsonHint hint;
  hint.kind = kind;
  hint.constructor = std::move(constructor);
  return hint;
}

class Hints : public EntityHints {
 public:
  Hints() {
    record_ = simple(JsonHint::Kind::record);
    JsonHint set = simple(JsonHint::Kind::set);
    set.element = std::make_shared<const JsonHint>(tag_);
    record_.attributes = {{"d", simple(JsonHint::Kind::extension, "decimal")},
                          {"p", simple(JsonHint::Kind::extension, "ip")},
                          {"w", simple(JsonHint::Kind::extension, "datetime")},
                          {"u", tag_},
                          {"e", simple(JsonHint::Kind::entity)},
                          {"t", set}};
  }
  const JsonHint* attributes(std::string_view) const override { return &record_; }
  const JsonHint* tags(std::string_view) const override { return &tag_; }

 private:
  JsonHint tag_ = simple(JsonHint::Kind::extension, "duration");
  JsonHint record_;
};

void check(std::string_view json, const EntityHints* hints) {
  const auto entities = parse_entities(json, hints);
  if (!entities) {
    WY_ASSERT(!entities.error().message.empty());
    return;
  }
  const auto again = parse_entities(to_json(*entities));
  WY_ASSERT(again.has_value() && again->size() == entities->size());
  for (std::size_t i = 0; i < entities->size(); ++i) {
    WY_ASSERT(again->at(i).uid == entities->at(i).uid);
    WY_ASSERT(Value(again->at(i).attributes) == Value(entities->at(i).attributes));
    WY_ASSERT(Value(again->at(i).tags) == Value(entities->at(i).tags));
    WY_ASSERT(again->at(i).parents == entities->at(i).parents);
  }
  const auto store = Entities::make(*entities);
  if (!store) return;
  for (const Entity& entity : store->all()) {
    WY_ASSERT(store->find(entity.uid) == &entity);
    for (const EntityUid& parent : entity.parents) WY_ASSERT(store->is_in(entity.uid, parent));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Hints hints;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  check(json, nullptr);
  check(json, &hints);
  const auto context = parse_context(json, hints.attributes(""));
  if (context) WY_ASSERT(!to_json(Value(*context)).empty());
  static_cast<void>(parse_entity_uid(json));
  return 0;
}
