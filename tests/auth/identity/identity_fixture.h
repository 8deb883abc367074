// A store with users who sign in, for tests of sessions and second factors.
#pragma once

#include "auth/identity/sign_in.h"
#include "tests/auth/auth_fixture.h"

namespace wenyuan::auth {

class IdentityTest : public AuthTest {
 protected:
  static constexpr const char* kPassword = "a long enough password";
  static constexpr const char* kHome = "192.0.2.1";

  std::unique_ptr<SignIn> open_sign_in(const SignIn::Options& options = {}) {
    return must(SignIn::open(*database_, *identities_, options));
  }

  std::string user_with_password(const std::string& name, std::vector<std::string> roles = {}) {
    const HashedPassword hashed = must(identities_->hash_password(kPassword, roles));
    User wanted;
    wanted.username = name;
    wanted.roles = std::move(roles);
    return must(write([&](store::Transaction& tx) {
             return identities_->add_user(tx, wanted, hashed, now_);
           }))
        .id;
  }

  SignInOutcome sign_in(const std::string& name, const std::string& password,
                        const std::string& code = "", const std::string& address = kHome) {
    SignInAttempt attempt;
    attempt.username = name;
    attempt.password = password;
    attempt.code = code;
    attempt.address = address;
    attempt.client = "test";
    return must(sign_in_->by_password(
        attempt, now_, [](store::Transaction&, const SessionTokens&) -> Status { return Done{}; }));
  }
  SessionTokens tokens(const std::string& name, const std::string& code = "") {
    auto outcome = sign_in(name, kPassword, code);
    if (!outcome.tokens) throw std::runtime_error("not signed in");
    return *outcome.tokens;
  }
  SessionTokens begin(const std::string& user_id, bool second_factor = false) {
    SessionStart start;
    start.user_id = user_id;
    start.second_factor = second_factor;
    return must(
        write([&](store::Transaction& tx) { return sign_in_->sessions().begin(tx, start, now_); }));
  }

  Result<Principal> by_token(const std::string& token) {
    return read(
        [&](store::Snapshot& s) { return sign_in_->sessions().authenticate(s, token, now_); });
  }
  bool opens(const SessionTokens& tokens) { return by_token(tokens.access_token).has_value(); }
  Exchanged exchange(const std::string& token) {
    return must(write(
        [&](store::Transaction& tx) { return sign_in_->sessions().exchange(tx, token, now_); }));
  }
  std::vector<Session> sessions(const std::string& user_id) {
    return must(
        read([&](store::Snapshot& s) { return sign_in_->sessions().sessions(s, user_id, now_); }));
  }

  // The secret as bytes: what an authenticator app has read from the QR code.
  static std::string from_base32(const std::string& text) {
    std::string bytes;
    std::uint32_t held = 0;
    int bits = 0;
    for (const char c : text) {
      const auto digit = static_cast<std::uint32_t>(c >= 'A' ? c - 'A' : c - '2' + 26);
      held = (held << 5 | digit) & 0xFFFF;
      bits += 5;
      if (bits < 8) continue;
      bits -= 8;
      bytes += static_cast<char>(held >> bits & 0xFF);
    }
    return bytes;
  }
  static std::string code_of(const std::string& secret, UnixMillis time) {
    return must(hotp(secret, static_cast<std::uint64_t>(time / kTotpStepMs), kTotpDigits,
                     TotpAlgorithm::sha1));
  }
  struct Enrolled {
    std::string secret;
    std::vector<std::string> recovery_codes;
  };
  // Leaves the clock one step later, so that the next code is a fresh one.
  Enrolled enrol(const std::string& user_id) {
    const SecondFactors& factors = sign_in_->second_factors();
    Enrolled enrolled;
    const TotpEnrolment begun = must(write([&](store::Transaction& tx) {
      return factors.begin_totp(tx, user_id, "somebody", TotpAlgorithm::sha1, now_);
    }));
    enrolled.secret = from_base32(begun.secret);
    enrolled.recovery_codes = must(write([&](store::Transaction& tx) {
      return factors.confirm_totp(tx, user_id, code_of(enrolled.secret, now_), now_);
    }));
    now_ += kTotpStepMs;
    return enrolled;
  }
  bool use(const std::string& user_id, const std::string& code) {
    return must(write([&](store::Transaction& tx) {
      return sign_in_->second_factors().use(tx, user_id, code, now_);
    }));
  }

  std::unique_ptr<SignIn> sign_in_ = open_sign_in();
};

}  // namespace wenyuan::auth
