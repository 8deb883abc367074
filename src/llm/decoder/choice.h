// An expert that was chosen for a token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace wenyuan::llm {

struct Choice {
  std::uint32_t expert;
  float weight;
};

// Told of every choice: `row` counts the tokens of one pass through the layer.
using RoutingObserver =
    std::function<void(std::size_t layer, std::size_t row, std::span<const Choice> chosen)>;

}  // namespace wenyuan::llm
