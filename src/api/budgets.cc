#include "api/budgets.h"

#include <algorithm>

#include "auth/identity/quotas.h"

namespace wenyuan::api {

Status take_collection_questions(Call& call, const std::vector<std::string>& collection_ids) {
  WY_TRY(
      auto limited, call.read([&](store::Snapshot& snapshot) -> Result<std::vector<std::string>> {
        WY_TRY(auto visible, call.services.policies->visible_collections(snapshot, call.principal));
        if (!collection_ids.empty()) {
          std::erase_if(visible, [&](const std::string& id) {
            return std::ranges::find(collection_ids, id) == collection_ids.end();
          });
        }
        return auth::limited_collections(snapshot, visible);
      }));
  if (limited.empty()) return Done{};
  const Status counted = call.write([&](store::Transaction& tx) -> Status {
    for (const std::string& id : limited) {
      WY_RETURN_IF_ERROR(auth::count_question(tx, id, call.now));
    }
    return Done{};
  });
  if (!counted && counted.error().code == ErrorCode::rate_limited) {
    call.retry_after = std::chrono::seconds(auth::until_tomorrow(call.now) / 1000 + 1);
  }
  WY_RETURN_IF_ERROR(counted);
  call.pay_with(std::move(limited));
  return Done{};
}

}  // namespace wenyuan::api
