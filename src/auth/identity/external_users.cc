#include "auth/identity/external_users.h"

#include <algorithm>

#include "auth/groups.h"
#include "auth/identity/claim_mapping.h"
#include "auth/user_rows.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kSubjectSizeMax = 255;  // OpenID Connect Core, section 2
constexpr std::size_t kUsernameSizeMax = 64;

Error not_let_in(std::string why) { return {ErrorCode::forbidden, std::move(why)}; }

// What people are called here has rules that providers do not know.
std::string fit_name(std::string_view wanted) {
  const std::string valid = to_valid_utf8(wanted);
  std::string_view name = trim(valid);
  name = trim(name.substr(0, byte_offset(name, kUsernameSizeMax)));
  return check_name("name", name) ? std::string(name) : std::string();
}

std::string fit_email(const std::string& email) {
  const bool fine = email.size() <= 254 && is_utf8(email) && email.find('@') != std::string::npos &&
                    email.find_first_of(" \t\r\n") == std::string::npos;
  return fine ? email : std::string();
}

// The provider's user name, or with a number behind it when that is taken.
Result<std::string> free_username(store::Transaction& tx, const ExternalIdentity& identity) {
  std::string wanted = fit_name(identity.username);
  if (wanted.empty()) wanted = fit_name(identity.email.substr(0, identity.email.find('@')));
  if (wanted.empty()) wanted = fit_name(identity.display_name);
  if (wanted.empty()) return not_let_in("the provider gives no name to call them by");
  for (int number = 1; number < 1000; ++number) {
    const std::string suffix = number == 1 ? std::string() : "-" + std::to_string(number);
    const std::size_t room = kUsernameSizeMax - suffix.size();
    std::string name = std::string(trim(wanted.substr(0, byte_offset(wanted, room))));
    name += suffix;
    WY_TRY(const auto taken, user_row_by_name(tx, name));
    if (!taken) return name;
  }
  return not_let_in("too many users have this name");
}

Result<std::string> create(store::Transaction& tx, const Identities& identities,
                           const ExternalIdentity& identity, UnixMillis now) {
  User user;
  WY_TRY(user.username, free_username(tx, identity));
  user.display_name = fit_name(identity.display_name);
  user.email = fit_email(identity.email);
  user.attributes = identity.attributes;
  WY_TRY(const User added, identities.add_user(tx, user, std::nullopt, now));
  WY_RETURN_IF_ERROR(link_user(tx, added.id, identity.provider, identity.subject, now));
  return added.id;
}

// Attributes that the provider does not speak of stay as they are.
Result<bool> update(store::Transaction& tx, const Identities& identities, const User& user,
                    const ExternalIdentity& identity, UnixMillis now) {
  UserChange change;
  const std::string display_name = fit_name(identity.display_name);
  if (!display_name.empty() && display_name != user.display_name) {
    change.display_name = display_name;
  }
  const std::string email = fit_email(identity.email);
  if (!email.empty() && email != user.email) change.email = email;
  Attributes attributes = user.attributes;
  for (const auto& [name, value] : identity.attributes) attributes[name] = value;
  if (attributes != user.attributes && check_attributes(attributes)) {
    change.attributes = std::move(attributes);
  }
  if (!change.display_name && !change.email && !change.attributes) return false;
  WY_RETURN_IF_ERROR(identities.update_user(tx, user.id, change, now));
  return true;
}

Result<bool> follow_groups(store::Transaction& tx, const std::string& user_id,
                           const ExternalIdentity& identity) {
  if (identity.mapped_groups.empty()) return false;
  WY_TRY(const std::vector<Group> all, groups(tx));
  bool changed = false;
  for (const Group& one : all) {
    const auto is_named = [&](const std::string& name) {
      return to_lower_ascii(name) == to_lower_ascii(one.name);
    };
    if (std::ranges::none_of(identity.mapped_groups, is_named)) continue;
    WY_TRY(const std::vector<std::string> those, members(tx, one.id));
    const bool is_in = std::ranges::binary_search(those, user_id);
    const bool belongs = std::ranges::any_of(identity.groups, is_named);
    if (is_in == belongs) continue;
    WY_RETURN_IF_ERROR(belongs ? add_member(tx, one.id, user_id)
                               : remove_member(tx, one.id, user_id));
    changed = true;
  }
  return changed;
}

}  // namespace

Result<std::string> linked_user(store::Snapshot& snapshot, const std::string& provider,
                                const std::string& subject) {
  WY_TRY(auto statement, snapshot.prepare("SELECT user_id FROM external_identities "
                                          "WHERE provider = ? AND subject = ?"));
  WY_TRY(const bool found, statement.bind(1, provider).bind(2, subject).step());
  return found ? statement.text(0) : std::string();
}

Result<JoinedUser> join_user(store::Transaction& tx, const Identities& identities,
                             const ExternalIdentity& identity, const JoinRules& rules,
                             UnixMillis now) {
  if (identity.subject.empty() || identity.subject.size() > kSubjectSizeMax) {
    return not_let_in("the provider's name for them is empty or too long");
  }
  if (!is_of_domains(identity, rules.email_domains)) {
    return not_let_in("their address is not a verified one of the domains that may come in");
  }
  JoinedUser joined;
  WY_TRY(joined.user_id, linked_user(tx, identity.provider, identity.subject));
  if (joined.user_id.empty()) {
    if (!rules.create_users) return not_let_in("nobody here is linked to them");
    WY_TRY(joined.user_id, create(tx, identities, identity, now));
    joined.created = true;
  } else {
    WY_TRY(const User user, identities.user(tx, joined.user_id));
    if (user.disabled) return not_let_in("this user is disabled");
    WY_TRY(joined.changed, update(tx, identities, user, identity, now));
  }
  WY_TRY(const bool moved, follow_groups(tx, joined.user_id, identity));
  joined.changed = joined.changed || moved;
  WY_TRY(auto used, tx.prepare("UPDATE external_identities SET last_used_at = ? "
                               "WHERE provider = ? AND subject = ?"));
  WY_RETURN_IF_ERROR(used.bind(1, now).bind(2, identity.provider).bind(3, identity.subject).run());
  return joined;
}

Status link_user(store::Transaction& tx, const std::string& user_id, const std::string& provider,
                 const std::string& subject, UnixMillis now) {
  if (subject.empty() || subject.size() > kSubjectSizeMax) {
    return Error{ErrorCode::invalid_argument, "subject: expected 1 to 255 bytes"};
  }
  WY_TRY(const std::string known, linked_user(tx, provider, subject));
  if (!known.empty())
    return Error{ErrorCode::conflict, "this identity is linked to a user already"};
  WY_TRY(auto insert, tx.prepare("INSERT INTO external_identities (provider, subject, user_id, "
                                 "created_at, last_used_at) VALUES (?, ?, ?, ?, ?)"));
  insert.bind(1, provider).bind(2, subject).bind(3, user_id).bind(4, now).bind(5, now);
  return insert.run();
}

Status unlink_user(store::Transaction& tx, const std::string& provider,
                   const std::string& subject) {
  WY_TRY(auto remove, tx.prepare("DELETE FROM external_identities WHERE provider = ? AND "
                                 "subject = ? RETURNING user_id"));
  WY_TRY(const bool found, remove.bind(1, provider).bind(2, subject).step());
  if (found) return Done{};
  return Error{ErrorCode::not_found, "there is no such link"};
}

Status unlink_own(store::Transaction& tx, const User& user, const std::string& provider,
                  const std::string& subject, const std::string& kept_session) {
  WY_TRY(const auto links, links_of(tx, user.id));
  const bool is_theirs = std::ranges::any_of(links, [&](const ExternalLink& link) {
    return link.provider == provider && link.subject == subject;
  });
  if (!is_theirs) return Error{ErrorCode::not_found, "there is no such link"};
  if (links.size() == 1 && !user.has_password) {
    return Error{ErrorCode::conflict, "this is the only way to sign in; set a password first"};
  }
  WY_RETURN_IF_ERROR(unlink_user(tx, provider, subject));
  WY_TRY(auto end, tx.prepare("DELETE FROM sessions WHERE user_id = ? AND method = ? AND id <> ?"));
  WY_RETURN_IF_ERROR(end.bind(1, user.id).bind(2, provider).bind(3, kept_session).run());
  return tx.raise_epoch();
}

Result<std::vector<ExternalLink>> links_of(store::Snapshot& snapshot, const std::string& user_id) {
  WY_TRY(auto statement,
         snapshot.prepare("SELECT provider, subject, user_id, created_at, last_used_at FROM "
                          "external_identities WHERE user_id = ? ORDER BY provider, subject"));
  statement.bind(1, user_id);
  std::vector<ExternalLink> found;
  for (;;) {
    WY_TRY(const bool more, statement.step());
    if (!more) return found;
    found.push_back({statement.text(0), statement.text(1), statement.text(2), statement.integer(3),
                     statement.integer(4)});
  }
}

}  // namespace wenyuan::auth
