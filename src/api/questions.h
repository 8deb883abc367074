// What search and ask have in common: reading the request, and what the audit log says of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "query/answer.h"
#include "query/search.h"

namespace wenyuan::api {

constexpr TextLimits kQuestionText{1, 8192};

std::vector<std::string> read_collection_ids(ObjectReader& reader);
std::optional<store::DocumentFilter> read_filter(ObjectReader& reader);
// The moment that is asked about, also for the audit log; nothing for now, and for what is still to
// come.
std::optional<UnixMillis> read_as_of(Call& call, ObjectReader& reader);

// Sealed: the words are personal, and so is a hash by which they could be guessed.
void note_question(Call& call, std::string_view text);
// What the model was given and wrote, and what was answered: sealed with the keys of the one who
// asks and of the documents that it was made of, so that an erased document takes it along.
void note_answer_texts(Call& call, const query::Answer& answer);
// Which documents were shown.
void note_hits(Call& call, const std::vector<query::SearchHit>& hits);

}  // namespace wenyuan::api
