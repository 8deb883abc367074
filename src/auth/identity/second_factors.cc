#include "auth/identity/second_factors.h"

#include <array>

#include "auth/identity/secret_box.h"
#include "auth/identity/token_text.h"
#include "base/id.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::string_view kIssuer = "Wenyuan";
constexpr std::string_view kPurpose = "totp";
constexpr std::size_t kSecretSize = 32;  // fits both hashes; RFC 4226 asks for 20
constexpr std::size_t kRecoverySize = 10;
constexpr std::size_t kRecoveryTextSize = 16;

std::string random_text(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  random_bytes(bytes);
  return {bytes.begin(), bytes.end()};
}

// 80 bits as four groups of four, which a person can copy from paper.
std::string new_recovery_code() {
  std::string code = to_base32(random_text(kRecoverySize));
  for (const int at : {12, 8, 4}) code.insert(code.begin() + at, '-');
  return code;
}

// However it was typed: small letters, without hyphens, with spaces.
std::string plain_recovery_code(std::string_view text) {
  std::string plain;
  for (const char c : text.substr(0, 64)) {
    if (c == '-' || c == ' ') continue;
    plain += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return plain;
}

Result<KeyMac> recovery_mac(const KeySecret& secret, const std::string& user_id,
                            std::string_view code) {
  return token_mac(secret, "recovery code of " + user_id, plain_recovery_code(code));
}

}  // namespace

Result<SecondFactorState> SecondFactors::state(store::Snapshot& snapshot,
                                               const std::string& user_id) const {
  SecondFactorState state;
  WY_TRY(auto totp, snapshot.prepare("SELECT confirmed FROM totp_secrets WHERE user_id = ?"));
  WY_TRY(const bool found, totp.bind(1, user_id).step());
  state.totp = found && totp.integer(0) != 0;
  state.pending = found && !state.totp;
  WY_TRY(auto codes, snapshot.prepare("SELECT count(*) FROM recovery_codes WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(codes.bind(1, user_id).step());
  state.recovery_codes_left = codes.integer(0);
  return state;
}

Result<TotpEnrolment> SecondFactors::begin_totp(store::Transaction& tx, const std::string& user_id,
                                                std::string_view username, TotpAlgorithm algorithm,
                                                UnixMillis now) const {
  WY_TRY(const SecondFactorState before, state(tx, user_id));
  if (before.totp) {
    return Error{ErrorCode::conflict, "a second factor is set up already; remove it first"};
  }
  const std::string secret = random_text(kSecretSize);
  WY_TRY(const auto sealed, seal_secret(secret_, kPurpose, user_id, secret));
  WY_TRY(auto insert,
         tx.prepare("INSERT OR REPLACE INTO totp_secrets (user_id, sealed, algorithm, confirmed, "
                    "last_step, created_at) VALUES (?, ?, ?, 0, -1, ?)"));
  insert.bind(1, user_id).bind_blob(2, sealed).bind(3, name(algorithm)).bind(4, now);
  WY_RETURN_IF_ERROR(insert.run());
  return TotpEnrolment{to_base32(secret), otpauth_address(kIssuer, username, secret, algorithm)};
}

Result<std::optional<std::int64_t>> SecondFactors::step_of(store::Snapshot& snapshot,
                                                           const std::string& user_id,
                                                           std::string_view code, bool confirmed,
                                                           UnixMillis now) const {
  WY_TRY(auto statement, snapshot.prepare("SELECT sealed, algorithm, last_step FROM totp_secrets "
                                          "WHERE user_id = ? AND confirmed = ?"));
  WY_TRY(const bool found, statement.bind(1, user_id).bind(2, confirmed).step());
  if (!found) return std::optional<std::int64_t>();
  WY_TRY(const std::string secret, open_secret(secret_, kPurpose, user_id, statement.blob(0)));
  const auto algorithm = totp_algorithm(statement.text(1));
  if (!algorithm) return Error{ErrorCode::corrupt, "a second factor has an unknown algorithm"};
  return matching_step(secret, code, *algorithm, statement.integer(2), now);
}

Result<std::vector<std::string>> SecondFactors::confirm_totp(store::Transaction& tx,
                                                             const std::string& user_id,
                                                             std::string_view code,
                                                             UnixMillis now) const {
  WY_TRY(const SecondFactorState before, state(tx, user_id));
  if (!before.pending) return Error{ErrorCode::conflict, "there is nothing to confirm"};
  WY_TRY(const auto step, step_of(tx, user_id, code, false, now));
  if (!step) return Error{ErrorCode::forbidden, "the code is wrong; is the clock right?"};
  WY_TRY(auto update,
         tx.prepare("UPDATE totp_secrets SET confirmed = 1, last_step = ? WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(update.bind(1, *step).bind(2, user_id).run());
  return new_recovery_codes(tx, user_id);
}

Result<std::vector<std::string>> SecondFactors::new_recovery_codes(
    store::Transaction& tx, const std::string& user_id) const {
  WY_TRY(auto remove, tx.prepare("DELETE FROM recovery_codes WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(remove.bind(1, user_id).run());
  std::vector<std::string> codes;
  for (int i = 0; i < kRecoveryCodeCount; ++i) {
    codes.push_back(new_recovery_code());
    WY_TRY(const KeyMac mac, recovery_mac(secret_, user_id, codes.back()));
    WY_TRY(auto insert, tx.prepare("INSERT INTO recovery_codes (user_id, mac) VALUES (?, ?)"));
    WY_RETURN_IF_ERROR(insert.bind(1, user_id).bind_blob(2, mac).run());
  }
  return codes;
}

Status SecondFactors::remove(store::Transaction& tx, const std::string& user_id) const {
  WY_TRY(auto totp, tx.prepare("DELETE FROM totp_secrets WHERE user_id = ?"));
  WY_RETURN_IF_ERROR(totp.bind(1, user_id).run());
  WY_TRY(auto codes, tx.prepare("DELETE FROM recovery_codes WHERE user_id = ?"));
  return codes.bind(1, user_id).run();
}

Result<bool> SecondFactors::use(store::Transaction& tx, const std::string& user_id,
                                std::string_view code, UnixMillis now) const {
  if (plain_recovery_code(code).size() == kRecoveryTextSize) {
    return use_recovery_code(tx, user_id, code);
  }
  WY_TRY(const auto step, step_of(tx, user_id, code, true, now));
  if (!step) return false;
  WY_TRY(auto update, tx.prepare("UPDATE totp_secrets SET last_step = ?1 WHERE user_id = ?2 AND "
                                 "last_step < ?1 RETURNING 1"));
  return update.bind(1, *step).bind(2, user_id).step();
}

Result<bool> SecondFactors::use_recovery_code(store::Transaction& tx, const std::string& user_id,
                                              std::string_view code) const {
  WY_TRY(const SecondFactorState now_set_up, state(tx, user_id));
  if (!now_set_up.totp) return false;
  WY_TRY(const KeyMac mac, recovery_mac(secret_, user_id, code));
  WY_TRY(auto remove,
         tx.prepare("DELETE FROM recovery_codes WHERE user_id = ? AND mac = ? RETURNING 1"));
  return remove.bind(1, user_id).bind_blob(2, mac).step();
}

}  // namespace wenyuan::auth
