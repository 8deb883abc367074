#include "auth/identity/claim_mapping.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace wenyuan::auth {
namespace {

using Json = nlohmann::json;

std::optional<AttributeValue> attribute_of(const Json& claim) {
  if (claim.is_boolean()) return claim.get<bool>();
  if (claim.is_number_unsigned() &&
      claim.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  if (claim.is_number_integer()) return claim.get<std::int64_t>();
  if (claim.is_string()) return claim.get<std::string>();
  if (!claim.is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const Json& one : claim) {
    if (!one.is_string()) return std::nullopt;
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

void map_attributes(const Json& claims, const ClaimMapping& mapping, Attributes& attributes) {
  for (const ClaimMapping::Attribute& wanted : mapping.attributes) {
    const auto found = claims.find(wanted.claim);
    if (found == claims.end()) continue;
    auto value = attribute_of(*found);
    if (!value) continue;
    Attributes with = attributes;
    with[wanted.attribute] = *std::move(value);
    if (check_attributes(with)) attributes = std::move(with);
  }
}

// "amr", RFC 8176: how the provider was convinced.
bool shows_second_factor(const JwtClaims& claims) {
  const std::vector<std::string> methods = claims.texts("amr");
  return std::ranges::any_of(methods, [](const std::string& method) {
    return method == "mfa" || method == "otp" || method == "hwk";
  });
}

}  // namespace

ExternalIdentity mapped_identity(const JwtClaims& claims, const ClaimMapping& mapping) {
  ExternalIdentity identity;
  identity.username = claims.text(mapping.username).value_or("");
  identity.display_name = claims.text(mapping.display_name).value_or("");
  identity.email = claims.text(mapping.email).value_or("");
  const auto verified = claims.all().find("email_verified");
  identity.email_verified = verified != claims.all().end() && *verified == true;
  map_attributes(claims.all(), mapping, identity.attributes);
  const std::vector<std::string> values = claims.texts(mapping.groups);
  for (const ClaimMapping::Group& one : mapping.group_names) {
    identity.mapped_groups.push_back(one.group);
    if (std::ranges::find(values, one.value) != values.end()) identity.groups.push_back(one.group);
  }
  identity.second_factor = shows_second_factor(claims);
  return identity;
}

bool is_of_domains(const ExternalIdentity& identity, const std::vector<std::string>& domains) {
  if (domains.empty()) return true;
  const std::size_t at = identity.email.rfind('@');
  if (!identity.email_verified || at == std::string::npos || at == 0) return false;
  const std::string domain = to_lower_ascii(identity.email.substr(at + 1));
  return std::ranges::any_of(domains,
                             [&](const std::string& one) { return to_lower_ascii(one) == domain; });
}

}  // namespace wenyuan::auth
