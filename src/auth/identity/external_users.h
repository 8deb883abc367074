// Finds or makes the user that a provider vouches for.
#pragma once

#include <string>
#include <vector>

#include "auth/identities.h"
#include "auth/identity/external_identity.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

struct JoinRules {
  bool create_users = false;
  std::vector<std::string> email_domains;
};

struct JoinedUser {
  std::string user_id;
  bool created = false;
  bool changed = false;  // name, address, attributes or groups
};

// By the provider's name for the person alone: an equal user name or address never leads to a user
// who was here before, since whoever runs a provider could write any. forbidden for somebody who
// may not come in, or is disabled; the message is for the log.
Result<JoinedUser> join_user(store::Transaction& tx, const Identities& identities,
                             const ExternalIdentity& identity, const JoinRules& rules,
                             UnixMillis now);

// conflict when it is somebody already.
Status link_user(store::Transaction& tx, const std::string& user_id, const std::string& provider,
                 const std::string& subject, UnixMillis now);
Status unlink_user(store::Transaction& tx, const std::string& provider, const std::string& subject);
// By the user: with the sessions that this provider has vouched for, but for `kept_session`.
// not_found when it is not theirs; conflict when they could not sign in any more without it.
Status unlink_own(store::Transaction& tx, const User& user, const std::string& provider,
                  const std::string& subject, const std::string& kept_session);

struct ExternalLink {
  std::string provider, subject, user_id;
  UnixMillis created_at = 0, last_used_at = 0;
};
Result<std::vector<ExternalLink>> links_of(store::Snapshot& snapshot, const std::string& user_id);
// Empty when nobody of ours is it.
Result<std::string> linked_user(store::Snapshot& snapshot, const std::string& provider,
                                const std::string& subject);

}  // namespace wenyuan::auth
