// Values and uids as parts of a JSON document.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

#include "auth/cedar/json_hint.h"
#include "auth/cedar/value.h"
#include "base/result.h"

namespace wenyuan::auth::cedar {

constexpr std::size_t kJsonDepthMax = 128;
constexpr std::size_t kJsonBytesMax = std::size_t{64} << 20;

// The document must be no deeper than kJsonDepthMax. `hint` may be null. Messages of errors do not
// say where in the document they are.
Result<Value> value_of(const nlohmann::json& document, const JsonHint* hint);
Result<Record> record_of(const nlohmann::json& document, const JsonHint* hint);
Result<EntityUid> uid_of(const nlohmann::json& document);

nlohmann::json json_of(const Value& value);
nlohmann::json json_of(const Record& record);
nlohmann::json json_of(const EntityUid& uid);  // {"type", "id"}

}  // namespace wenyuan::auth::cedar
