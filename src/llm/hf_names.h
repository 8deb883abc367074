// Which tensor of a Hugging Face checkpoint becomes which tensor of a GGUF file.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace wenyuan::llm {

// How the numbers are laid out anew on the way.
enum class TensorForm {
  plain,
  permuted,   // rows of query or key heads: halves of a rotation become neighbours
  plus_one,   // norms that are kept as the difference to one
  positions,  // the first rows, of padding, are left out
  expert,     // one of a stack
  gate_up,    // a stack whose upper rows are the gate, whose lower rows go to `second`
  key_value,  // the keys' part (transposed) and the values' part (to `second`) of each head
  left_out,
};

// "#" stands for the layer's number, "@" for the expert's.
struct NameRule {
  std::string_view from;  // without "model." and the like, without ".weight" or ".bias"
  std::string_view to;
  TensorForm form = TensorForm::plain;
  std::string_view second = {};
};

// The rules of an architecture, of which the first that fits counts.
std::span<const NameRule> name_rules(std::string_view architecture);

struct MatchedName {
  const NameRule* rule = nullptr;
  std::uint32_t layer = 0;
  std::uint32_t expert = 0;
  std::string suffix;  // ".weight", ".bias"

  std::string filled(std::string_view pattern) const;  // with the layer's number and the suffix
};

// Nothing when no rule fits.
std::optional<MatchedName> match_name(std::span<const NameRule> rules, std::string_view name);

}  // namespace wenyuan::llm
