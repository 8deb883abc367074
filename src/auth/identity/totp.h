// One-time codes as authenticator apps make them: RFC 4226 and RFC 6238.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace wenyuan::auth {

enum class TotpAlgorithm { sha1, sha256 };

std::string_view name(TotpAlgorithm algorithm);  // "SHA1", as in otpauth:// addresses
std::optional<TotpAlgorithm> totp_algorithm(std::string_view name);

constexpr int kTotpDigits = 6;
constexpr UnixMillis kTotpStepMs = 30'000;

// RFC 4226: `digits` decimal digits (6 to 8) for this counter.
Result<std::string> hotp(std::string_view secret, std::uint64_t counter, int digits,
                         TotpAlgorithm algorithm);

// The step whose code this is: the one of `now`, or the one before or after it, when it lies behind
// `last_step`. Nothing for a wrong code. Takes the same time whichever step fits.
Result<std::optional<std::int64_t>> matching_step(std::string_view secret, std::string_view code,
                                                  TotpAlgorithm algorithm, std::int64_t last_step,
                                                  UnixMillis now);

// RFC 4648 section 6, without padding.
std::string to_base32(std::string_view bytes);

// What a QR code for the app holds.
std::string otpauth_address(std::string_view issuer, std::string_view account,
                            std::string_view secret, TotpAlgorithm algorithm);

}  // namespace wenyuan::auth
