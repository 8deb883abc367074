#include "auth/identity/logout_token.h"

#include <nlohmann/json.hpp>

namespace wenyuan::auth {
namespace {

constexpr const char* kEvent = "http://schemas.openid.net/event/backchannel-logout";
constexpr UnixMillis kAgeMs = UnixMillis{10} * 60 * 1000;
constexpr std::size_t kNameSizeMax = 255;

Error refused(std::string why) { return {ErrorCode::unauthenticated, std::move(why)}; }

// Empty when it is absent; a claim of that name has to be a text that could be a name.
Result<std::string> name_in(const JwtClaims& claims, const char* claim) {
  if (!claims.all().contains(claim)) return std::string();
  const auto text = claims.text(claim);
  if (text && !text->empty() && text->size() <= kNameSizeMax) return *text;
  return refused(std::string(claim) + " is no name");
}

}  // namespace

JwtRules logout_rules(const std::string& issuer, const std::string& audience) {
  JwtRules rules;
  rules.issuer = issuer;
  rules.audience = audience;
  rules.types = {"logout+jwt", "jwt", ""};
  rules.age_ms_max = kAgeMs;
  rules.issued_at_required = true;
  return rules;
}

Result<LogoutNotice> check_logout(const JwtClaims& claims) {
  const nlohmann::json& all = claims.all();
  // What an ID token has to have, and a logout token must not.
  if (all.contains("nonce")) return refused("it has a nonce");
  const auto events = all.find("events");
  if (events == all.end() || !events->is_object()) return refused("it tells of no event");
  const auto event = events->find(kEvent);
  if (event == events->end() || !event->is_object()) return refused("it tells of another event");
  LogoutNotice notice;
  WY_TRY(notice.id, name_in(claims, "jti"));
  WY_TRY(notice.subject, name_in(claims, "sub"));
  WY_TRY(notice.session, name_in(claims, "sid"));
  if (notice.id.empty()) return refused("it has no jti");
  if (notice.subject.empty() && notice.session.empty()) return refused("it names nobody");
  notice.expires_at = claims.expires_at();
  return notice;
}

}  // namespace wenyuan::auth
