// What a question costs: the one who asks, and the collections that it is asked of.
#pragma once

#include <string>
#include <vector>

#include "api/call.h"

namespace wenyuan::api {

// Before a question is answered: counts it for each of these collections (none: all that the caller
// may know of) to which questions are limited. rate_limited names the collection whose day is used
// up; one that is hidden from the caller is neither counted nor named. Tokens that the call spends
// from here on (Call::spend_tokens) are charged to them too.
Status take_collection_questions(Call& call, const std::vector<std::string>& collection_ids);

}  // namespace wenyuan::api
