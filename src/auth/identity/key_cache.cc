#include "auth/identity/key_cache.h"

#include <algorithm>

#include "base/log.h"

namespace wenyuan::auth {
namespace {

bool holds(const KeySet& set, std::string_view key_id) {
  return key_id.empty() || std::ranges::any_of(set.keys, [&](const VerificationKey& key) {
           return key.id() == key_id;
         });
}

}  // namespace

Result<std::shared_ptr<const KeySet>> KeyCache::fetch(const std::string& address) const {
  if (!policy_.permits(address)) {
    return Error{ErrorCode::forbidden, "the provider's keys lie where we may not go"};
  }
  OutgoingRequest request;
  request.url = address;
  request.headers = {{"Accept", "application/jwk-set+json, application/json"}};
  WY_TRY(const OutgoingReply reply, http_.send(request));
  if (reply.status != 200) {
    return Error{ErrorCode::unavailable,
                 "the provider's keys: HTTP status " + std::to_string(reply.status)};
  }
  WY_TRY(KeySet set, parse_jwks(reply.body));
  // A key that both sides know must not come from an address that everybody can read.
  std::erase_if(set.keys, [](const VerificationKey& key) {
    return key.type() == VerificationKey::Type::symmetric;
  });
  return std::shared_ptr<const KeySet>(std::make_shared<KeySet>(std::move(set)));
}

Result<std::shared_ptr<const KeySet>> KeyCache::keys(const std::string& address,
                                                     std::string_view key_id, UnixMillis now) {
  // One fetches, the others wait for it.
  const std::lock_guard lock(mutex_);
  if (address != address_) {
    address_ = address;
    keys_ = nullptr;
    tried_ = false;
  }
  const bool fresh = keys_ && now - fetched_at_ < options_.fresh_ms;
  const bool may_fetch = !tried_ || now - tried_at_ >= options_.refetch_ms;
  if ((!fresh || !holds(*keys_, key_id)) && may_fetch) {
    tried_ = true;
    tried_at_ = now;
    auto fetched = fetch(address);
    if (fetched) {
      keys_ = *std::move(fetched);
      fetched_at_ = now;
    } else {
      log::warn("auth.keys_not_fetched", {{"why", fetched.error().message}});
    }
  }
  if (keys_ && now - fetched_at_ < options_.stale_ms) return keys_;
  return Error{ErrorCode::unavailable, "the sign-in provider's keys cannot be fetched"};
}

}  // namespace wenyuan::auth
