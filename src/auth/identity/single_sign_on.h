// Sign-in at a provider, from the first redirect to the session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth/identity/external_users.h"
#include "auth/identity/gateway.h"
#include "auth/identity/provider.h"
#include "auth/identity/sign_in.h"

namespace wenyuan::auth {

struct StartedSignIn {
  std::string address;  // where to send the browser
  std::string browser;  // kept there as a cookie, and shown when it comes back
};

struct FinishedSignIn {
  std::string code;  // shown once by the page of the same browser, for the tokens
  JoinedUser user;
  std::string provider;
  bool linked = false;  // to a user who was signed in already; then there is no code
};

// Thread-safe.
class SingleSignOn {
 public:
  // What is wrong with a provider is found here, except what only the provider can tell.
  static Result<std::unique_ptr<SingleSignOn>> open(const std::vector<ProviderConfig>& providers,
                                                    const std::vector<GatewayConfig>& gateways,
                                                    HttpExchange& http, store::Database& database,
                                                    const Identities& identities,
                                                    const SignIn& sign_in);

  std::vector<Provider*> providers() const;
  // Null when there is none.
  Provider* provider(std::string_view id) const;

  // not_found for an unknown provider. `browser` is what the cookie holds already, if anything: two
  // tabs may sign in at once.
  // `link_session`: of a user who is to be linked to whomever the provider vouches for; the
  // provider is asked to sign them in anew, and nobody else comes in by it.
  Result<StartedSignIn> start(const std::string& provider_id, const std::string& browser,
                              UnixMillis now, const std::string& link_session = "") const;

  using Record = std::function<Status(store::Transaction&, const FinishedSignIn&)>;
  // unauthenticated for an answer that was not asked for by this browser, or not believed. Each
  // state is good for one answer, right or wrong.
  Result<FinishedSignIn> finish(const std::string& provider_id, const std::string& browser,
                                const Callback& callback, UnixMillis now,
                                const Record& record) const;

  // The tokens for FinishedSignIn::code; unauthenticated a minute later, a second time, or from
  // another browser. `from` says where the session begins: address, client, in_browser.
  Result<SessionTokens> exchange(const std::string& code, const std::string& browser,
                                 const SessionStart& from, UnixMillis now,
                                 const SignIn::Record& record) const;

  using RecordSignOut = std::function<Status(store::Transaction&, const std::string& user_id,
                                             const std::vector<std::string>& sessions)>;
  // A provider's logout token: ends the sessions that began with that sign-in, or all of that
  // person's that began there. not_found for an unknown provider, unauthenticated for a token that
  // is not believed or comes again. `user_id` may be empty.
  Status sign_out(const std::string& provider_id, const std::string& logout_token, UnixMillis now,
                  const RecordSignOut& record) const;

  // Who a gateway's token names, made a user when its configuration says so. unauthenticated when
  // no gateway is configured.
  Result<std::string> user_of_token(std::string_view token, UnixMillis now) const;
  bool has_gateways() const { return !gateways_.empty(); }

 private:
  SingleSignOn(store::Database& database, const Identities& identities, const SignIn& sign_in)
      : database_(database), identities_(identities), sign_in_(sign_in) {}
  struct Pending {
    SignInSecrets secrets;
    std::string link_session;  // empty: a sign-in
  };
  Result<Pending> take_pending(const std::string& provider_id, const std::string& browser,
                               const std::string& state, UnixMillis now) const;
  Result<FinishedSignIn> link(const ExternalIdentity& identity, const ProviderConfig& config,
                              const std::string& session_id, UnixMillis now,
                              const Record& record) const;
  Result<FinishedSignIn> let_in(const ExternalIdentity& identity, const ProviderConfig& config,
                                const std::string& browser, UnixMillis now,
                                const Record& record) const;
  Status end_sessions(store::Transaction& tx, const std::string& provider,
                      const LogoutNotice& notice, const RecordSignOut& record) const;

  store::Database& database_;
  const Identities& identities_;
  const SignIn& sign_in_;
  std::vector<std::unique_ptr<Provider>> providers_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
};

}  // namespace wenyuan::auth
