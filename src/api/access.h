// Turns "not covered" into what the caller may hear: forbidden when they know of the thing anyway,
// not_found otherwise; and asks again when a permit has become stale.
#pragma once

#include <string>
#include <type_traits>

#include "api/call.h"
#include "store/content_store.h"

namespace wenyuan::api {

// The collection, when the caller may know of it.
Result<Collection> visible_collection(Call& call, store::Snapshot& snapshot, const std::string& id);

// Done when the permit (to write or manage) covers the collection.
Status require_collection(Call& call, store::Snapshot& snapshot, const Permit& permit,
                          const std::string& id);

// The document as the caller may read it.
Result<Document> readable_document(Call& call, store::Snapshot& snapshot, const std::string& id);

// For a document that a permit to write did not open: forbidden when it can be read.
Error not_writable(Call& call, store::Snapshot& snapshot, const std::string& id,
                   const Error& error);

// After the commit that erased what named them, or the failure of what was to name them. What is
// left is in the log, and goes with the sweep of its receipt, or at the next start.
void remove_files(const Call& call, std::span<const std::string> sha256s);

// For work that goes on without a snapshot: anything may change between the permit and its use.
template <class Work>
auto with_permit(Call& call, Action action, Work work)
    -> std::invoke_result_t<Work, const Permit&> {
  constexpr int kAttempts = 3;
  for (int attempt = 1;; ++attempt) {
    auto permit = call.read(
        [&](store::Snapshot& snapshot) -> Result<Permit> { return call.permit(snapshot, action); });
    if (!permit) return permit.error();
    auto result = work(*permit);
    if (result || result.error().code != ErrorCode::conflict) return result;
    if (attempt == kAttempts) {
      return Error{ErrorCode::unavailable, "Rights are being changed; try again"};
    }
  }
}

}  // namespace wenyuan::api
