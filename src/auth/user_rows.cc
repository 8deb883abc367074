#include "auth/user_rows.h"

#include <algorithm>

#include "auth/credential_kind.h"
#include "auth/groups.h"
#include "auth/roles.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kNameSizeMax = 64;  // code points

// Controls, and marks that change how a name looks without being seen.
bool is_invisible(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

Result<std::vector<std::string>> texts(store::Snapshot& snapshot, std::string_view sql,
                                       std::string_view id) {
  WY_TRY(auto statement, snapshot.prepare(sql));
  statement.bind(1, id);
  std::vector<std::string> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back(statement.text(0));
  }
}

Result<std::vector<std::string>> roles_of(store::Snapshot& snapshot, std::string_view user_id) {
  return texts(snapshot, "SELECT role FROM user_roles WHERE user_id = ? ORDER BY role", user_id);
}

// The columns of every query here: id, username, display_name, email, attributes, disabled,
// password, created_at, updated_at.
Result<UserRow> read_row(store::Snapshot& snapshot, const store::Statement& statement) {
  UserRow row;
  User& user = row.user;
  user.id = statement.text(0);
  user.username = statement.text(1);
  user.display_name = statement.text(2);
  user.email = statement.text(3);
  WY_TRY(user.attributes, decode_attributes(statement.text(4)));
  user.disabled = statement.integer(5) != 0;
  if (!statement.is_null(6)) row.password = HashedPassword{statement.text(6)};
  user.has_password = row.password.has_value();
  user.created_at = statement.integer(7);
  user.updated_at = statement.integer(8);
  WY_TRY(user.roles, roles_of(snapshot, user.id));
  return row;
}

Result<std::optional<UserRow>> one_row(store::Snapshot& snapshot, std::string_view sql,
                                       std::string_view key) {
  WY_TRY(auto statement, snapshot.prepare(sql));
  WY_TRY(const bool found, statement.bind(1, key).step());
  if (!found) return std::optional<UserRow>();
  WY_TRY(UserRow row, read_row(snapshot, statement));
  return std::optional(std::move(row));
}

using Scopes = std::vector<std::string>;

// Everything but administration.
Scopes plain_scopes() {
  Scopes scopes;
  for (const std::string_view scope : kScopes) {
    if (scope != "*" && scope != "admin") scopes.emplace_back(scope);
  }
  return scopes;
}

// Roles of an organization's own count like the administrator's.
bool is_strict(const Scopes& strict_roles, const std::string& role) {
  return std::ranges::any_of(strict_roles, [&](const std::string& strict) {
    return strict == role || (strict == kAdminRole && !is_built_in(role));
  });
}

// A session has every scope, except that some roles may administer only with a second factor.
Result<std::optional<Scopes>> session_scopes(store::Snapshot& snapshot, Principal& principal,
                                             std::string_view id) {
  WY_TRY(auto session, snapshot.prepare("SELECT second_factor, (SELECT value FROM "
                                        "identity_settings WHERE name = 'second_factor_roles') "
                                        "FROM sessions WHERE id = ? AND user_id = ?"));
  WY_TRY(const bool found, session.bind(1, id).bind(2, principal.user_id).step());
  if (!found) return std::optional<Scopes>();
  principal.second_factor = session.integer(0) != 0;
  const Scopes strict = words(session.text(1));
  const bool narrow = !principal.second_factor &&
                      (std::ranges::count(strict, "*") > 0 ||
                       std::ranges::any_of(principal.roles, [&](const std::string& role) {
                         return is_strict(strict, role);
                       }));
  return std::optional(narrow ? plain_scopes() : Scopes{"*"});
}

// Nothing when the credential is gone.
Result<std::optional<Scopes>> scopes_of(store::Snapshot& snapshot, Principal& principal,
                                        std::string_view key_id) {
  if (key_id.empty()) return std::optional(Scopes{"*"});
  if (key_id.starts_with("ses_")) return session_scopes(snapshot, principal, key_id);
  // Who was vouched for elsewhere, for one request: no administration in that way.
  if (key_id.starts_with(kVouchedHead) || key_id.starts_with(kCertificateHead)) {
    return std::optional(plain_scopes());
  }
  const bool signs = key_id.starts_with("crd_");
  WY_TRY(auto key, signs ? snapshot.prepare("SELECT scopes FROM request_credentials WHERE id = ? "
                                            "AND user_id = ?")
                         : snapshot.prepare("SELECT scopes FROM api_keys WHERE id = ? AND "
                                            "user_id = ?"));
  WY_TRY(const bool found, key.bind(1, key_id).bind(2, principal.user_id).step());
  if (!found) return std::optional<Scopes>();
  return std::optional(words(key.text(0)));
}

}  // namespace

Result<std::optional<UserRow>> user_row(store::Snapshot& snapshot, std::string_view id) {
  return one_row(snapshot,
                 "SELECT id, username, display_name, email, attributes, disabled, password, "
                 "created_at, updated_at FROM users WHERE id = ?",
                 id);
}

Result<std::optional<UserRow>> user_row_by_name(store::Snapshot& snapshot,
                                                std::string_view username) {
  return one_row(snapshot,
                 "SELECT id, username, display_name, email, attributes, disabled, password, "
                 "created_at, updated_at FROM users WHERE username_key = ?",
                 to_lower_ascii(username));
}

Result<std::vector<User>> users_after(store::Snapshot& snapshot, std::string_view username_key,
                                      int count_max) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT id, username, display_name, email, attributes, disabled, "
                          "password, created_at, updated_at FROM users WHERE username_key > ? "
                          "ORDER BY username_key LIMIT ?"));
  statement.bind(1, username_key).bind(2, count_max);
  std::vector<User> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    WY_TRY(UserRow row, read_row(snapshot, statement));
    found.push_back(std::move(row.user));
  }
}

Result<std::optional<Principal>> current_principal(store::Snapshot& snapshot,
                                                   std::string_view user_id,
                                                   std::string_view key_id) {
  WY_TRY(auto row, user_row(snapshot, user_id));
  if (!row || row->user.disabled) return std::optional<Principal>();
  Principal principal;
  principal.user_id = std::move(row->user.id);
  principal.username = std::move(row->user.username);
  principal.roles = std::move(row->user.roles);
  principal.attributes = std::move(row->user.attributes);
  WY_TRY(principal.duties, duties_of(snapshot, principal.roles));
  WY_TRY(principal.group_ids, groups_of(snapshot, principal.user_id));
  WY_TRY(auto scopes, scopes_of(snapshot, principal, key_id));
  if (!scopes) return std::optional<Principal>();
  principal.key_id = key_id;
  principal.scopes = *std::move(scopes);
  return std::optional(std::move(principal));
}

Status check_name(std::string_view field, std::string_view text) {
  const auto bad = [&](std::string_view expected) {
    return Error{ErrorCode::invalid_argument,
                 std::string(field) + ": expected " + std::string(expected)};
  };
  if (!is_utf8(text)) return bad("UTF-8");
  const std::size_t count = code_point_count(text);
  if (count == 0 || count > kNameSizeMax) return bad("1 to 64 characters");
  for (std::size_t at = 0; at < text.size();) {
    if (is_invisible(next_code_point(text, at))) return bad("no invisible characters");
  }
  if (trim(text) != text) return bad("no space at its ends");
  return Done{};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<std::string> words(std::string_view joined) {
  std::vector<std::string> found;
  for (const std::string_view word : split(joined, ' ')) {
    if (!word.empty()) found.emplace_back(word);
  }
  return found;
}

}  // namespace wenyuan::auth
