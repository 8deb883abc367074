#include "auth/identity/sign_in_guard.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr int kRowsMax = 100'000;
constexpr int kDoublingsMax = 20;

struct Row {
  std::int64_t failures = 0;
  UnixMillis locked_until = 0;
};

Result<KeyMac> mac_of_name(const KeySecret& secret, std::string_view name) {
  return secret.mac("sign-in of " + to_lower_ascii(name));
}

Result<KeyMac> mac_of_pair(const KeySecret& secret, std::string_view name,
                           std::string_view address) {
  std::string text = "sign-in from " + std::string(address);
  text += '\0';
  return secret.mac(text + to_lower_ascii(name));
}

// Rows of pairs cannot be found by their name; so a row of its own says from when on they count.
Result<KeyMac> mac_of_lifting(const KeySecret& secret, std::string_view name) {
  return secret.mac("lifted for " + to_lower_ascii(name));
}

Result<UnixMillis> lifted_at(store::Transaction& tx, const KeyMac& lifting) {
  WY_TRY(auto statement, tx.prepare("SELECT last_at FROM sign_in_failures WHERE who = ?"));
  WY_TRY(const bool found, statement.bind_blob(1, lifting).step());
  return found ? statement.integer(0) : UnixMillis{0};
}

Result<Row> row_of(store::Transaction& tx, const KeyMac& who, UnixMillis forgotten_before) {
  WY_TRY(auto statement, tx.prepare("SELECT failures, locked_until FROM sign_in_failures "
                                    "WHERE who = ? AND last_at > ?"));
  WY_TRY(const bool found, statement.bind_blob(1, who).bind(2, forgotten_before).step());
  if (!found) return Row{};
  return Row{statement.integer(0), statement.integer(1)};
}

Status count_failure(store::Transaction& tx, const KeyMac& who, const Row& row, UnixMillis now) {
  WY_TRY(auto insert,
         tx.prepare("INSERT INTO sign_in_failures (who, failures, last_at, locked_until) "
                    "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (who) DO UPDATE SET failures = ?2, "
                    "last_at = ?3, locked_until = ?4"));
  insert.bind_blob(1, who).bind(2, row.failures).bind(3, now).bind(4, row.locked_until);
  return insert.run();
}

// Old rows, and the oldest of too many: whoever tries a million names must not fill the disk.
Status forget(store::Transaction& tx, UnixMillis before) {
  WY_TRY(auto old, tx.prepare("DELETE FROM sign_in_failures WHERE who IN (SELECT who FROM "
                              "sign_in_failures WHERE last_at <= ? ORDER BY last_at LIMIT 20)"));
  WY_RETURN_IF_ERROR(old.bind(1, before).run());
  WY_TRY(auto many, tx.prepare("DELETE FROM sign_in_failures WHERE who IN (SELECT who FROM "
                               "sign_in_failures ORDER BY last_at DESC LIMIT 20 OFFSET ?)"));
  return many.bind(1, kRowsMax).run();
}

}  // namespace

Result<SignInGuard::Admitted> SignInGuard::attempt(store::Transaction& tx, std::string_view name,
                                                   std::string_view address, UnixMillis now) const {
  WY_RETURN_IF_ERROR(forget(tx, now - options_.forget_ms));
  WY_TRY(const KeyMac lifting, mac_of_lifting(secret_, name));
  WY_TRY(const UnixMillis lifted, lifted_at(tx, lifting));
  const UnixMillis forgotten_before = std::max(now - options_.forget_ms, lifted);
  WY_TRY(const KeyMac by_name, mac_of_name(secret_, name));
  WY_TRY(const KeyMac by_pair, mac_of_pair(secret_, name, address));
  struct Counted {
    const KeyMac& who;
    int failures_free;
    Row row{};
  };
  std::array<Counted, 2> both{
      {{by_pair, options_.pair_failures}, {by_name, options_.name_failures}}};
  UnixMillis locked_until = 0;
  for (Counted& one : both) {
    WY_TRY(one.row, row_of(tx, one.who, forgotten_before));
    locked_until = std::max(locked_until, one.row.locked_until);
  }
  if (locked_until > now) return Admitted{false, locked_until - now};
  for (Counted& one : both) {
    ++one.row.failures;
    const auto beyond = one.row.failures - one.failures_free;
    if (beyond >= 0) {
      const auto doublings = std::min<std::int64_t>(beyond, kDoublingsMax);
      one.row.locked_until =
          now + std::min(options_.wait_ms_max, options_.first_wait_ms << doublings);
    }
    WY_RETURN_IF_ERROR(count_failure(tx, one.who, one.row, now));
  }
  return Admitted{true, 0};
}

Status SignInGuard::lift(store::Transaction& tx, std::string_view name, UnixMillis now) const {
  WY_TRY(const KeyMac lifting, mac_of_lifting(secret_, name));
  return count_failure(tx, lifting, Row{}, now);
}

Status SignInGuard::forgive(store::Transaction& tx, std::string_view name,
                            std::string_view address) const {
  WY_TRY(const KeyMac by_name, mac_of_name(secret_, name));
  WY_TRY(const KeyMac by_pair, mac_of_pair(secret_, name, address));
  for (const KeyMac* who : {&by_pair, &by_name}) {
    WY_TRY(auto update, tx.prepare("UPDATE sign_in_failures SET failures = max(failures - 1, 0), "
                                   "locked_until = 0 WHERE who = ?"));
    WY_RETURN_IF_ERROR(update.bind_blob(1, *who).run());
  }
  return Done{};
}

Status SignInGuard::succeeded(store::Transaction& tx, std::string_view name,
                              std::string_view address) const {
  WY_TRY(const KeyMac by_name, mac_of_name(secret_, name));
  WY_TRY(const KeyMac by_pair, mac_of_pair(secret_, name, address));
  for (const KeyMac* who : {&by_pair, &by_name}) {
    WY_TRY(auto remove, tx.prepare("DELETE FROM sign_in_failures WHERE who = ?"));
    WY_RETURN_IF_ERROR(remove.bind_blob(1, *who).run());
  }
  return Done{};
}

}  // namespace wenyuan::auth
