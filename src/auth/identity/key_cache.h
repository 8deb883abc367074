// The keys of a provider: fetched when needed, kept for a while, looked for anew when they rotate.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "auth/identity/http_exchange.h"
#include "auth/identity/jwk.h"
#include "base/clock.h"

namespace wenyuan::auth {

// Thread-safe.
class KeyCache {
 public:
  struct Options {
    UnixMillis fresh_ms = UnixMillis{60} * 60 * 1000;
    // While the provider does not answer, its keys of before serve this long.
    UnixMillis stale_ms = UnixMillis{24} * 60 * 60 * 1000;
    // Nobody can make us fetch more often by sending unknown key ids.
    UnixMillis refetch_ms = UnixMillis{60} * 1000;
  };
  KeyCache(HttpExchange& http, const EgressPolicy& policy, const Options& options)
      : http_(http), policy_(policy), options_(options) {}

  // The keys at `address`, fetched again when they are old or do not hold `key_id` (which may be
  // empty). unavailable when there are none to be had.
  Result<std::shared_ptr<const KeySet>> keys(const std::string& address, std::string_view key_id,
                                             UnixMillis now);

 private:
  Result<std::shared_ptr<const KeySet>> fetch(const std::string& address) const;

  HttpExchange& http_;
  const EgressPolicy& policy_;
  const Options options_;
  std::mutex mutex_;
  std::string address_;                 // all below: guarded by mutex_
  std::shared_ptr<const KeySet> keys_;  // null before the first fetch
  UnixMillis fetched_at_ = 0;
  bool tried_ = false;
  UnixMillis tried_at_ = 0;
};

}  // namespace wenyuan::auth
