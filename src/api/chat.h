// Chat and text completions as clients of OpenAI's API expect them: plainly from a model, or from
// the caller's collections when the model is "wenyuan" or "wenyuan/<collection>".
#pragma once

#include "api/call.h"

namespace wenyuan::api {

Result<http::Response> complete_chat(Call& call);
Result<http::Response> complete_text(Call& call);

// "wenyuan", or a name that begins with "wenyuan/".
bool names_collections(std::string_view model);

}  // namespace wenyuan::api
