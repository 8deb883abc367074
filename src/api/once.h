// Runs a change, or gives the answer that the same Idempotency-Key got before.
#pragma once

#include <functional>
#include <string_view>

#include "api/call.h"

namespace wenyuan::api {

// `work` runs in one transaction with the remembering of its answer. `request_text` is what makes
// the request what it is (its body, or the hashes of its files): another text under the same key is
// a conflict.
Result<http::Response> write_once(
    Call& call, std::string_view request_text,
    const std::function<Result<http::Response>(store::Transaction&)>& work);

}  // namespace wenyuan::api
