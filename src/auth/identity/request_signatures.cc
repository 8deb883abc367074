#include "auth/identity/request_signatures.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/base64.h"
#include "base/text.h"

namespace wenyuan::auth {
namespace {

constexpr std::size_t kNonceSizeMin = 8;
constexpr std::size_t kNonceSizeMax = 128;
constexpr std::size_t kIdSizeMax = 64;

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

// Nothing when it is not there, or more than once.
const std::string* only_header(const SignedRequest& request, std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : request.headers) {
    if (to_lower_ascii(key) != name) continue;
    if (found != nullptr) return nullptr;
    found = &value;
  }
  return found;
}

bool covers(const SignatureInput& input, std::string_view name) {
  return std::ranges::any_of(input.components,
                             [&](const CoveredComponent& one) { return one.name == name; });
}

bool covers_target(const SignatureInput& input) {
  return covers(input, "@target-uri") || covers(input, "@request-target") ||
         (covers(input, "@path") && covers(input, "@query"));
}

Status check_coverage(const SignatureInput& input, bool has_body) {
  if (!covers(input, "@method")) return refused("the signature does not cover @method");
  if (!covers_target(input)) return refused("the signature does not cover the target");
  if (has_body && !covers(input, "content-digest")) {
    return refused("the signature does not cover the body");
  }
  if (!input.created) return refused("the signature says no time");
  return Done{};
}

// "key=…, time=…": names and values of the plain scheme.
std::map<std::string, std::string> plain_fields(std::string_view text) {
  std::map<std::string, std::string> fields;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view one = trim(part);
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return {};
    if (!fields.emplace(one.substr(0, equals), one.substr(equals + 1)).second) return {};
  }
  return fields;
}

std::optional<std::string_view> plain_credentials(const SignedRequest& request) {
  const std::string* header = only_header(request, "authorization");
  if (header == nullptr) return std::nullopt;
  const std::string_view text = trim(*header);
  const std::size_t space = text.find(' ');
  if (to_lower_ascii(text.substr(0, space)) != to_lower_ascii(kPlainScheme)) return std::nullopt;
  return space == std::string_view::npos ? std::string_view() : trim(text.substr(space));
}

Result<std::int64_t> plain_time(const std::string& text) {
  std::int64_t time = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), time);
  if (failed == std::errc() && end == text.data() + text.size() && time > 0) return time;
  return refused("the time is not a number");
}

// Within what the window allows, a nonce that is here already was sent again.
Status use_nonce(store::Transaction& tx, const std::string& credential_id, const std::string& nonce,
                 UnixMillis expires_at, UnixMillis now) {
  WY_TRY(auto forget,
         tx.prepare("DELETE FROM request_nonces WHERE (credential_id, nonce) IN (SELECT "
                    "credential_id, nonce FROM request_nonces WHERE expires_at <= ? "
                    "ORDER BY expires_at LIMIT 20)"));
  WY_RETURN_IF_ERROR(forget.bind(1, now).run());
  WY_TRY(auto insert, tx.prepare("INSERT OR IGNORE INTO request_nonces (credential_id, nonce, "
                                 "expires_at) VALUES (?, ?, ?) RETURNING 1"));
  WY_TRY(const bool fresh, insert.bind(1, credential_id).bind(2, nonce).bind(3, expires_at).step());
  if (fresh) return Done{};
  return refused("the request was sent before");
}

}  // namespace

std::string plain_signature_text(std::string_view method, std::string_view authority,
                                 std::string_view target, std::int64_t time, std::string_view nonce,
                                 std::string_view body_sha256_hex) {
  std::string text(kPlainScheme);
  for (const std::string_view line : {method, authority, target}) {
    text += '\n';
    text += line;
  }
  text += '\n';
  text += std::to_string(time);
  for (const std::string_view line : {nonce, body_sha256_hex}) {
    text += '\n';
    text += line;
  }
  return text;
}

bool RequestSignatures::is_signed(const SignedRequest& request) {
  return plain_credentials(request).has_value() ||
         std::ranges::any_of(request.headers, [](const auto& header) {
           return to_lower_ascii(header.first) == "signature-input";
         });
}

Result<RequestSignatures::Claim> RequestSignatures::message_claim(
    const SignedRequest& request, const std::string& input_field,
    const std::string& signature_field, bool has_body) const {
  const auto inputs = parse_signature_input(input_field);
  auto signatures = parse_byte_fields(signature_field);
  if (!inputs || !signatures) return refused("the signature's fields are malformed");
  // With several, which of them counts would be a matter of taste.
  if (inputs->size() != 1 || signatures->size() != 1 ||
      signatures->begin()->first != inputs->front().label) {
    return refused("there is not exactly one signature");
  }
  const SignatureInput& input = inputs->front();
  WY_RETURN_IF_ERROR(check_coverage(input, has_body));
  Claim claim;
  claim.credential_id = input.key_id;
  claim.nonce = input.nonce;
  claim.created = *input.created;
  claim.signature = std::move(signatures->begin()->second);
  if (!input.algorithm.empty()) claim.algorithm = input.algorithm;
  const auto base = signature_base(request, input);
  if (!base) return refused(base.error().message);
  claim.base = *base;
  return claim;
}

Result<SignedBy> RequestSignatures::verify(const SignedRequest& request, bool has_body,
                                           UnixMillis now) const {
  if (const auto plain = plain_credentials(request)) {
    auto fields = plain_fields(*plain);
    if (fields.size() != 5)
      return refused("the plain signature has key, time, nonce, body, signature");
    Claim claim;
    claim.plain = true;
    claim.credential_id = fields["key"];
    claim.nonce = fields["nonce"];
    WY_TRY(claim.created, plain_time(fields["time"]));
    const auto signature = from_base64(fields["signature"]);
    const auto hash = from_hex(fields["body"]);
    if (!signature || !hash) return refused("the plain signature is malformed");
    claim.signature = *signature;
    claim.base = plain_signature_text(request.method, to_lower_ascii(trim(request.authority)),
                                      request.target, claim.created, claim.nonce, fields["body"]);
    WY_TRY(SignedBy by, check(claim, now));
    auto digest = BodyDigest::expect(BodyDigest::Kind::sha256, {hash->begin(), hash->end()});
    if (!digest) return refused(digest.error().message);
    if (has_body) {
      by.body = *std::move(digest);
    } else {
      WY_RETURN_IF_ERROR(digest->finish());
    }
    return by;
  }
  const std::string* const input = only_header(request, "signature-input");
  const std::string* const signature = only_header(request, "signature");
  if (input == nullptr || signature == nullptr) return refused("a signature field is missing");
  WY_TRY(const Claim claim, message_claim(request, *input, *signature, has_body));
  WY_TRY(SignedBy by, check(claim, now));
  if (!has_body) return by;
  const std::string* const field = only_header(request, "content-digest");
  if (field == nullptr) return refused("there is not exactly one Content-Digest");
  auto digest = BodyDigest::expect_field(*field);
  if (!digest) return refused(digest.error().message);
  by.body = *std::move(digest);
  return by;
}

Result<SignedBy> RequestSignatures::check(const Claim& claim, UnixMillis now) const {
  const std::int64_t seconds = now / 1000;
  if (claim.created < seconds - options_.window_seconds ||
      claim.created > seconds + options_.window_seconds) {
    return refused("the signature is of another time");
  }
  if (claim.nonce.size() < kNonceSizeMin || claim.nonce.size() > kNonceSizeMax) {
    return refused("the nonce has 8 to 128 characters");
  }
  if (claim.credential_id.size() > kIdSizeMax) return refused("nobody has this key");
  SignedBy by;
  bool right = false;
  const Status read = database_.read([&](store::Snapshot& snapshot) -> Status {
    WY_TRY(by.credential, credentials_.credential(snapshot, claim.credential_id));
    WY_TRY(const VerificationKey key, credentials_.key(snapshot, by.credential));
    const SigningKind kind = by.credential.kind;
    if (claim.plain && kind != SigningKind::hmac_sha256) return Done{};
    if (claim.algorithm && *claim.algorithm != name(kind)) return Done{};
    right = key.verify(algorithm_of(kind), claim.base, claim.signature);
    return Done{};
  });
  if (!read) {
    if (read.error().code == ErrorCode::not_found) return refused("nobody has this key");
    return read.error();
  }
  if (!right) return refused("the signature is wrong");
  if (by.credential.expires_at && *by.credential.expires_at <= now) {
    return refused("the key has expired");
  }
  const UnixMillis expires_at = (claim.created + options_.window_seconds + 1) * 1000;
  WY_RETURN_IF_ERROR(database_.write([&](store::Transaction& tx) {
    return use_nonce(tx, claim.credential_id, claim.nonce, expires_at, now);
  }));
  return by;
}

}  // namespace wenyuan::auth
