// Any bytes as a Cedar schema, as text and as JSON: it is refused with a place, or policies,
// entities and requests are checked against it without harm.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/cedar/parser.h"
#include "auth/cedar/schema.h"
#include "auth/cedar/schema_reading.h"
#include "auth/cedar/validator.h"
#include "base/assert.h"

namespace {

using namespace wenyuan;               // NOLINT: a program of one file
using namespace wenyuan::auth::cedar;  // NOLINT

// A policy may follow the schema, behind this line.
constexpr std::string_view kBorder = "\n---\n";

void use(const Result<Schema>& schema, std::string_view policies) {
  if (!schema) {
    WY_ASSERT(!schema.error().message.empty());
    WY_ASSERT(schema.error().code == ErrorCode::invalid_argument ||
              schema.error().code == ErrorCode::too_large);
    return;
  }
  for (const auto& [name, type] : schema->entity_types()) {
    WY_ASSERT(type.shape != nullptr && type.shape->kind == TypeKind::record);
    WY_ASSERT(!too_large(*type.shape) && !describe(*type.shape).empty());
    WY_ASSERT(schema->may_be_in(name, name));
    const std::string json = R"([{"uid": {"type": ")" + name +
                             R"(", "id": "a"}, "attrs": {"a": "1.2"}, "parents": []}])";
    static_cast<void>(read_entities(json, *schema));
  }
  for (const auto& [uid, action] : schema->actions()) {
    WY_ASSERT(action.context != nullptr && action.is_in(uid));
    static_cast<void>(read_context(R"({"a": 1, "b": {"c": "1.2.3.4"}})", uid, *schema));
  }
  if (const auto parsed = parse_policies(policies)) static_cast<void>(validate(*parsed, *schema));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t border = text.find(kBorder);
  const std::string_view policies =
      border == std::string_view::npos
          ? std::string_view(
                "permit(principal, action, resource) when { resource has a.b && "
                "resource.a.b == context.c && principal.hasTag(\"t\") };")
          : text.substr(border + kBorder.size());
  const std::string_view schema = text.substr(0, border);
  use(Schema::parse(schema), policies);
  use(Schema::parse_json(schema), policies);
  return 0;
}
