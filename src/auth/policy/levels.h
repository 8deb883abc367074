// The texts that have an order: levels of sensitivity and clearance.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace wenyuan::auth::policy {

// From the lowest to the highest.
constexpr std::array<std::string_view, 4> kLevels = {"public", "internal", "confidential",
                                                     "secret"};

// Its place in kLevels; nothing for a text without an order.
constexpr std::optional<int> level(std::string_view text) {
  for (std::size_t at = 0; at < kLevels.size(); ++at) {
    if (kLevels[at] == text) return static_cast<int>(at);
  }
  return std::nullopt;
}

// Attributes whose texts are levels; to policies they are numbers, the lowest level 0.
constexpr bool is_level_attribute(std::string_view name) {
  return name == "sensitivity" || name == "clearance";
}

}  // namespace wenyuan::auth::policy
