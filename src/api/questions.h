// What search and ask have in common: reading the request, and what the audit log says of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "query/search.h"

namespace wenyuan::api {

constexpr TextLimits kQuestionText{1, 8192};

std::vector<std::string> read_collection_ids(ObjectReader& reader);
std::optional<store::DocumentFilter> read_filter(ObjectReader& reader);

// The hash of what was asked, never the words.
void note_question(Call& call, std::string_view text);
// Which documents were shown.
void note_hits(Call& call, const std::vector<query::SearchHit>& hits);

}  // namespace wenyuan::api
