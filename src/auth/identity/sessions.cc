#include "auth/identity/sessions.h"

#include <algorithm>

#include "auth/identity/token_text.h"
#include "auth/user_rows.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::string_view kAccessKind = "access token";
constexpr std::string_view kRefreshKind = "refresh token";
constexpr std::string_view kBrowserKind = "browser token";
constexpr UnixMillis kUseMs = UnixMillis{60} * 60 * 1000;
constexpr std::size_t kClientSizeMax = 200;

Error refused() { return {ErrorCode::unauthenticated, "the token is not valid"}; }
Error absent_session() { return {ErrorCode::not_found, "there is no such session"}; }

// The columns of every query here: id, user_id, method, second_factor, address, client, created_at,
// refreshed_at, min(idle_expires_at, expires_at).
Session read_session(const store::Statement& statement) {
  Session session;
  session.id = statement.text(0);
  session.user_id = statement.text(1);
  session.method = statement.text(2);
  session.second_factor = statement.integer(3) != 0;
  session.address = statement.text(4);
  session.client = statement.text(5);
  session.created_at = statement.integer(6);
  session.refreshed_at = statement.integer(7);
  session.expires_at = statement.integer(8);
  return session;
}

// A header of theirs, cut to what a list can show.
std::string shown_client(std::string_view text) {
  std::string shown = to_valid_utf8(text.substr(0, kClientSizeMax));
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return shown;
}

Status add_token(store::Transaction& tx, const KeyMac& mac, const std::string& session_id,
                 std::string_view kind, UnixMillis expires_at) {
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO session_tokens (mac, session_id, kind, exchanged, expires_at) "
                    "VALUES (?, ?, ?, 0, ?)"));
  return insert.bind_blob(1, mac).bind(2, session_id).bind(3, kind).bind(4, expires_at).run();
}

// Whatever has ended by itself, of anybody: a few at a time, so that no sign-in waits for many.
Status remove_ended(store::Transaction& tx, UnixMillis now) {
  WY_TRY(auto remove,
         tx.prepare("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions "
                    "WHERE idle_expires_at <= ?1 OR expires_at <= ?1 ORDER BY idle_expires_at "
                    "LIMIT 20)"));
  return remove.bind(1, now).run();
}

}  // namespace

Result<SessionTokens> Sessions::begin(store::Transaction& tx, const SessionStart& start,
                                      UnixMillis now) const {
  WY_RETURN_IF_ERROR(remove_ended(tx, now));
  // Room for one more.
  WY_TRY(auto crowd, tx.prepare("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions "
                                "WHERE user_id = ?1 ORDER BY created_at DESC, id LIMIT -1 "
                                "OFFSET ?2) RETURNING id"));
  WY_TRY(const bool crowded,
         crowd.bind(1, start.user_id).bind(2, options_.per_user_max - 1).step());
  crowd.reset();
  if (crowded) WY_RETURN_IF_ERROR(tx.raise_epoch());
  Session session;
  session.id = new_id("ses");
  session.user_id = start.user_id;
  session.method = start.method;
  session.second_factor = start.second_factor;
  session.address = start.address;
  session.client = shown_client(start.client);
  session.created_at = session.refreshed_at = now;
  session.expires_at = now + std::min(options_.idle_ms, options_.lifetime_ms);
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO sessions (id, user_id, method, second_factor, address, client, "
                    "created_at, refreshed_at, idle_expires_at, expires_at, provider_session) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.bind(1, session.id).bind(2, session.user_id).bind(3, session.method);
  insert.bind(4, session.second_factor).bind(5, session.address).bind(6, session.client);
  insert.bind(7, now).bind(8, now).bind(9, now + options_.idle_ms);
  insert.bind(10, now + options_.lifetime_ms).bind(11, start.provider_session);
  WY_RETURN_IF_ERROR(insert.run());
  return start.in_browser ? add_browser_token(tx, std::move(session))
                          : add_tokens(tx, std::move(session), now);
}

// Ends with its session, which is looked at with each use.
Result<SessionTokens> Sessions::add_browser_token(store::Transaction& tx, Session session) const {
  SessionTokens tokens;
  tokens.access_token = new_token(kBrowserHead);
  tokens.access_expires_at = session.created_at + options_.lifetime_ms;
  WY_TRY(const KeyMac mac, token_mac(secret_, kBrowserKind, tokens.access_token));
  WY_RETURN_IF_ERROR(add_token(tx, mac, session.id, "access", tokens.access_expires_at));
  tokens.session = std::move(session);
  return tokens;
}

Result<SessionTokens> Sessions::add_tokens(store::Transaction& tx, Session session,
                                           UnixMillis now) const {
  SessionTokens tokens;
  tokens.access_token = new_token(kAccessHead);
  tokens.refresh_token = new_token(kRefreshHead);
  tokens.access_expires_at = std::min(now + options_.access_ms, session.expires_at);
  WY_TRY(const KeyMac access, token_mac(secret_, kAccessKind, tokens.access_token));
  WY_TRY(const KeyMac refresh, token_mac(secret_, kRefreshKind, tokens.refresh_token));
  WY_RETURN_IF_ERROR(add_token(tx, access, session.id, "access", tokens.access_expires_at));
  WY_RETURN_IF_ERROR(add_token(tx, refresh, session.id, "refresh", session.expires_at));
  tokens.session = std::move(session);
  return tokens;
}

Result<Principal> Sessions::authenticate(store::Snapshot& snapshot, std::string_view access_token,
                                         UnixMillis now) const {
  return authenticate_as(snapshot, kAccessKind, access_token, now);
}

Result<Principal> Sessions::authenticate_browser(store::Snapshot& snapshot, std::string_view token,
                                                 UnixMillis now) const {
  return authenticate_as(snapshot, kBrowserKind, token, now);
}

Result<Principal> Sessions::authenticate_as(store::Snapshot& snapshot, std::string_view kind,
                                            std::string_view token, UnixMillis now) const {
  WY_TRY(const KeyMac mac, token_mac(secret_, kind, token));
  WY_TRY(auto statement,
         snapshot.prepare("SELECT s.id, s.user_id, min(t.expires_at, s.idle_expires_at, "
                          "s.expires_at), s.second_factor FROM session_tokens t JOIN sessions s "
                          "ON s.id = t.session_id WHERE t.mac = ? AND t.kind = 'access'"));
  WY_TRY(const bool found, statement.bind_blob(1, mac).step());
  const std::string id = found ? statement.text(0) : std::string(kSessionIdHead);
  const std::string user_id = found ? statement.text(1) : std::string();
  const bool in_time = found && now < statement.integer(2);
  const bool second_factor = found && statement.integer(3) != 0;
  WY_TRY(auto principal, current_principal(snapshot, user_id, id));
  if (!found || !in_time || !principal) return refused();
  principal->second_factor = second_factor;
  return *std::move(principal);
}

Result<Exchanged> Sessions::exchange(store::Transaction& tx, std::string_view refresh_token,
                                     UnixMillis now) const {
  WY_TRY(const KeyMac mac, token_mac(secret_, kRefreshKind, refresh_token));
  WY_TRY(auto statement, tx.prepare("SELECT session_id, exchanged FROM session_tokens "
                                    "WHERE mac = ? AND kind = 'refresh'"));
  WY_TRY(const bool found, statement.bind_blob(1, mac).step());
  Exchanged result;
  if (!found) return result;
  const bool exchanged = statement.integer(1) != 0;
  result.session_id = statement.text(0);
  statement.reset();
  auto known = session(tx, result.session_id, now);
  if (!known) {
    if (known.error().code != ErrorCode::not_found) return known.error();
    return result;
  }
  result.user_id = known->user_id;
  if (exchanged) {
    // Two hold tokens of this session, and one of them has no business to.
    WY_RETURN_IF_ERROR(end(tx, result.session_id));
    result.outcome = Exchanged::Outcome::reused;
    return result;
  }
  WY_TRY(const auto principal, current_principal(tx, known->user_id, known->id));
  if (!principal) return result;
  WY_TRY(auto retire, tx.prepare("UPDATE session_tokens SET exchanged = 1 WHERE mac = ?"));
  WY_RETURN_IF_ERROR(retire.bind_blob(1, mac).run());
  WY_TRY(auto expired, tx.prepare("DELETE FROM session_tokens WHERE session_id = ? AND "
                                  "kind = 'access' AND expires_at <= ?"));
  WY_RETURN_IF_ERROR(expired.bind(1, known->id).bind(2, now).run());
  WY_TRY(auto update, tx.prepare("UPDATE sessions SET refreshed_at = ?1, idle_expires_at = ?2 "
                                 "WHERE id = ?3 RETURNING min(idle_expires_at, expires_at)"));
  WY_RETURN_IF_ERROR(update.bind(1, now).bind(2, now + options_.idle_ms).bind(3, known->id).step());
  known->refreshed_at = now;
  known->expires_at = update.integer(0);
  update.reset();
  WY_TRY(result.tokens, add_tokens(tx, *std::move(known), now));
  result.outcome = Exchanged::Outcome::renewed;
  return result;
}

Result<bool> Sessions::use_is_due(store::Snapshot& snapshot, const std::string& id,
                                  UnixMillis now) const {
  WY_TRY(auto statement, snapshot.prepare("SELECT refreshed_at FROM sessions WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  return found && now - statement.integer(0) >= kUseMs;
}

Status Sessions::note_use(store::Transaction& tx, const std::string& id, UnixMillis now) const {
  WY_TRY(auto update,
         tx.prepare("UPDATE sessions SET refreshed_at = ?, idle_expires_at = ? WHERE id = ?"));
  return update.bind(1, now).bind(2, now + options_.idle_ms).bind(3, id).run();
}

Status Sessions::raise_to_second_factor(store::Transaction& tx, const std::string& id) const {
  WY_TRY(auto update, tx.prepare("UPDATE sessions SET second_factor = 1 WHERE id = ?"));
  WY_RETURN_IF_ERROR(update.bind(1, id).run());
  return tx.raise_epoch();
}

Result<Session> Sessions::session(store::Snapshot& snapshot, const std::string& id,
                                  UnixMillis now) const {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, user_id, method, second_factor, address, client, "
                          "created_at, refreshed_at, min(idle_expires_at, expires_at) "
                          "FROM sessions WHERE id = ?"));
  WY_TRY(const bool found, statement.bind(1, id).step());
  if (!found || statement.integer(8) <= now) return absent_session();
  return read_session(statement);
}

Result<std::vector<Session>> Sessions::sessions(store::Snapshot& snapshot,
                                                const std::string& user_id, UnixMillis now) const {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, user_id, method, second_factor, address, client, "
                          "created_at, refreshed_at, min(idle_expires_at, expires_at) "
                          "FROM sessions WHERE user_id = ? AND "
                          "min(idle_expires_at, expires_at) > ? ORDER BY created_at, id"));
  statement.bind(1, user_id).bind(2, now);
  std::vector<Session> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back(read_session(statement));
  }
}

Status Sessions::end(store::Transaction& tx, const std::string& id) const {
  WY_TRY(auto remove, tx.prepare("DELETE FROM sessions WHERE id = ? RETURNING id"));
  WY_TRY(const bool found, remove.bind(1, id).step());
  if (!found) return absent_session();
  return tx.raise_epoch();
}

Result<std::int64_t> Sessions::end_all(store::Transaction& tx, const std::string& user_id,
                                       const std::string& kept_id) const {
  WY_TRY(auto remove,
         tx.prepare("DELETE FROM sessions WHERE user_id = ? AND id <> ? RETURNING id"));
  remove.bind(1, user_id).bind(2, kept_id);
  std::int64_t count = 0;
  for (;; ++count) {
    WY_TRY(const bool more, remove.step());
    if (!more) break;
  }
  if (count > 0) WY_RETURN_IF_ERROR(tx.raise_epoch());
  return count;
}

Result<std::vector<std::string>> Sessions::end_of_provider(
    store::Transaction& tx, const std::string& provider, const std::string& user_id,
    const std::string& provider_session) const {
  WY_TRY(auto remove,
         tx.prepare("DELETE FROM sessions WHERE method = ?1 AND (?2 = '' OR user_id = ?2) AND "
                    "(?3 = '' OR provider_session = ?3 OR (?2 <> '' AND provider_session = '')) "
                    "RETURNING id"));
  remove.bind(1, provider).bind(2, user_id).bind(3, provider_session);
  std::vector<std::string> ended;
  for (;;) {
    WY_TRY(const bool more, remove.step());
    if (!more) break;
    ended.push_back(remove.text(0));
  }
  if (!ended.empty()) WY_RETURN_IF_ERROR(tx.raise_epoch());
  return ended;
}

}  // namespace wenyuan::auth
