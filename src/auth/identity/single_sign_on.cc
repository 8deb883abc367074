#include "auth/identity/single_sign_on.h"

#include "auth/identity/claim_mapping.h"
#include "auth/identity/secret_box.h"
#include "auth/identity/token_text.h"
#include "base/log.h"
#include "base/sha256.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr UnixMillis kPendingMs = UnixMillis{10} * 60 * 1000;
constexpr UnixMillis kCodeMs = UnixMillis{60} * 1000;
constexpr UnixMillis kLatelyMs = UnixMillis{60} * 1000;
constexpr int kPendingMax = 100'000;
constexpr std::string_view kPurpose = "pending sign-in";
constexpr std::string_view kStateKind = "sign-in state";
constexpr std::string_view kBrowserKind = "sign-in browser";
constexpr std::string_view kCodeKind = "sign-in code";
constexpr std::string_view kLogoutKind = "logout token";
// Somebody's clock may be behind, so that a token is taken for this long after its end.
constexpr UnixMillis kSkewMs = UnixMillis{5} * 60 * 1000;
constexpr std::size_t kSecretTextSize = 43;  // 32 bytes in base64url

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

Status forget_old(store::Transaction& tx, UnixMillis now) {
  WY_TRY(auto pending,
         tx.prepare("DELETE FROM pending_sign_ins WHERE state_mac IN (SELECT state_mac FROM "
                    "pending_sign_ins WHERE expires_at <= ? ORDER BY expires_at LIMIT 20)"));
  WY_RETURN_IF_ERROR(pending.bind(1, now).run());
  WY_TRY(auto many,
         tx.prepare("DELETE FROM pending_sign_ins WHERE state_mac IN (SELECT state_mac FROM "
                    "pending_sign_ins ORDER BY expires_at DESC LIMIT 20 OFFSET ?)"));
  WY_RETURN_IF_ERROR(many.bind(1, kPendingMax).run());
  WY_TRY(auto codes,
         tx.prepare("DELETE FROM sign_in_codes WHERE code_mac IN (SELECT code_mac FROM "
                    "sign_in_codes WHERE expires_at <= ? ORDER BY expires_at LIMIT 20)"));
  return codes.bind(1, now).run();
}

bool is_browser_secret(const std::string& text) {
  return text.size() == kSecretTextSize &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
             std::string::npos;
}

// Who it is, when name, attributes and groups were looked at not long ago; else empty.
Result<std::string> seen_lately(store::Snapshot& snapshot, const ExternalIdentity& identity,
                                UnixMillis now) {
  WY_TRY(auto statement, snapshot.prepare("SELECT user_id FROM external_identities WHERE "
                                          "provider = ? AND subject = ? AND last_used_at > ?"));
  statement.bind(1, identity.provider).bind(2, identity.subject).bind(3, now - kLatelyMs);
  WY_TRY(const bool found, statement.step());
  return found ? statement.text(0) : std::string();
}

// unauthenticated when it came before.
Status take_once(store::Transaction& tx, const KeySecret& key, const std::string& provider,
                 const LogoutNotice& notice, UnixMillis now) {
  WY_TRY(auto old, tx.prepare("DELETE FROM logout_tokens WHERE mac IN (SELECT mac FROM "
                              "logout_tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT 20)"));
  WY_RETURN_IF_ERROR(old.bind(1, now).run());
  WY_TRY(const KeyMac mac, token_mac(key, kLogoutKind, sha256_hex(provider + " " + notice.id)));
  WY_TRY(auto insert, tx.prepare("INSERT INTO logout_tokens (mac, expires_at) VALUES (?, ?) "
                                 "ON CONFLICT DO NOTHING RETURNING expires_at"));
  insert.bind_blob(1, mac).bind(2, notice.expires_at + kSkewMs);
  WY_TRY(const bool fresh, insert.step());
  if (!fresh) return refused("the logout token came before");
  return Done{};
}

bool same_blob(const store::Statement& statement, int at, const KeyMac& mac) {
  return same_bytes(statement.blob(at), mac);
}

}  // namespace

Result<std::unique_ptr<SingleSignOn>> SingleSignOn::open(
    const std::vector<ProviderConfig>& providers, const std::vector<GatewayConfig>& gateways,
    HttpExchange& http, store::Database& database, const Identities& identities,
    const SignIn& sign_in) {
  std::unique_ptr<SingleSignOn> opened(
      new SingleSignOn(database, identities, sign_in));  // NOLINT: private constructor
  for (const ProviderConfig& config : providers) {
    if (opened->provider(config.id) != nullptr) {
      return Error{ErrorCode::invalid_argument, "two sign-in providers are called " + config.id};
    }
    WY_TRY(std::unique_ptr<Provider> made, open_provider(config, http));
    opened->providers_.push_back(std::move(made));
  }
  for (const GatewayConfig& config : gateways) {
    for (const auto& other : opened->gateways_) {
      if (other->config().id != config.id && other->config().issuer != config.issuer) continue;
      return Error{ErrorCode::invalid_argument, "two gateways have one id or one issuer"};
    }
    WY_TRY(std::unique_ptr<Gateway> made, Gateway::open(config, http));
    opened->gateways_.push_back(std::move(made));
  }
  return opened;
}

std::vector<Provider*> SingleSignOn::providers() const {
  std::vector<Provider*> all;
  for (const auto& one : providers_) all.push_back(one.get());
  return all;
}

Provider* SingleSignOn::provider(std::string_view id) const {
  for (const auto& one : providers_) {
    if (one->config().id == id) return one.get();
  }
  return nullptr;
}

Result<StartedSignIn> SingleSignOn::start(const std::string& provider_id,
                                          const std::string& browser, UnixMillis now,
                                          const std::string& link_session) const {
  Provider* const known = provider(provider_id);
  if (known == nullptr) return Error{ErrorCode::not_found, "there is no such sign-in provider"};
  SignInSecrets secrets;
  secrets.state = new_token("");
  secrets.nonce = new_token("");
  secrets.verifier = new_token("");
  StartedSignIn started;
  started.browser = is_browser_secret(browser) ? browser : new_token("");
  WY_TRY(started.address, known->authorization_address(secrets, now));
  const bool is_oidc = known->config().kind == ProviderKind::oidc;
  if (is_oidc && !link_session.empty()) started.address += "&prompt=login";
  const KeySecret& key = sign_in_.secret();
  WY_TRY(const KeyMac state_mac, token_mac(key, kStateKind, secrets.state));
  WY_TRY(const KeyMac browser_mac, token_mac(key, kBrowserKind, started.browser));
  WY_TRY(const auto sealed, seal_secret(key, kPurpose, provider_id + " " + secrets.state,
                                        secrets.nonce + secrets.verifier));
  const Status kept = database_.write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(forget_old(tx, now));
    WY_TRY(auto insert, tx.prepare("INSERT INTO pending_sign_ins (state_mac, provider, "
                                   "browser_mac, sealed, expires_at, link_session) "
                                   "VALUES (?, ?, ?, ?, ?, ?)"));
    insert.bind_blob(1, state_mac).bind(2, provider_id).bind_blob(3, browser_mac);
    return insert.bind_blob(4, sealed).bind(5, now + kPendingMs).bind(6, link_session).run();
  });
  if (!kept) return kept.error();
  return started;
}

Result<SingleSignOn::Pending> SingleSignOn::take_pending(const std::string& provider_id,
                                                         const std::string& browser,
                                                         const std::string& state,
                                                         UnixMillis now) const {
  const KeySecret& key = sign_in_.secret();
  WY_TRY(const KeyMac state_mac, token_mac(key, kStateKind, state));
  WY_TRY(const KeyMac browser_mac, token_mac(key, kBrowserKind, browser));
  bool right = false;
  std::vector<std::uint8_t> sealed;
  Pending pending;
  const Status taken = database_.write([&](store::Transaction& tx) -> Status {
    WY_TRY(auto remove, tx.prepare("DELETE FROM pending_sign_ins WHERE state_mac = ? RETURNING "
                                   "provider, browser_mac, sealed, expires_at, link_session"));
    WY_TRY(const bool found, remove.bind_blob(1, state_mac).step());
    if (!found) return Done{};
    const auto blob = remove.blob(2);
    sealed.assign(blob.begin(), blob.end());
    right = remove.text(0) == provider_id && same_blob(remove, 1, browser_mac) &&
            remove.integer(3) > now;
    pending.link_session = remove.text(4);
    return Done{};
  });
  if (!taken) return taken.error();
  if (!right) return refused("this browser did not ask for that answer");
  WY_TRY(const std::string opened, open_secret(key, kPurpose, provider_id + " " + state, sealed));
  pending.secrets.state = state;
  pending.secrets.nonce = opened.substr(0, kSecretTextSize);
  pending.secrets.verifier = opened.substr(kSecretTextSize);
  return pending;
}

Result<FinishedSignIn> SingleSignOn::finish(const std::string& provider_id,
                                            const std::string& browser, const Callback& callback,
                                            UnixMillis now, const Record& record) const {
  Provider* const known = provider(provider_id);
  if (known == nullptr) return Error{ErrorCode::not_found, "there is no such sign-in provider"};
  WY_TRY(const Pending pending, take_pending(provider_id, browser, callback.state, now));
  if (!callback.error.empty()) return refused("the provider refused");
  WY_TRY(const ExternalIdentity identity, known->finish(callback, pending.secrets, now));
  if (!pending.link_session.empty()) {
    return link(identity, known->config(), pending.link_session, now, record);
  }
  return let_in(identity, known->config(), browser, now, record);
}

Result<FinishedSignIn> SingleSignOn::let_in(const ExternalIdentity& identity,
                                            const ProviderConfig& config,
                                            const std::string& browser, UnixMillis now,
                                            const Record& record) const {
  FinishedSignIn finished;
  finished.code = new_token("");
  finished.provider = identity.provider;
  const KeySecret& key = sign_in_.secret();
  WY_TRY(const KeyMac code_mac, token_mac(key, kCodeKind, finished.code));
  WY_TRY(const KeyMac browser_mac, token_mac(key, kBrowserKind, browser));
  const JoinRules rules{config.create_users, config.email_domains};
  return database_.write([&](store::Transaction& tx) -> Result<FinishedSignIn> {
    WY_TRY(finished.user, join_user(tx, identities_, identity, rules, now));
    WY_TRY(auto insert,
           tx.prepare("INSERT INTO sign_in_codes (code_mac, browser_mac, user_id, method, "
                      "second_factor, expires_at, provider_session) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)"));
    insert.bind_blob(1, code_mac).bind_blob(2, browser_mac).bind(3, finished.user.user_id);
    insert.bind(4, identity.provider).bind(5, identity.second_factor).bind(6, now + kCodeMs);
    WY_RETURN_IF_ERROR(insert.bind(7, identity.session).run());
    WY_RETURN_IF_ERROR(record(tx, finished));
    return finished;
  });
}

// The session that asked for it must live still: whoever has ended it in the meantime, because it
// was stolen, wants no link from it.
Result<FinishedSignIn> SingleSignOn::link(const ExternalIdentity& identity,
                                          const ProviderConfig& config,
                                          const std::string& session_id, UnixMillis now,
                                          const Record& record) const {
  if (!is_of_domains(identity, config.email_domains)) {
    return refused("their address is not a verified one of the domains that may come in");
  }
  FinishedSignIn finished;
  finished.provider = identity.provider;
  finished.linked = true;
  return database_.write([&](store::Transaction& tx) -> Result<FinishedSignIn> {
    const auto session = sign_in_.sessions().session(tx, session_id, now);
    if (!session && session.error().code != ErrorCode::not_found) return session.error();
    if (!session) return refused("the session that asked for the link is over");
    finished.user.user_id = session->user_id;
    WY_TRY(const User user, identities_.user(tx, session->user_id));
    if (user.disabled) return refused("this user is disabled");
    WY_RETURN_IF_ERROR(link_user(tx, user.id, identity.provider, identity.subject, now));
    WY_RETURN_IF_ERROR(record(tx, finished));
    return finished;
  });
}

Result<SessionTokens> SingleSignOn::exchange(const std::string& code, const std::string& browser,
                                             const SessionStart& from, UnixMillis now,
                                             const SignIn::Record& record) const {
  const KeySecret& key = sign_in_.secret();
  WY_TRY(const KeyMac code_mac, token_mac(key, kCodeKind, code));
  WY_TRY(const KeyMac browser_mac, token_mac(key, kBrowserKind, browser));
  using Tokens = std::optional<SessionTokens>;
  WY_TRY(Tokens tokens, database_.write([&](store::Transaction& tx) -> Result<Tokens> {
    WY_TRY(auto remove, tx.prepare("DELETE FROM sign_in_codes WHERE code_mac = ? RETURNING "
                                   "browser_mac, user_id, method, second_factor, expires_at, "
                                   "provider_session"));
    WY_TRY(const bool found, remove.bind_blob(1, code_mac).step());
    if (!found || !same_blob(remove, 0, browser_mac) || remove.integer(4) <= now) return Tokens();
    SessionStart start = from;
    start.user_id = remove.text(1);
    start.method = remove.text(2);
    start.second_factor = remove.integer(3) != 0;
    start.provider_session = remove.text(5);
    WY_TRY(const User user, identities_.user(tx, start.user_id));
    if (user.disabled) return Tokens();
    WY_TRY(SessionTokens made, sign_in_.sessions().begin(tx, start, now));
    WY_RETURN_IF_ERROR(record(tx, made));
    return Tokens(std::move(made));
  }));
  if (!tokens) return refused("the code is not valid; sign in again");
  return *std::move(tokens);
}

Status SingleSignOn::sign_out(const std::string& provider_id, const std::string& logout_token,
                              UnixMillis now, const RecordSignOut& record) const {
  Provider* const known = provider(provider_id);
  if (known == nullptr) return Error{ErrorCode::not_found, "there is no such sign-in provider"};
  WY_TRY(const LogoutNotice notice, known->read_logout(logout_token, now));
  const std::string provider = provider_name(known->config());
  return database_.write([&](store::Transaction& tx) -> Status {
    WY_RETURN_IF_ERROR(take_once(tx, sign_in_.secret(), provider, notice, now));
    return end_sessions(tx, provider, notice, record);
  });
}

Status SingleSignOn::end_sessions(store::Transaction& tx, const std::string& provider,
                                  const LogoutNotice& notice, const RecordSignOut& record) const {
  std::string user_id;
  if (!notice.subject.empty()) {
    WY_TRY(auto who, tx.prepare("SELECT user_id FROM external_identities WHERE provider = ? AND "
                                "subject = ?"));
    WY_TRY(const bool found, who.bind(1, provider).bind(2, notice.subject).step());
    // Somebody who never came here is signed out already.
    if (!found) return record(tx, "", {});
    user_id = who.text(0);
  }
  WY_TRY(const std::vector<std::string> ended,
         sign_in_.sessions().end_of_provider(tx, provider, user_id, notice.session));
  // And whoever is just coming back from there.
  WY_TRY(auto codes, tx.prepare("DELETE FROM sign_in_codes WHERE method = ?1 AND (?2 = '' OR "
                                "user_id = ?2) AND (?3 = '' OR provider_session = ?3 OR "
                                "(?2 <> '' AND provider_session = ''))"));
  codes.bind(1, provider).bind(2, user_id).bind(3, notice.session);
  WY_RETURN_IF_ERROR(codes.run());
  return record(tx, user_id, ended);
}

Result<std::string> SingleSignOn::user_of_token(std::string_view token, UnixMillis now) const {
  const auto hint = peek_jws(token);
  for (const auto& gateway : gateways_) {
    if (!hint || hint->issuer != gateway->config().issuer) continue;
    WY_TRY(const ExternalIdentity identity, gateway->verify(token, now));
    const JoinRules rules{gateway->config().create_users, gateway->config().email_domains};
    if (!is_of_domains(identity, rules.email_domains)) return refused("the token is refused");
    // Most requests are by somebody known, and reading is cheaper than writing.
    WY_TRY(const std::string known, database_.read([&](store::Snapshot& snapshot) {
      return seen_lately(snapshot, identity, now);
    }));
    if (!known.empty()) return known;
    auto joined = database_.write(
        [&](store::Transaction& tx) { return join_user(tx, identities_, identity, rules, now); });
    if (joined) return joined->user_id;
    if (joined.error().code != ErrorCode::forbidden) return joined.error();
    log::info("auth.gateway_refused", {{"why", joined.error().message}});
    return refused("the token is refused");
  }
  return refused("the token is refused");
}

}  // namespace wenyuan::auth
