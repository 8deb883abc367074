// Decides whether a sentence that a model wrote is supported by the sentences it was given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/evidence.h"

namespace wenyuan::query {

// The sentence that best supports `claim`, or nothing. Supported means: nearly all terms of the
// claim that the question did not bring along stand in that sentence (or one beside it), every
// number of the claim stands there, and the claim says something that the question did not.
std::optional<std::size_t> supporting_sentence(std::string_view claim, std::string_view question,
                                               const std::vector<Sentence>& sentences);

// Model text without what could pass for our citation markers.
std::string without_markers(std::string_view text);

}  // namespace wenyuan::query
