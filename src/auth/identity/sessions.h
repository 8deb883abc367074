// Sessions: a short-lived access token, and a refresh token that is exchanged for the next pair.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/key_secret.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace wenyuan::auth {

struct Session {
  std::string id;
  std::string user_id;
  std::string method;          // "password", "oidc:corp", …
  bool second_factor = false;  // was shown when it began, or since
  std::string address;         // from where it began
  std::string client;          // the User-Agent of then
  UnixMillis created_at = 0;
  UnixMillis refreshed_at = 0;
  UnixMillis expires_at = 0;  // whatever comes first: not used for long, or too old
};

struct SessionStart {
  std::string user_id;
  std::string method = "password";
  bool second_factor = false;
  std::string address{};
  std::string client{};
  bool in_browser = false;         // kept in a cookie: one token as long as the session, no pair
  std::string provider_session{};  // "sid" of the provider that vouched; may be empty
};

struct SessionTokens {
  Session session;
  std::string access_token;  // both are shown once and kept nowhere
  UnixMillis access_expires_at = 0;
  std::string refresh_token;  // empty in a browser
};

// What exchanging a refresh token came to. The transaction is to be committed in every case: a
// reused token has ended its session.
struct Exchanged {
  enum class Outcome { renewed, wrong, reused } outcome = Outcome::wrong;
  std::string session_id;  // when the token was ever ours
  std::string user_id;
  std::optional<SessionTokens> tokens{};
};

// Thread-safe. Beginning and refreshing leave the epoch as it is, because nobody's rights change;
// ending raises it, so that requests on their way look again.
class Sessions {
 public:
  struct Options {
    UnixMillis access_ms = UnixMillis{15} * 60 * 1000;
    UnixMillis idle_ms = UnixMillis{7} * 24 * 60 * 60 * 1000;       // without a refresh
    UnixMillis lifetime_ms = UnixMillis{30} * 24 * 60 * 60 * 1000;  // however often it is used
    int per_user_max = 100;                                         // the oldest goes first
  };

  Sessions(const KeySecret& secret, const Options& options) : secret_(secret), options_(options) {}

  Result<SessionTokens> begin(store::Transaction& tx, const SessionStart& start,
                              UnixMillis now) const;
  // unauthenticated for a wrong or expired token, an ended session or a disabled user.
  Result<Principal> authenticate(store::Snapshot& snapshot, std::string_view access_token,
                                 UnixMillis now) const;
  // The same for the token of a browser. Neither is taken for the other: what stands in a cookie
  // is of no use in a header.
  Result<Principal> authenticate_browser(store::Snapshot& snapshot, std::string_view token,
                                         UnixMillis now) const;
  // Whether note_use() would write, which keeps a browser's session from ending while it is used:
  // at most once in an hour.
  Result<bool> use_is_due(store::Snapshot& snapshot, const std::string& id, UnixMillis now) const;
  Status note_use(store::Transaction& tx, const std::string& id, UnixMillis now) const;
  Result<Exchanged> exchange(store::Transaction& tx, std::string_view refresh_token,
                             UnixMillis now) const;
  // The session has shown a second factor now.
  Status raise_to_second_factor(store::Transaction& tx, const std::string& id) const;

  // not_found when there is none that lives.
  Result<Session> session(store::Snapshot& snapshot, const std::string& id, UnixMillis now) const;
  // Oldest first.
  Result<std::vector<Session>> sessions(store::Snapshot& snapshot, const std::string& user_id,
                                        UnixMillis now) const;
  Status end(store::Transaction& tx, const std::string& id) const;
  // All of this user's but `kept_id` (which may be empty); how many they were.
  Result<std::int64_t> end_all(store::Transaction& tx, const std::string& user_id,
                               const std::string& kept_id) const;
  // Those that `provider` vouched for ("oidc:corp"), of this user and of this session there; either
  // may be empty, and then is any. Of this user, also those whose session there is not known.
  // Gives their ids.
  Result<std::vector<std::string>> end_of_provider(store::Transaction& tx,
                                                   const std::string& provider,
                                                   const std::string& user_id,
                                                   const std::string& provider_session) const;

  const Options& options() const { return options_; }

 private:
  Result<SessionTokens> add_tokens(store::Transaction& tx, Session session, UnixMillis now) const;
  Result<SessionTokens> add_browser_token(store::Transaction& tx, Session session) const;
  Result<Principal> authenticate_as(store::Snapshot& snapshot, std::string_view kind,
                                    std::string_view token, UnixMillis now) const;

  const KeySecret& secret_;
  const Options options_;
};

inline constexpr std::string_view kSessionIdHead = "ses_";

}  // namespace wenyuan::auth
