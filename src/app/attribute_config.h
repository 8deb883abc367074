// The tables [[attribute]] of the configuration: what attributes of users and documents there are
// for access to depend on.
//
//   [[attribute]]
//   name = "sensitivity"
//   of = ["document"]                                  # and "user"; both when it is absent
//   kind = "level"                                     # text, texts, number, boolean, level, time
//   levels = ["open", "internal", "restricted"]        # from the lowest to the highest
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>

#include "auth/attribute_kinds.h"
#include "base/result.h"

namespace wenyuan::app {

// Nothing when the table has none. invalid_argument names the file and the attribute.
Result<std::optional<auth::AttributeKinds>> read_attribute_kinds(const toml::table& table,
                                                                 const std::string& file);

}  // namespace wenyuan::app
