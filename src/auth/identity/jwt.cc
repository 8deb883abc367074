#include "auth/identity/jwt.h"

#include <algorithm>
#include <cmath>

#include "auth/cedar/schema_json_text.h"
#include "base/base64.h"
#include "base/text.h"

namespace wenyuan::auth {

using Json = nlohmann::json;

namespace {

constexpr cedar::JsonLimits kHeaderLimits{.bytes_max = kJwsHeaderSizeMax, .depth_max = 4};
constexpr cedar::JsonLimits kClaimsLimits{.bytes_max = kJwsSizeMax, .depth_max = 16};
constexpr double kSecondsMax = 253402300799;  // the end of the year 9999

Error refused(std::string why) {
  return {ErrorCode::unauthenticated, "the token is refused: " + std::move(why)};
}

struct Parts {
  std::string_view header, payload, signature;
  std::string_view signed_text;
};

std::optional<Parts> parts_of(std::string_view token) {
  if (token.size() > kJwsSizeMax) return std::nullopt;
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  Parts parts;
  parts.header = token.substr(0, first);
  parts.payload = token.substr(first + 1, second - first - 1);
  parts.signature = token.substr(second + 1);
  parts.signed_text = token.substr(0, second);
  if (parts.header.empty() || parts.signature.empty()) return std::nullopt;
  if (parts.signature.find('.') != std::string_view::npos) return std::nullopt;
  return parts;
}

std::optional<Json> object_in(std::string_view base64url, const cedar::JsonLimits& limits) {
  const auto text = from_base64url(base64url);
  if (!text || !is_utf8(*text)) return std::nullopt;
  auto parsed = cedar::parse_strict_json(*text, limits);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return *std::move(parsed);
}

struct Header {
  JwsAlgorithm algorithm = JwsAlgorithm::rs256;
  std::string type;
  std::optional<std::string> key_id;
};

Result<Header> read_header(std::string_view base64url, const std::vector<JwsAlgorithm>& allowed) {
  const auto json = object_in(base64url, kHeaderLimits);
  if (!json) return refused("its header is not a JSON object");
  Header header;
  const auto algorithm = json->find("alg");
  if (algorithm == json->end() || !algorithm->is_string()) return refused("it names no algorithm");
  const auto known = jws_algorithm(algorithm->get_ref<const std::string&>());
  if (!known || std::ranges::find(allowed, *known) == allowed.end()) {
    return refused("its algorithm is not allowed");
  }
  header.algorithm = *known;
  // We understand no extension; "b64" changes what is signed and has to be named in "crit" too.
  if (json->contains("crit") || json->contains("b64")) return refused("it needs an extension");
  if (const auto id = json->find("kid"); id != json->end()) {
    if (!id->is_string()) return refused("its kid is not a text");
    header.key_id = id->get<std::string>();
  }
  if (const auto type = json->find("typ"); type != json->end()) {
    if (!type->is_string()) return refused("its typ is not a text");
    header.type = to_lower_ascii(type->get_ref<const std::string&>());
    constexpr std::string_view kMedia = "application/";
    if (header.type.starts_with(kMedia)) header.type.erase(0, kMedia.size());
  }
  return header;
}

Result<const VerificationKey*> key_for(const KeySet& keys, const Header& header) {
  const VerificationKey* found = nullptr;
  int fitting = 0;
  for (const VerificationKey& key : keys.keys) {
    if (!key.fits(header.algorithm)) continue;
    if (header.key_id && key.id() == *header.key_id) return &key;
    // A set without names, or a token without one: then only one key may be meant.
    if (header.key_id && !key.id().empty()) continue;
    found = &key;
    ++fitting;
  }
  if (fitting == 1) return found;
  return refused("there is no key for it");
}

Result<UnixMillis> time_of(const Json& claims, const char* name) {
  const Json& value = claims.at(name);
  if (!value.is_number()) return refused(std::string(name) + " is not a number");
  const double seconds = value.get<double>();
  if (!(seconds >= 0 && seconds <= kSecondsMax)) {
    return refused(std::string(name) + " is not a time");
  }
  return static_cast<UnixMillis>(seconds * 1000);
}

bool names_audience(const Json& claims, const std::string& audience) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return *found == audience;
  if (!found->is_array()) return false;
  bool named = false;
  for (const Json& one : *found) {
    if (!one.is_string()) return false;
    named = named || one == audience;
  }
  return named;
}

Status check_times(const Json& claims, const JwtRules& rules, UnixMillis now,
                   UnixMillis expires_at) {
  if (expires_at + rules.skew_ms <= now) return refused("it has expired");
  if (claims.contains("nbf")) {
    WY_TRY(const UnixMillis not_before, time_of(claims, "nbf"));
    if (not_before > now + rules.skew_ms) return refused("it is not valid yet");
  }
  if (!claims.contains("iat")) {
    if (rules.issued_at_required) return refused("it does not say when it was issued");
    // Without it, how long it may still live says enough.
    if (expires_at > now + rules.age_ms_max) return refused("it lives too long");
    return Done{};
  }
  WY_TRY(const UnixMillis issued_at, time_of(claims, "iat"));
  if (issued_at > now + rules.skew_ms) return refused("it was issued in the future");
  if (now - issued_at > rules.age_ms_max) return refused("it was issued too long ago");
  if (expires_at <= issued_at) return refused("it ended before it began");
  return Done{};
}

}  // namespace

bool has_jws_form(std::string_view text) {
  // A header is an object, so its base64 begins with that of '{' and something printable.
  return text.starts_with("ey") && std::ranges::count(text, '.') == 2;
}

std::optional<JwsHint> peek_jws(std::string_view token) {
  const auto parts = parts_of(token);
  if (!parts) return std::nullopt;
  const auto header = object_in(parts->header, kHeaderLimits);
  const auto claims = object_in(parts->payload, kClaimsLimits);
  if (!header || !claims) return std::nullopt;
  const auto text_of = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  return JwsHint{text_of(*header, "kid"), text_of(*claims, "iss")};
}

Result<VerifiedJws> verify_jws(std::string_view token, const KeySet& keys,
                               const std::vector<JwsAlgorithm>& allowed) {
  const auto parts = parts_of(token);
  if (!parts) return refused("it is not a compact signature");
  WY_TRY(Header header, read_header(parts->header, allowed));
  WY_TRY(const VerificationKey* const key, key_for(keys, header));
  const auto signature = from_base64url(parts->signature);
  auto payload = from_base64url(parts->payload);
  if (!signature || !payload) return refused("it is not base64url");
  if (!key->verify(header.algorithm, parts->signed_text, *signature)) {
    return refused("its signature is wrong");
  }
  return VerifiedJws{std::move(header.type), header.key_id.value_or(""), header.algorithm,
                     *std::move(payload)};
}

Result<JwtClaims> check_claims(std::string_view payload, const JwtRules& rules, UnixMillis now) {
  if (!is_utf8(payload)) return refused("its claims are not UTF-8");
  auto parsed = cedar::parse_strict_json(payload, kClaimsLimits);
  if (!parsed || !parsed->is_object()) return refused("its claims are not a JSON object");
  const Json& claims = *parsed;
  const auto issuer = claims.find("iss");
  if (issuer == claims.end() || !issuer->is_string() || *issuer != rules.issuer) {
    return refused("it is from another issuer");
  }
  if (!names_audience(claims, rules.audience)) return refused("it is for somebody else");
  if (!claims.contains("exp")) return refused("it never expires");
  WY_TRY(const UnixMillis expires_at, time_of(claims, "exp"));
  WY_RETURN_IF_ERROR(check_times(claims, rules, now, expires_at));
  JwtClaims checked(*std::move(parsed));
  checked.expires_at_ = expires_at;
  return checked;
}

Result<JwtClaims> verify_jwt(std::string_view token, const KeySet& keys, const JwtRules& rules,
                             UnixMillis now) {
  WY_TRY(const VerifiedJws jws, verify_jws(token, keys, rules.algorithms));
  if (std::ranges::find(rules.types, jws.type) == rules.types.end()) {
    return refused("it is a token of another type");
  }
  return check_claims(jws.payload, rules, now);
}

JwtClaims::JwtClaims(Json claims) : claims_(std::make_unique<Json>(std::move(claims))) {}
JwtClaims::JwtClaims(JwtClaims&&) noexcept = default;
JwtClaims& JwtClaims::operator=(JwtClaims&&) noexcept = default;
JwtClaims::~JwtClaims() = default;

std::optional<std::string> JwtClaims::text(std::string_view name) const {
  const auto found = claims_->find(name);
  if (found == claims_->end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::vector<std::string> JwtClaims::texts(std::string_view name) const {
  const auto found = claims_->find(name);
  if (found == claims_->end()) return {};
  if (found->is_string()) return {found->get<std::string>()};
  std::vector<std::string> texts;
  if (!found->is_array()) return texts;
  for (const Json& one : *found) {
    if (one.is_string()) texts.push_back(one.get<std::string>());
  }
  return texts;
}

std::optional<double> JwtClaims::number(std::string_view name) const {
  const auto found = claims_->find(name);
  if (found == claims_->end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace wenyuan::auth
